import { withValueAt } from '../../api/custom/scale-fields.ts';
import { badRequest } from '../../api/errors.ts';
import { apiVersionOf, kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { scaleColumns } from '../../api/printing/autoscaling.ts';
import type { Scale } from '../../api/types/autoscaling.v1.ts';
import { mutateScale, scaleOf, scaleView, type Scalable } from '../registry/scale.ts';
import { readConfig } from './apply.ts';
import { decodeBody, placeObject } from './decode-body.ts';
import { readCached } from './get.ts';
import { isApply, readPatch } from './patch.ts';
import type { HandlerOptions, ResourceExchange, ServedResource } from './port.ts';
import { sendObject } from './represent.ts';
import { parseApplyOptions, parseWriteOptions, type WriteParameters } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.autoscaling.v1.Scale', apiVersion: 'autoscaling/v1', kind: 'Scale' };

const SCALES = kind<Scale>({
  group: 'autoscaling',
  kind: EXPECTED.kind,
  plural: 'scales',
  schema: EXPECTED.typeName,
  columns: scaleColumns,
});

/** GET of the replicas of a workload. */
export async function getScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { resource } = exchange;
  const { object } = await readCached(exchange);
  await sendObject(exchange, options, 200, scaleOf(object as Scalable, resource.kind), SCALES);
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
  if (isApply(exchange)) return applyScale(exchange, options);
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'PatchOptions');
  const patch = await readPatch(exchange, fieldValidation, options);
  await store(exchange, options, write, (current) => {
    const { type, body } = patch;
    const { object } = options.patcher.apply<Scale>(EXPECTED.typeName, type, current, body, fieldValidation);
    placeObject(exchange, object);
    return object;
  });
}

/** Who applies a scale owns the workload's replicas, through the subresource. */
async function applyScale(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseApplyOptions(exchange);
  const { resource } = exchange;
  const config = await readConfig(exchange, options, fieldValidation);
  checkScale(config, options);
  placeObject(exchange, config);
  const { object } = await resource.apply(workloadOf(config as Scale, resource), {
    ...write,
    view: scaleView(resource.kind),
  });
  await sendObject(exchange, options, 200, scaleOf(object as Scalable, resource.kind), SCALES);
}

/** Throws BadRequest. */
function checkScale(config: KubeObject, { codec }: HandlerOptions): void {
  const { typeName, apiVersion, kind } = EXPECTED;
  if (config.apiVersion !== apiVersion || config.kind !== kind) {
    throw badRequest(`invalid object type: ${config.apiVersion ?? ''}, Kind=${config.kind ?? ''}`);
  }
  if (config.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  codec.decode(typeName, config, 'Strict');
}

/** The part of the workload that a scale is about, as a configuration of it. */
function workloadOf({ metadata, spec }: Scale, { kind }: ServedResource): KubeObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  const kept = Object.entries({ name, namespace, uid, resourceVersion }).filter(([, value]) => value !== undefined);
  const workload = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: Object.fromEntries(kept) };
  if (spec?.replicas === undefined) return workload;
  return withValueAt(
    workload,
    kind.scalePaths?.specReplicas ?? ['spec', 'replicas'],
    spec.replicas,
  ) as unknown as KubeObject;
}

async function store(
  exchange: ResourceExchange,
  options: HandlerOptions,
  write: Omit<WriteParameters, 'fieldValidation'>,
  change: (current: Scale) => Scale,
): Promise<void> {
  const { resource, target } = exchange;
  // Only kinds with replicas have a scale, as their row in the table says.
  const scalable = resource as unknown as ServedResource<Scalable>;
  const scale = await mutateScale(scalable, target.namespace, target.name, change, write);
  await sendObject(exchange, options, 200, scale, SCALES);
}
