/**
 * Pods of an old revision that can not start: a wrong image, a missing secret, a command that fails. With OrderedReady an
 * update would wait for them for ever, also the one that mends what is wrong. They serve nobody, so they are replaced first.
 */
import type { ContainerStatus, Pod } from '../../../api/types/core.v1.ts';
import { isReady, isUnschedulable } from '../conditions.ts';
import { type Crew, firstUpdated, isParallel, isUpdated, type Slot } from './crew.ts';

/** Why a container waits when trying again will not help by itself. */
const FAILURES = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** Parallel sets need no help: their updates wait for nobody. */
export function isStuck(crew: Crew, { ordinal, pod }: Slot): boolean {
  const { statefulSet } = crew;
  if (!pod || isParallel(statefulSet) || statefulSet.spec.updateStrategy.type !== 'RollingUpdate') return false;
  return ordinal >= firstUpdated(crew) && !isUpdated(crew, pod) && !isReady(pod) && canNotStart(pod);
}

function canNotStart(pod: Pod): boolean {
  const { status } = pod;
  const containers: ContainerStatus[] = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ];
  return containers.some(({ state }) => FAILURES.has(state?.waiting?.reason ?? '')) || isUnschedulable(pod);
}
