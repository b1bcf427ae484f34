/** A stateful set with its pods, sorted out by ordinal: what every step of it is decided from. */
import { scaledValue } from '../../../api/machinery/intstr.ts';
import type { ControllerRevision, StatefulSet } from '../../../api/types/apps.v1.ts';
import type { Pod, PodTemplateSpec } from '../../../api/types/core.v1.ts';
import { templateOf } from '../history/revision.ts';
import type { ClaimLookup } from './claims.ts';
import { isHealthy, isInRange, ordinalOf, ordinalRange, revisionOf } from './pods.ts';

/** The most that one plan does to pods; the views' changes bring on the next. */
export const BURST = 500;

/** A place in the set, and who has it. */
export interface Slot {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

export interface Crew {
  readonly statefulSet: StatefulSet;
  /** What all pods were made of before the update that goes on; otherwise the same as `update`. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  /** Those that have a pod and the first of those that have none, lowest ordinal first. */
  readonly slots: readonly Slot[];
  /** Pods with an ordinal that is not wanted, highest first. */
  readonly condemned: readonly Pod[];
  readonly lookUp: ClaimLookup;
  readonly date: Date;
}

export function crewOf(
  statefulSet: StatefulSet,
  members: readonly Pod[],
  rest: Pick<Crew, 'current' | 'update' | 'lookUp' | 'date'>,
): Crew {
  const byOrdinal = new Map(members.map((pod) => [ordinalOf(statefulSet, pod) ?? -1, pod]));
  const surplus = [...byOrdinal].filter(([ordinal]) => !isInRange(statefulSet, ordinal));
  return {
    ...rest,
    statefulSet,
    slots: slotsOf(statefulSet, byOrdinal),
    condemned: surplus.toSorted(([a], [b]) => b - a).map(([, pod]) => pod),
  };
}

/** Replicas can be asked for by the billion: vacancies beyond what one plan fills are not looked at. */
function slotsOf(statefulSet: StatefulSet, byOrdinal: ReadonlyMap<number, Pod>): readonly Slot[] {
  const { start, end } = ordinalRange(statefulSet);
  const vacant: number[] = [];
  for (let ordinal = start; ordinal < end && vacant.length < BURST; ordinal += 1) {
    if (!byOrdinal.has(ordinal)) vacant.push(ordinal);
  }
  const taken = [...byOrdinal.keys()].filter((ordinal) => isInRange(statefulSet, ordinal));
  const ordinals = [...taken, ...vacant].toSorted((a, b) => a - b);
  return ordinals.map((ordinal) => ({ ordinal, pod: byOrdinal.get(ordinal) }));
}

export function isParallel({ spec }: StatefulSet): boolean {
  return spec.podManagementPolicy === 'Parallel';
}

/** The first ordinal that an update reaches. Those below it stay at the current revision. */
export function firstUpdated({ statefulSet }: Crew): number {
  return ordinalRange(statefulSet).start + (statefulSet.spec.updateStrategy.rollingUpdate?.partition ?? 0);
}

/** Of which revision the pod of an ordinal is made, when it is made now. */
export function revisionFor(crew: Crew, ordinal: number): { revision: ControllerRevision; template: PodTemplateSpec } {
  const { statefulSet, current, update } = crew;
  const { template } = statefulSet.spec;
  const { type, rollingUpdate } = statefulSet.spec.updateStrategy;
  if (type !== 'RollingUpdate') return { revision: update, template };
  const counted = ordinalRange(statefulSet).start + (statefulSet.status?.currentReplicas ?? 0);
  if (ordinal >= (rollingUpdate ? firstUpdated(crew) : counted)) return { revision: update, template };
  return { revision: current, template: templateOf(current) ?? template };
}

export function isUpdated({ update }: Crew, pod: Pod): boolean {
  return revisionOf(pod) === update.metadata.name;
}

/** Whether a pod is there, stays, and has been ready for long enough. */
export function isUp({ statefulSet, date }: Crew, pod: Pod | undefined): boolean {
  return isHealthy(statefulSet, pod, date);
}

/** How many pods may be missing or not available because of an update: at least one. */
export function maxUnavailable({ spec }: StatefulSet): number {
  const limit = spec.updateStrategy.rollingUpdate?.maxUnavailable ?? 1;
  return Math.max(1, scaledValue(limit, spec.replicas ?? 1, 'down'));
}
