/**
 * What a stateful set does next: keep its replicas, then give up those that are too many, then update those that are of an
 * old revision. With OrderedReady it does one thing at a time, and nothing while a pod before it is not available; with
 * Parallel all that there is to do.
 */
import { kinds } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action } from '../actions.ts';
import { targetOf } from '../actions.ts';
import { isTerminal } from '../conditions.ts';
import { eventAbout, missingClaims, ownClaims } from './claims.ts';
import {
  BURST,
  type Crew,
  firstUpdated,
  isParallel,
  isUp,
  isUpdated,
  maxUnavailable,
  revisionFor,
  type Slot,
} from './crew.ts';
import { isRunningAndReady, isTerminating, makePod, missingMarks, ordinalOf, podName, replicasOf } from './pods.ts';
import { isStuck } from './stuck.ts';

const SHORTEST_LIFE_MILLISECONDS = 2000;

export interface Step {
  readonly actions: readonly Action[];
  readonly reasons: readonly string[];
}

/** What is done about one pod, and why none after it may be touched before that has come about. */
interface Move {
  readonly actions: readonly Action[];
  readonly wait?: string;
}

export function stepOf(crew: Crew): Step {
  if (crew.statefulSet.metadata.deletionTimestamp !== undefined) {
    return { actions: [], reasons: ['the stateful set is being deleted'] };
  }
  const kept = inTurn(crew, crew.slots, (slot) => keep(crew, slot));
  if (kept.isBlocked) return kept;
  const shrunk = inTurn(crew, crew.condemned, (pod) => giveUp(crew, pod));
  const done = { actions: [...kept.actions, ...shrunk.actions], reasons: [...kept.reasons, ...shrunk.reasons] };
  if (shrunk.isBlocked) return done;
  const actions = update(crew);
  return { ...done, actions: [...done.actions, ...actions] };
}

/** One after the other until one has to be waited for, or all together. */
function inTurn<T>(
  { statefulSet }: Crew,
  all: readonly T[],
  moveOf: (one: T) => Move,
): Step & { readonly isBlocked: boolean } {
  const actions: Action[] = [];
  const reasons: string[] = [];
  const ordered = !isParallel(statefulSet);
  for (const one of all) {
    if (actions.length >= BURST) return { actions: claimsFirst(actions), reasons, isBlocked: true };
    const { actions: next, wait } = moveOf(one);
    actions.push(...next);
    if (wait === undefined) continue;
    reasons.push(wait);
    if (ordered) return { actions, reasons, isBlocked: true };
  }
  return { actions: claimsFirst(actions), reasons, isBlocked: false };
}

/** So that all that are alike can be made together. */
function claimsFirst(actions: readonly Action[]): readonly Action[] {
  const isPod = (action: Action): boolean => action.do === 'create' && action.kind === kinds.pods;
  return [...actions.filter((action) => !isPod(action)), ...actions.filter(isPod)];
}

function keep(crew: Crew, slot: Slot): Move {
  const { statefulSet, lookUp } = crew;
  const { ordinal, pod } = slot;
  const name = podName(statefulSet, ordinal);
  const claims = missingClaims(statefulSet, ordinal, name, lookUp);
  if (!pod) {
    if (claims.blocked) return { actions: [], wait: `${name} can't be made: ${claims.blocked}` };
    return { actions: [...claims.actions, create(crew, ordinal)], wait: `${name} is being made` };
  }
  if (isTerminating(pod)) return { actions: [], wait: `${name} has not ended yet` };
  if (isTerminal(pod)) {
    if (untilReplaced(pod, crew.date) > 0) return { actions: [], wait: `${name} has ended as soon as it was made` };
    return { actions: [remove(crew, pod, 'it has ended')], wait: `${name} has ended and makes room for another` };
  }
  if (isStuck(crew, slot)) {
    return { actions: [remove(crew, pod, 'it can not start, and is to be updated')], wait: `${name} could not start` };
  }
  const needed = pod.status?.phase === 'Pending' ? claims.actions : [];
  const actions = [...needed, ...ownClaims(statefulSet, pod, { ordinal, surplus: false }, lookUp)];
  return isUp(crew, pod) ? { actions } : { actions, wait: `${name} is not available` };
}

/** Milliseconds until a pod that has ended makes room for another. One that no node takes would be made again and again. */
export function untilReplaced({ metadata }: Pod, date: Date): number {
  const madeAt = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(madeAt) ? 0 : Math.max(0, madeAt + SHORTEST_LIFE_MILLISECONDS - date.getTime());
}

