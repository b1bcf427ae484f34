import type { Scale } from '../../api/schema/types/autoscaling.v1.ts';
import { mutateScale, scaleOf, type Scalable } from '../registry/scale.ts';
import { writeValue } from '../server/respond.ts';
import { decodeBody, placeObject } from './decode-body.ts';
import { readCached } from './get.ts';
import { readPatch } from './patch.ts';
import type { HandlerOptions, ResourceExchange, ServedResource } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.autoscaling.v1.Scale', apiVersion: 'autoscaling/v1', kind: 'Scale' };

/** GET of the replicas of a workload. */
export async function getScale(exchange: ResourceExchange, { protobuf }: HandlerOptions): Promise<void> {
  const { object } = await readCached(exchange);
  await writeValue(exchange, protobuf, 200, EXPECTED.typeName, scaleOf(object as Scalable));
}

/** PUT of the replicas of a workload. */
export async function updateScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'UpdateOptions');
  const scale = await decodeBody<Scale>(exchange, options, EXPECTED, fieldValidation);
  placeObject(exchange, scale);
  await store(exchange, options, write, () => scale);
}

/** PATCH of the replicas of a workload. */
export async function patchScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'PatchOptions');
  const patch = await readPatch(exchange, fieldValidation, options);
  await store(exchange, options, write, (current) => {
    const { type, body } = patch;
    const { object } = options.patcher.apply<Scale>(EXPECTED.typeName, type, current, body, fieldValidation);
    placeObject(exchange, object);
    return object;
  });
}

async function store(
  exchange: ResourceExchange,
  { protobuf }: HandlerOptions,
  write: { dryRun: boolean },
  change: (current: Scale) => Scale,
): Promise<void> {
  const { resource, target } = exchange;
  // Only kinds with replicas have a scale, as their row in the table says.
  const scalable = resource as unknown as ServedResource<Scalable>;
  const scale = await mutateScale(scalable, target.namespace, target.name, change, write);
  await writeValue(exchange, protobuf, 200, EXPECTED.typeName, scale);
}
