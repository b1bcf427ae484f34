/**
 * Decides what to do next for one pod, from what is wanted, what the runtime holds and what is remembered. Sealed: no
 * clock, no IO, no edits to what it is given. Carrying out the actions and planning again leads to the pod that is
 * wanted, from whatever state; the laws that always hold are in test/unit/pods/plan.property.test.ts.
 */
import type { KillCause } from './action.ts';
import { allContainers, sidecarsOf } from './container-kind.ts';
import type { Verdict } from './memory.ts';
import type { ObservedContainer, ObservedSandbox } from './observed.ts';
import { isLive } from './observed.ts';
import { judge } from './outcome.ts';
import type { Plan, PlanInput } from './plan-builder.ts';
import { graceOf, PlanBuilder } from './plan-builder.ts';
import { planContainers } from './plan-containers.ts';

export function plan(input: PlanInput): Plan {
  const { memory } = input;
  const builder = new PlanBuilder(input);
  const judged = memory.verdict ?? rejectionOf(input) ?? judge(input);
  if (judged && 'wakeAt' in judged) builder.wake(judged.wakeAt);
  const verdict = judged && 'phase' in judged ? judged : undefined;
  const isLeaving = isBeingRemoved(input);
  if (memory.stage === 'running') {
    if (isLeaving || verdict) return planStop(builder, verdict);
    planRun(builder);
    return builder.finish('running', undefined);
  }
  if (memory.stage === 'stopping') return planStop(builder, verdict);
  if (memory.stage === 'ended') return planEnd(builder, verdict, isLeaving);
  return builder.finish('gone', verdict);
}

/** What runs already was taken in by an agent that was told otherwise. */
function rejectionOf({ rejection, observed }: PlanInput): Verdict | undefined {
  return observed.containers.length === 0 ? rejection : undefined;
}

function isBeingRemoved({ pod, wanted }: PlanInput): boolean {
  return !wanted || pod.metadata.deletionTimestamp !== undefined;
}

// --- running ---------------------------------------------------------------------------------------------------------

function planRun(builder: PlanBuilder): void {
  const { input } = builder;
  if (input.problems.length > 0) {
    for (const container of allContainers(input.pod)) {
      builder.wait(container.name, 'CreateContainerConfigError', input.problems.join('; '));
    }
    return;
  }
  if (input.memory.volumes !== 'mounted') {
    builder.do({ type: 'mountVolumes', reason: 'volumes have to be there before containers are' });
    if (!input.observed.containers.some(isLive)) return;
  }
  if (input.memory.volumes === 'mounted') planRefresh(builder);
  const sandbox = planSandbox(builder);
  tidy(builder);
  if (sandbox && input.memory.volumes === 'mounted') planContainers(builder, sandbox);
}

function planRefresh(builder: PlanBuilder): void {
  const { memory, now } = builder.input;
  const { areVolumesStale, volumesDueAt = Infinity } = memory;
  if (areVolumesStale) builder.do({ type: 'refreshVolumes', reason: 'what is written in them has changed' });
  else if (volumesDueAt <= now) builder.do({ type: 'refreshVolumes', reason: 'a token is to be renewed' });
  else if (volumesDueAt !== Infinity) builder.wake(volumesDueAt);
}

/** Returns the sandbox to run containers in, once there is exactly that one. */
function planSandbox(builder: PlanBuilder): ObservedSandbox | undefined {
  const { sandboxes, containers } = builder.input.observed;
  const newest = sandboxes[0];
  const current = newest?.ready && !builder.input.memory.stoppedSandboxes.has(newest.id) ? newest : undefined;
  for (const sandbox of sandboxes) if (sandbox !== current) planSandboxEnd(builder, sandbox);
  const isClear = sandboxes.every((sandbox) => sandbox === current || isStopped(builder, sandbox));
  const strays = containers.filter((container) => isLive(container) && container.sandboxId !== current?.id);
  for (const stray of strays) {
    builder.kill(stray, 'sandboxChanged', graceOf(builder.input), 'its sandbox is gone');
  }
  if (!isClear || strays.length > 0) return undefined;
  if (current) return current;
  const attempt = newest ? newest.attempt + 1 : 0;
  const reason = newest ? 'the sandbox before it has died' : 'the pod is new here';
  builder.do({ type: 'runSandbox', attempt, reason });
  return undefined;
}

function isStopped(builder: PlanBuilder, sandbox: ObservedSandbox): boolean {
  return !sandbox.ready && builder.input.memory.stoppedSandboxes.has(sandbox.id);
}

function planSandboxEnd(builder: PlanBuilder, sandbox: ObservedSandbox): void {
  const { observed, memory } = builder.input;
  const members = observed.containers.filter((container) => container.sandboxId === sandbox.id);
  if (members.some(isLive) || memory.stoppedSandboxes.has(sandbox.id)) return;
  builder.do({ type: 'stopSandbox', id: sandbox.id, reason: 'it has died, or another one took its place' });
}

