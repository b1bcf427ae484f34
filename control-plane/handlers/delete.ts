import type { Status } from '../../api/types/meta.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { STATUS_TYPE } from '../http/answer-encoder.ts';
import { writeValue } from '../http/respond.ts';
import { readDeleteOptions } from './delete-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { representationOf, sendObject } from './represent.ts';

/** Kinds whose deletion is answered with the object even when it is gone. */
const RETURNS_OBJECT = new Set(['pods', 'services', 'serviceaccounts']);

/** DELETE of one object: answers with the object while it lives on, otherwise with a Status that says it is gone. */
export async function remove(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  representationOf(exchange, options);
  const { resource, target } = exchange;
  const request = await readDeleteOptions(exchange, options);
  const { object, removed } = await resource.remove(target.namespace, target.name, request);
  const isCore = resource.kind.group === '' && RETURNS_OBJECT.has(resource.kind.plural);
  if (!removed || isCore) await sendObject(exchange, options, 200, object);
  else await writeValue(exchange, options.protobuf, 200, STATUS_TYPE, deleted(exchange, object));
}

function deleted({ resource, target }: ResourceExchange, { metadata }: KubeObject): Status {
  const { group, plural } = resource.kind;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: target.name,
      ...(group ? { group } : {}),
      kind: plural,
      ...(metadata.uid ? { uid: metadata.uid } : {}),
    },
  };
}
