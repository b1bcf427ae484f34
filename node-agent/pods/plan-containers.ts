/** The part of the plan that is about the containers of a pod whose sandbox is up: init containers first, in order. */
import { sameJson } from '../../api/machinery/json.ts';
import type { Container } from '../../api/types/core.v1.ts';
import type { Backoff } from './backoff.ts';
import { formatDelay, nextBackoff, waitUntil } from './backoff.ts';
import type { ContainerKind } from './container-kind.ts';
import { isSidecar, sidecarsOf } from './container-kind.ts';
import { containerHash } from './labels.ts';
import type { ImageState } from './memory.ts';
import type { ObservedContainer, ObservedSandbox } from './observed.ts';
import { isLive, newestOf } from './observed.ts';
import { mayRestart } from './outcome.ts';
import type { PlanBuilder } from './plan-builder.ts';
import { graceOf } from './plan-builder.ts';

export function planContainers(builder: PlanBuilder, sandbox: ObservedSandbox): void {
  const { pod, observed } = builder.input;
  const { initContainers: inits = [], containers: apps, ephemeralContainers: ephemerals = [] } = pod.spec;
  const here = observed.containers.filter((container) => container.sandboxId === sandbox.id);
  const isInitialized = here.some(({ name }) => apps.some((container) => container.name === name));
  const beside = isInitialized ? sidecarsOf(pod) : inits;
  killStrangers(builder, here, [...beside, ...apps, ...ephemerals]);
  // Whoever looks for why the others don't start must not wait for them.
  for (const container of ephemerals) planContainer(builder, sandbox, container, 'ephemeral');
  if (!isInitialized && !planInits(builder, sandbox, inits, here)) return;
  if (isInitialized && !planInTurn(builder, sandbox, beside, 'sidecar')) return;
  planInTurn(builder, sandbox, apps, 'app');
}

/** As Kubernetes does, one starts after the other; one that waits for a back-off holds up nobody. */
function planInTurn(
  builder: PlanBuilder,
  sandbox: ObservedSandbox,
  containers: readonly Container[],
  kind: ContainerKind,
): boolean {
  return containers.every((container) => planContainer(builder, sandbox, container, kind) !== 'starting');
}

/** Nothing runs but what the pod names, each once, and no init container beside the containers it came before. */
function killStrangers(builder: PlanBuilder, here: readonly ObservedContainer[], known: readonly Container[]): void {
  const live = here.filter(isLive);
  for (const stranger of live) {
    const isNewest = live.find(({ name }) => name === stranger.name) === stranger;
    if (isNewest && known.some(({ name }) => name === stranger.name)) continue;
    builder.kill(
      stranger,
      'definitionChanged',
      graceOf(builder.input),
      'it is not one of the containers of the pod now',
    );
  }
}

/** Returns whether they are through: the init containers have ended well, and the sidecars have started. */
function planInits(
  builder: PlanBuilder,
  sandbox: ObservedSandbox,
  inits: readonly Container[],
  here: readonly ObservedContainer[],
): boolean {
  const begun = inits.findLastIndex(({ name }) => here.some((container) => container.name === name));
  for (const [index, container] of inits.entries()) {
    const mine = here.filter(({ name }) => name === container.name);
    const newest = mine.find(isLive) ?? mine[0];
    if (!isSidecar(container)) {
      if (newest?.state === 'exited' && newest.exitCode === 0) continue;
      planContainer(builder, sandbox, container, 'init');
      return false;
    }
    if (planContainer(builder, sandbox, container, 'sidecar') === 'starting') return false;
    // One that fails after the next has begun is restarted beside it.
    if (index >= begun && !hasStarted(builder, container, newest)) return false;
  }
  return true;
}

function hasStarted(builder: PlanBuilder, container: Container, newest: ObservedContainer | undefined): boolean {
  if (newest?.state !== 'running' || builder.isUnderway(`start:${container.name}`)) return false;
  return !container.startupProbe || builder.input.memory.probes.get(newest.id)?.startup === true;
}

/** Milliseconds. */
const SHOW_PULL_ERROR = 1000;

type Progress = 'starting' | 'settled';

function planContainer(
  builder: PlanBuilder,
  sandbox: ObservedSandbox,
  container: Container,
  kind: ContainerKind,
): Progress {
  const { observed, pod } = builder.input;
  if (builder.isUnderway(`start:${container.name}`)) return 'starting';
  const live = observed.containers.find((member) => member.name === container.name && isLive(member));
  const last = live ?? newestOf(observed, container.name);
  if (last?.state === 'running') {
    planRunning(builder, container, last);
    return 'settled';
  }
  if (last?.state === 'unknown') {
    builder.kill(last, 'stateUnknown', graceOf(builder.input), 'the runtime does not know its state');
    return 'settled';
  }
  if (last?.state === 'created') {
    builder.do({
      type: 'removeContainer',
      id: last.id,
      container: last.name,
      reason: 'it was created but never started',
    });
    return 'starting';
  }
  // Init containers run once more in each new sandbox, whatever became of them in an earlier one.
  const isOfBefore = kind === 'init' && last?.sandboxId !== sandbox.id;
  if (last && !isOfBefore && !mayRestart(pod, container, kind, last)) return 'settled';
  return planStart(builder, sandbox, container, last);
}