/** Removes dead containers but the newest two of each name, and stopped sandboxes that hold none of those. */
function tidy(builder: PlanBuilder): void {
  const { observed, memory } = builder.input;
  const kept = new Map<string, number>();
  const used = new Set<string>();
  for (const container of observed.containers) {
    const count = (kept.get(container.name) ?? 0) + 1;
    kept.set(container.name, count);
    if (count <= 2 || container.state !== 'exited') used.add(container.sandboxId);
    else
      builder.do({ type: 'removeContainer', id: container.id, container: container.name, reason: 'newer ones ended' });
  }
  for (const sandbox of observed.sandboxes.slice(1)) {
    if (used.has(sandbox.id) || !memory.stoppedSandboxes.has(sandbox.id)) continue;
    builder.do({ type: 'removeSandbox', id: sandbox.id, reason: 'another one took its place' });
  }
}

// --- stopping and after ------------------------------------------------------------------------------------------------

function planStop(builder: PlanBuilder, verdict: Verdict | undefined): Plan {
  const { input } = builder;
  const { observed, memory } = input;
  if (memory.stage === 'running') return planStopNow(builder, verdict);
  const isQuiet =
    memory.underway.size === 0 &&
    !observed.containers.some(isLive) &&
    observed.sandboxes.every((sandbox) => memory.stoppedSandboxes.has(sandbox.id) && !sandbox.ready);
  if (isQuiet) return builder.finish('ended', verdict);
  return planStopNow(builder, verdict);
}

function planStopNow(builder: PlanBuilder, verdict: Verdict | undefined): Plan {
  const { input } = builder;
  const { observed, memory } = input;
  const cause: KillCause = !input.wanted
    ? 'podUnwanted'
    : input.pod.metadata.deletionTimestamp !== undefined
      ? 'podDeleted'
      : 'podFinished';
  const live = observed.containers.filter(isLive);
  endInOrder(builder, live, cause);
  // A start under way may still bring up a container: the sandbox has to wait for it.
  const isStarting = [...memory.underway.keys()].some((key) => key.startsWith('start:') || key === 'sandbox');
  if (live.length === 0 && !isStarting) {
    for (const sandbox of observed.sandboxes) {
      if (sandbox.ready || !memory.stoppedSandboxes.has(sandbox.id)) {
        builder.do({ type: 'stopSandbox', id: sandbox.id, reason: 'the pod is ending' });
      }
    }
  }
  return builder.finish('stopping', verdict);
}

/** Sidecars serve the others to their end: then they go, in the reverse order of their start, while there is time. */
function endInOrder(builder: PlanBuilder, live: readonly ObservedContainer[], cause: KillCause): void {
  const { pod, memory, now } = builder.input;
  const sidecars = sidecarsOf(pod).map(({ name }) => name);
  const order = ({ name }: ObservedContainer): number => sidecars.indexOf(name);
  const grace = graceOf(builder.input);
  const deadline = (memory.endingSince ?? now) + grace * 1000;
  const last = live.some((each) => order(each) < 0) ? Infinity : Math.max(...live.map(order));
  for (const container of live) {
    const isTurn = order(container) < 0 || order(container) === last || now >= deadline;
    if (!isTurn) builder.wake(deadline);
    else if (order(container) < 0) builder.kill(container, cause, grace, 'the pod is ending');
    else builder.kill(container, cause, timeLeft(deadline - now, grace), 'those that it was to outlive have ended');
  }
}

/** Seconds. Whoever comes last gets a moment to end well, as long as the pod has any time at all. */
function timeLeft(milliseconds: number, grace: number): number {
  return grace === 0 ? 0 : Math.max(1, Math.ceil(milliseconds / 1000));
}

function planEnd(builder: PlanBuilder, verdict: Verdict | undefined, isLeaving: boolean): Plan {
  const { observed, memory } = builder.input;
  if (memory.volumes !== 'unmounted') {
    builder.do({ type: 'unmountVolumes', reason: 'nothing of the pod runs any more' });
  }
  if (!isLeaving) return builder.finish('ended', verdict);
  for (const sandbox of observed.sandboxes) {
    builder.do({ type: 'removeSandbox', id: sandbox.id, reason: 'the pod was deleted' });
  }
  if (observed.sandboxes.length === 0) {
    for (const { id, name } of observed.containers) {
      builder.do({ type: 'removeContainer', id, container: name, reason: 'the pod was deleted' });
    }
  }
  if (memory.volumes === 'unmounted' && observed.containers.length === 0 && !memory.areTracesRemoved) {
    builder.do({ type: 'removeTraces', reason: 'nothing else of the pod is left' });
  }
  const isLeft = observed.sandboxes.length > 0 || observed.containers.length > 0 || memory.underway.size > 0;
  const isGone = !isLeft && memory.volumes === 'unmounted' && memory.areTracesRemoved && builder.actions.length === 0;
  return builder.finish(isGone ? 'gone' : 'ended', verdict);
}
