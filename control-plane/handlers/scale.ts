import { invalid } from '../../api/errors.ts';
import { selectorText } from './selector-text.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Scale } from '../../api/schema/types/autoscaling.v1.ts';
import type { LabelSelector } from '../../api/schema/types/meta.v1.ts';
import { writeJson } from '../server/respond.ts';
import { checkPreconditions, decodeBody, placeObject } from './decode-body.ts';
import { readCached } from './get.ts';
import { patchValue, readPatch } from './patch.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.autoscaling.v1.Scale', apiVersion: 'autoscaling/v1', kind: 'Scale' };
const SUBJECT = { group: 'autoscaling', plural: 'scales', kind: 'Scale' };

/** What every kind with a scale has of it. */
interface Scalable extends KubeObject {
  spec: { replicas?: number; selector?: LabelSelector };
  status?: { replicas?: number };
}

export async function getScale(exchange: ResourceExchange): Promise<void> {
  const { object } = await readCached(exchange);
  await writeJson(exchange, 200, scaleOf(object as Scalable));
}

export async function updateScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'UpdateOptions');
  const scale = await decodeBody<Scale>(exchange, options, EXPECTED, fieldValidation);
  placeObject(exchange, scale);
  await store(exchange, write, () => scale);
}

export async function patchScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'PatchOptions');
  const patch = await readPatch(exchange, fieldValidation, options);
  await store(exchange, write, (current) => {
    const value = patchValue(options, patch, EXPECTED.typeName, scaleOf(current));
    const { object } = options.codec.decode<Scale>(EXPECTED.typeName, value, fieldValidation);
    placeObject(exchange, object);
    return object;
  });
}

async function store(
  exchange: ResourceExchange,
  write: { dryRun: boolean },
  wantedOf: (current: Scalable) => Scale,
): Promise<void> {
  const { resource, target } = exchange;
  const change = (current: KubeObject): KubeObject | undefined => {
    const scalable = current as Scalable;
    const wanted = wantedOf(scalable);
    checkPreconditions(exchange, current, wanted.metadata);
    const replicas = checkedReplicas(target.name, wanted);
    if (replicas === scalable.spec.replicas) return undefined;
    const next: Scalable = { ...scalable, spec: { ...scalable.spec, replicas } };
    return next;
  };
  const result = await resource.mutate(target.namespace, target.name, change, write);
  await writeJson(exchange, 200, scaleOf(result as Scalable));
}

function checkedReplicas(name: string, { spec }: Scale): number {
  const replicas = spec?.replicas ?? 0;
  if (replicas >= 0) return replicas;
  const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
  throw invalid(SUBJECT, name, [{ type: 'FieldValueInvalid', field: 'spec.replicas', message }]);
}

function scaleOf({ metadata, spec, status }: Scalable): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: EXPECTED.kind,
    apiVersion: EXPECTED.apiVersion,
    metadata: Object.fromEntries(
      Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(([, value]) => value),
    ),
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, selector: selectorText(spec.selector) },
  };
}
