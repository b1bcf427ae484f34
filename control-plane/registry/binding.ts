/** Giving a pod its node: the one change of spec.nodeName there is, for the scheduler and for clients alike. */
import { conflict, invalid } from '../../api/errors.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { Binding, Pod, PodCondition } from '../../api/types/core.v1.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import type { WriteOptions } from './port.ts';
import type { GenericResource } from './resource.ts';

const SUBJECT = { group: '', plural: 'pods/binding', kind: 'Binding' };

/**
 * pods/binding. Labels and annotations of the binding are added to the pod's; a uid or resourceVersion in it must be the
 * pod's. Rejects with Conflict when the pod can't be bound, with Invalid when the binding names no node.
 */
export async function bindPod(
  pods: Pick<GenericResource<Pod>, 'rewrite'>,
  binding: Binding,
  now: Date,
  options: WriteOptions = {},
): Promise<Pod> {
  const { namespace = '', name = '', annotations, labels } = binding.metadata;
  validateBinding(binding);
  const change = (current: Pod): Pod => {
    checkPreconditions(current, binding);
    const pod = boundPod(current, binding.target.name ?? '', now, annotations);
    if (!labels || Object.keys(labels).length === 0) return pod;
    return { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...labels } } };
  };
  return pods.rewrite(namespace, name, change, options);
}

function validateBinding({ metadata, target }: Binding): void {
  const errors = new FieldErrors();
  const kind = target?.kind ?? '';
  if (kind !== '' && kind !== 'Node') errors.notSupported('target.kind', kind, ['Node', '<empty>']);
  if (!target?.name) errors.required('target.name');
  if (errors.list.length > 0) throw invalid(SUBJECT, metadata.name ?? '', errors.list);
}

function checkPreconditions({ metadata }: Pod, binding: Binding): void {
  const { uid, resourceVersion } = binding.metadata;
  const refuse = (field: string, wanted: string, found: string | undefined): Error =>
    conflict(
      SUBJECT,
      metadata.name ?? '',
      `Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${found}`,
    );
  if (uid && uid !== metadata.uid) throw refuse('UID', uid, metadata.uid);
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

/** Throws Conflict when the pod has a node, is being deleted, or is held by a scheduling gate. */
export function boundPod(pod: Pod, nodeName: string, now: Date, annotations: Record<string, string> = {}): Pod {
  const name = pod.metadata.name ?? '';
  const refuse = (why: string): Error => conflict(SUBJECT, name, why);
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const hasAnnotations = Object.keys(annotations).length > 0;
  const metadata = hasAnnotations
    ? { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...annotations } }
    : pod.metadata;
  const condition = { type: 'PodScheduled', status: 'True', lastTransitionTime: formatTime(now.getTime()) };
  const bound = { ...pod, metadata, spec: { ...pod.spec, nodeName }, status: withCondition(pod, condition) };
  return pod.status.nominatedNodeName ? withNomination(bound, undefined) : bound;
}

/** The node that the pod is to come to once there is room; a pod that has its node needs none. */
export function nominatedPod(pod: Pod, node: string | undefined): Pod {
  return pod.spec.nodeName || pod.status.nominatedNodeName === node ? pod : withNomination(pod, node);
}

function withNomination(pod: Pod, node: string | undefined): Pod {
  const { nominatedNodeName: _, ...status } = pod.status;
  return { ...pod, status: node === undefined ? status : { ...status, nominatedNodeName: node } };
}

/** Why it has none: `reason` is Unschedulable or SchedulingGated. undefined when that is what it says already. */
export function unscheduledPod(pod: Pod, reason: string, message: string, now: Date): Pod | undefined {
  if (pod.spec.nodeName) return undefined;
  const before = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (before?.status === 'False' && before.reason === reason && before.message === message) return undefined;
  const lastTransitionTime =
    before?.status === 'False' && before.lastTransitionTime ? before.lastTransitionTime : formatTime(now.getTime());
  const condition = { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime };
  return { ...pod, status: withCondition(pod, condition) };
}

/** The pod's status with the condition in it, in place of the one of its type. */
export function withCondition(pod: Pod, condition: PodCondition): Pod['status'] {
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...pod.status, conditions: [...others, condition] };
}
