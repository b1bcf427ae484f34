import { badRequest } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import type { Eviction } from '../../api/types/policy.v1.ts';
import { evictPod } from '../registry/eviction.ts';
import { STATUS_TYPE } from '../http/answer-encoder.ts';
import { writeValue } from '../http/respond.ts';
import { admitCreation } from './admit-creation.ts';
import { decodeBody, placeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.policy.v1.Eviction', apiVersion: 'policy/v1', kind: 'Eviction' };

/** POST of a pod's eviction: a deletion that may be refused for the sake of those that depend on the pod. */
export async function evict(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'CreateOptions');
  const eviction = await decodeBody<Eviction>(exchange, options, EXPECTED, fieldValidation);
  const { name } = exchange.target;
  if (eviction.metadata.name && eviction.metadata.name !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  placeObject(exchange, eviction);
  await admitCreation(exchange, options, eviction, { ...EXPECTED, dryRun });
  const request = dryRun ? { dryRun } : {};
  const { resources } = options;
  const involved = { pods: resources.of(kinds.pods), budgets: resources.of(kinds.poddisruptionbudgets) };
  const status = await evictPod(involved, eviction, options.clock.date(), request);
  await writeValue(exchange, options.protobuf, 201, STATUS_TYPE, status);
}
