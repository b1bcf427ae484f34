/** pods/ephemeralcontainers and pods/resize. */
import { kinds } from '../../api/kinds.ts';
import type { Pod } from '../../api/schema/types/core.v1.ts';
import { changePodPart, type PodPart } from '../registry/pod-parts.ts';
import { checkPreconditions, decodeObject, placeObject } from './decode-body.ts';
import { readPatch } from './patch.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { sendObject } from './represent.ts';
import { parseWriteOptions } from './write-options.ts';

/** PUT of the part; all else in the body is left as it is stored. */
export async function updatePodPart(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'UpdateOptions');
  const wanted = (await decodeObject(exchange, options, fieldValidation)) as Pod;
  await store(exchange, options, dryRun, (current) => {
    checkPreconditions(exchange, current, wanted.metadata);
    return wanted;
  });
}

/** PATCH of the part. */
export async function patchPodPart(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'PatchOptions');
  const { type, body } = await readPatch(exchange, fieldValidation, options);
  await store(exchange, options, dryRun, (current) => {
    const { object } = options.patcher.apply<Pod>(kinds.pods.schema, type, current, body, fieldValidation);
    placeObject(exchange, object);
    return object;
  });
}

async function store(
  exchange: ResourceExchange,
  options: HandlerOptions,
  dryRun: boolean,
  decide: (current: Pod) => Pod,
): Promise<void> {
  const { target } = exchange;
  // The routes send nothing else here.
  const part = target.subresource as PodPart;
  const pod = await changePodPart(options.resources.of(kinds.pods), part, target, decide, { dryRun });
  await sendObject(exchange, options, 200, pod);
}