function planRunning(builder: PlanBuilder, container: Container, running: ObservedContainer): void {
  const { memory } = builder.input;
  const grace = graceOf(builder.input);
  if (running.hash !== '' && running.hash !== containerHash(container)) {
    builder.kill(running, 'definitionChanged', grace, 'its definition has changed');
    return;
  }
  const probes = memory.probes.get(running.id);
  if (probes?.startup === false) {
    const seconds = container.startupProbe?.terminationGracePeriodSeconds ?? grace;
    builder.kill(running, 'startupProbe', seconds, 'its startup probe has failed');
  } else if (probes?.liveness === false) {
    const seconds = container.livenessProbe?.terminationGracePeriodSeconds ?? grace;
    builder.kill(running, 'livenessProbe', seconds, 'its liveness probe has failed');
  } else {
    planResize(builder, container, running);
  }
}

/** A container that runs is given what it now asks for; one that wants to begin anew with it is ended first. */
function planResize(builder: PlanBuilder, container: Container, running: ObservedContainer): void {
  const { resources, resizePolicy = [] } = container;
  const given = builder.input.memory.resized.get(running.id) ?? running.resources;
  if (!given || sameJson(given, resources)) return;
  const isChanged = (name: string): boolean =>
    given.requests?.[name] !== resources.requests?.[name] || given.limits?.[name] !== resources.limits?.[name];
  const wantsRestart = resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && isChanged(resourceName),
  );
  if (wantsRestart) {
    builder.kill(running, 'resized', graceOf(builder.input), 'it begins anew with other resources');
    return;
  }
  const reason = 'it asks for other resources than it was given';
  builder.do({ type: 'resizeContainer', id: running.id, container: container.name, resources, reason });
}

function planStart(
  builder: PlanBuilder,
  sandbox: ObservedSandbox,
  container: Container,
  last: ObservedContainer | undefined,
): Progress {
  const { now, limits, memory } = builder.input;
  const crash = memory.crashes.get(container.name);
  const failedAt = last?.finishedAt ?? last?.createdAt ?? now;
  const backoff = last && waitForCrash(builder, container, crash, failedAt);
  if (backoff === 'wait') return 'settled';
  const failure = memory.startFailures.get(container.name);
  if (failure && failure.retryAt > now) {
    builder.wake(failure.retryAt);
    builder.wait(container.name, failure.reason, failure.message);
    return 'settled';
  }
  const attempt = last ? last.attempt + 1 : 0;
  const image = planImage(builder, container, attempt);
  if (image !== 'ready') return image === 'wait' ? 'settled' : 'starting';
  if (failure) builder.wait(container.name, failure.reason, failure.message);
  builder.do({
    type: 'startContainer',
    container: container.name,
    attempt,
    sandboxId: sandbox.id,
    backoff: last && nextBackoff(crash, failedAt, now, limits),
    reason: last ? `it ended with code ${last.exitCode}` : 'it has not run yet',
  });
  return 'starting';
}

function waitForCrash(
  builder: PlanBuilder,
  container: Container,
  crash: Backoff | undefined,
  failedAt: number,
): 'wait' | undefined {
  const { pod, now, limits } = builder.input;
  const until = waitUntil(crash, failedAt, now, limits);
  if (until === undefined || crash === undefined) return undefined;
  builder.wake(until);
  const { name, namespace, uid } = pod.metadata;
  const delay = formatDelay(crash.delay);
  const message = `back-off ${delay} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
  builder.wait(container.name, 'CrashLoopBackOff', message);
  return 'wait';
}

function planImage(builder: PlanBuilder, container: Container, attempt: number): 'ready' | 'wait' | 'pulling' {
  const { now, limits, memory } = builder.input;
  const image = container.image ?? '';
  const known = memory.images.get(container.name);
  if (known?.state === 'ready' && known.attempt === attempt && known.image === image) return 'ready';
  if (known?.state === 'failed' && known.image === image) {
    const until = waitUntil(known.backoff, known.backoff.since, now, limits);
    if (until !== undefined) {
      builder.wake(until);
      const isFresh = now < known.backoff.since + SHOW_PULL_ERROR;
      if (isFresh) builder.wake(known.backoff.since + SHOW_PULL_ERROR);
      builder.wait(container.name, ...imageWait(known, isFresh));
      return 'wait';
    }
    builder.wait(container.name, known.reason, known.message);
  }
  const reason = known ? 'it could not be had before' : 'its container is next to start';
  builder.do({ type: 'ensureImage', container: container.name, image, attempt, reason });
  return 'pulling';
}

/** The failure itself is shown first, then that it is being waited out. */
function imageWait(failed: ImageState & { state: 'failed' }, isFresh: boolean): [string, string] {
  if (failed.reason !== 'ErrImagePull' || isFresh) return [failed.reason, failed.message];
  return ['ImagePullBackOff', `Back-off pulling image "${failed.image}": ErrImagePull: ${failed.message}`];
}
