import type { Scale } from '../../api/schema/types/autoscaling.v1.ts';
import { mutateScale, scaleOf, type Scalable } from '../registry/scale.ts';
import { writeJson } from '../server/respond.ts';
import { decodeBody, placeObject } from './decode-body.ts';
import { readCached } from './get.ts';
import { readPatch } from './patch.ts';
import type { HandlerOptions, ResourceExchange, ServedResource } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.autoscaling.v1.Scale', apiVersion: 'autoscaling/v1', kind: 'Scale' };

/** GET of the replicas of a workload. */
export async function getScale(exchange: ResourceExchange): Promise<void> {
  const { object } = await readCached(exchange);
  await writeJson(exchange, 200, scaleOf(object as Scalable));
}

/** PUT of the replicas of a workload. */
export async function updateScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'UpdateOptions');
  const scale = await decodeBody<Scale>(exchange, options, EXPECTED, fieldValidation);
  placeObject(exchange, scale);
  await store(exchange, write, () => scale);
}

/** PATCH of the replicas of a workload. */
export async function patchScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'PatchOptions');
  const patch = await readPatch(exchange, fieldValidation, options);
  await store(exchange, write, (current) => {
    const { type, body } = patch;
    const { object } = options.patcher.apply<Scale>(EXPECTED.typeName, type, current, body, fieldValidation);
    placeObject(exchange, object);
    return object;
  });
}

async function store(
  exchange: ResourceExchange,
  write: { dryRun: boolean },
  change: (current: Scale) => Scale,
): Promise<void> {
  const { resource, target } = exchange;
  // Only kinds with replicas have a scale, as their row in the table says.
  const scalable = resource as unknown as ServedResource<Scalable>;
  await writeJson(exchange, 200, await mutateScale(scalable, target.namespace, target.name, change, write));
}
