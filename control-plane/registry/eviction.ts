/** pods/eviction: a delete that asks first whether it may be, and that lets a replacement come first. */
import { badRequest } from '../../api/errors.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { Pod, PodCondition } from '../../api/types/core.v1.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import type { Eviction } from '../../api/types/policy.v1.ts';
import { type Budgets, chargeBudget } from './disruption.ts';
import type { DeleteOptions } from './port.ts';
import type { DeleteRequest, GenericResource } from './resource.ts';

const DISRUPTION = 'DisruptionTarget';
/** Kinds whose controllers end an evicted pod once its replacement serves. */
const REPLACING = new Set(['ReplicaSet', 'ReplicationController']);
const SUCCESS: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

export interface EvictionResources {
  readonly pods: Pick<GenericResource<Pod>, 'get' | 'mutate' | 'remove'>;
  readonly budgets: Budgets;
}

/**
 * Deletes the pod with the options the eviction carries. A pod that serves, and that a replica set or replication controller replaces,
 * is only marked: its controller deletes it once the replacement serves. Rejects with NotFound and Conflict as a delete does, and with
 * TooManyRequests when a disruption budget forbids it. It is the eviction that is admitted, by whoever calls, not what comes of it.
 */
export async function evictPod(
  { pods, budgets }: EvictionResources,
  eviction: Eviction,
  now: Date,
  request: DeleteRequest = {},
): Promise<Status> {
  const { namespace = '', name = '' } = eviction.metadata;
  const options = { ...optionsOf(eviction), ...request, isAdmitted: true };
  const evicted = await pods.get(namespace, name);
  if (!endsAnyway(evicted) && isMet(evicted, options.preconditions ?? {})) {
    await chargeBudget(budgets, evicted, now, options.dryRun === true);
  }
  const marked = options.dryRun ? undefined : await markEvicted(pods, eviction, now, options);
  const { preconditions } = options;
  // Whoever asked for a version did not mean the one that the mark has made.
  const resourceVersion = preconditions?.resourceVersion && marked?.metadata.resourceVersion;
  if (marked && serves(marked) && isReplaced(marked) && isPlain(options)) return SUCCESS;
  const guarded = resourceVersion ? { preconditions: { ...preconditions, resourceVersion } } : {};
  await pods.remove(namespace, name, { ...options, ...guarded });
  return SUCCESS;
}

/** Tells whoever replaces the pod that it did not fail by itself. Returns the pod if it is marked. */
async function markEvicted(
  pods: Pick<GenericResource<Pod>, 'mutate'>,
  { metadata: { namespace = '', name = '' } }: Eviction,
  now: Date,
  { preconditions = {} }: DeleteRequest,
): Promise<Pod | undefined> {
  let isMarked = false;
  const mark = (pod: Pod): Pod | undefined => {
    isMarked = isMet(pod, preconditions) && !endsAnyway(pod);
    return isMarked ? { ...pod, status: { ...pod.status, conditions: withDisruption(pod, now) } } : undefined;
  };
  const pod = await pods.mutate(namespace, name, mark, { subresource: 'status', isAdmitted: true });
  return isMarked ? pod : undefined;
}

function serves({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}

function isReplaced({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.some(({ controller, kind }) => controller && REPLACING.has(kind)) ?? false;
}

/** Whoever says how long the pod has, or which state of it is meant, wants it deleted now. */
function isPlain({ gracePeriodSeconds, preconditions }: DeleteOptions): boolean {
  return gracePeriodSeconds === undefined && preconditions?.resourceVersion === undefined;
}

/** Where not, the delete that follows says so. */
function isMet({ metadata }: Pod, { uid, resourceVersion }: NonNullable<DeleteOptions['preconditions']>): boolean {
  return (
    (uid === undefined || uid === metadata.uid) &&
    (resourceVersion === undefined || resourceVersion === metadata.resourceVersion)
  );
}

/** Nothing of it is disrupted: it does not run yet, has ended, or is on its way out. */
function endsAnyway({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined || ['Pending', 'Succeeded', 'Failed'].includes(status.phase ?? '');
}

function withDisruption({ status }: Pod, now: Date): PodCondition[] {
  const known = status.conditions ?? [];
  if (known.some(({ type, status: value }) => type === DISRUPTION && value === 'True')) return known;
  const reason = 'EvictionByEvictionAPI';
  const message = 'Eviction API: evicting';
  const lastTransitionTime = formatTime(now.getTime());
  const condition = { type: DISRUPTION, status: 'True', reason, message, lastTransitionTime };
  return [...known.filter(({ type }) => type !== DISRUPTION), condition];
}

function optionsOf({ deleteOptions = {} }: Eviction): DeleteOptions {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = deleteOptions;
  const policy = propagationPolicy ?? '';
  if (policy !== '' && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    throw badRequest(`invalid propagationPolicy: ${policy}`);
  }
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(policy === '' ? {} : { propagationPolicy: policy }),
    ...(preconditions === undefined ? {} : { preconditions }),
    ...(dryRun?.includes('All') ? { dryRun: true } : {}),
  };
}