function create(crew: Crew, ordinal: number): Action {
  const object = makePod(crew.statefulSet, ordinal, revisionFor(crew, ordinal));
  const event = podEvent(crew, 'create', object.metadata.name ?? '');
  return { do: 'create', kind: kinds.pods, object, event, why: `ordinal ${ordinal} has no pod` };
}

function remove(crew: Crew, pod: Pod, why: string): Action {
  const event = podEvent(crew, 'delete', pod.metadata.name ?? '');
  return { do: 'delete', target: targetOf(kinds.pods, pod), event, why };
}

function podEvent({ statefulSet }: Crew, verb: 'create' | 'delete', name: string): ReturnType<typeof eventAbout> {
  const reason = verb === 'create' ? 'SuccessfulCreate' : 'SuccessfulDelete';
  const message = `${verb} Pod ${name} in StatefulSet ${statefulSet.metadata.name} successful`;
  return eventAbout(statefulSet, 'Normal', reason, message);
}

/**
 * Tells pods which one of the set they are. Not in turn: until it is marked, nothing but its owner keeps a pod from being
 * taken for one that may run twice.
 */
export function markPods({ statefulSet, slots, condemned }: Crew): readonly Action[] {
  if (statefulSet.metadata.deletionTimestamp !== undefined) return [];
  const pods = [...slots.flatMap(({ pod }) => pod ?? []), ...condemned];
  return pods
    .filter((pod) => !isTerminating(pod) && !isTerminal(pod))
    .flatMap((pod) => mark(pod, ordinalOf(statefulSet, pod) ?? 0))
    .slice(0, BURST);
}

function mark(pod: Pod, ordinal: number): readonly Action[] {
  const metadata = missingMarks(pod, ordinal);
  if (Object.keys(metadata).length === 0) return [];
  const target = targetOf(kinds.pods, pod);
  return [{ do: 'patch', target, patch: { metadata }, why: 'it is one of a stateful set now' }];
}

/** With OrderedReady only when all others are available, or when it is the first that is not or has ended anyway. */
function giveUp(crew: Crew, pod: Pod): Move {
  const { statefulSet, lookUp } = crew;
  const name = pod.metadata.name ?? '';
  const ordinal = ordinalOf(statefulSet, pod) ?? 0;
  const owned = ownClaims(statefulSet, pod, { ordinal, surplus: true }, lookUp);
  if (isTerminating(pod)) return { actions: owned, wait: `${name} has not ended yet` };
  const mayGo = isParallel(statefulSet) || isUp(crew, pod) || isTerminal(pod) || pod === firstDown(crew);
  if (!mayGo) {
    return { actions: owned, wait: `${name} is given up once ${firstDown(crew)?.metadata.name} is available` };
  }
  return { actions: [...owned, remove(crew, pod, 'there are fewer replicas')], wait: `${name} is being given up` };
}

/** The pod with the lowest ordinal that is not available; every replica comes before those that are too many. */
function firstDown(crew: Crew): Pod | undefined {
  const all = [...crew.slots.map(({ pod }) => pod), ...crew.condemned.toReversed()];
  return all.find((pod) => !isUp(crew, pod));
}

/** Pods to be made anew of the new revision: highest ordinal first, and no more than may be unavailable. */
function update(crew: Crew): readonly Action[] {
  const { statefulSet, slots } = crew;
  if (statefulSet.spec.updateStrategy.type !== 'RollingUpdate') return [];
  const from = firstUpdated(crew);
  const outdated = slots
    .toReversed()
    .flatMap(({ ordinal, pod }) =>
      pod && ordinal >= from && !isUpdated(crew, pod) && !isTerminating(pod) ? [pod] : [],
    )
    .filter((pod) => !isTerminal(pod));
  // What is down already costs nothing, and may never get up as it is. One that is only young serves.
  const isFree = (pod: Pod): boolean => isParallel(statefulSet) && !isRunningAndReady(pod);
  const unavailable = replicasOf(statefulSet) - slots.filter(({ pod }) => isUp(crew, pod)).length;
  const room = Math.max(0, maxUnavailable(statefulSet) - unavailable);
  const chosen = [...outdated.filter(isFree), ...outdated.filter((pod) => !isFree(pod)).slice(0, room)];
  return chosen.slice(0, BURST).map((pod) => remove(crew, pod, 'it is of an old revision'));
}
