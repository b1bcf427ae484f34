/**
 * One pod's worker. Whatever happens (the pod is changed, a container ends, a probe decides, an action is through, a time
 * has come) wakes it; it plans once for all that came together, and starts what the plan asks for. Planning is one
 * synchronous step, so no two plans of a pod overlap; actions run beside it, at most one of each key, so that a call that
 * hangs holds up nothing but itself.
 */
import type { Container, Pod, PodStatus } from '../../api/types/core.v1.ts';
import { hostPortsOf, type HostPort } from '../../api/machinery/host-ports.ts';
import { sameJson } from '../../api/machinery/json.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { Timer } from '../../lib/clock.ts';
import type { Action } from './action.ts';
import { actionKey } from './action.ts';
import { announce } from './announce.ts';
import { sidecarsOf } from './container-kind.ts';
import { containerId } from './container-status.ts';
import type { PodContext } from './context.ts';
import { execute } from './executor.ts';
import type { Attempt } from './handler.ts';
import type { ObservedPod } from './observed.ts';
import type { PodMemory, Underway, Verdict } from './memory.ts';
import { newMemory } from './memory.ts';
import type { Plan } from './plan-builder.ts';
import { plan } from './plan.ts';
import type { ProbeKind } from './probe-loop.ts';
import type { ProbeTarget } from './prober.ts';
import { Prober } from './prober.ts';
import type { PodServices } from './services.ts';
import { emit } from './services.ts';
import { moveStage } from './stage.ts';
import { podIpsOf, statusOf } from './status.ts';
import { unsupportedIn } from './unsupported.ts';

export interface PodWorkerOptions {
  services: PodServices;
  pod: Pod;
  /** False for what was found on the node though the control plane names no such pod. */
  wanted: boolean;
  /** Why the node does not take the pod in, unless it runs already. */
  rejection: Verdict | undefined;
  onGone: (uid: string) => void;
}

const FIRST_RETRY = 1000;
const MAX_RETRY = 120_000;
/** How long the news of a sandbox may wait for that of the first container in it, in milliseconds. */
const SANDBOX_NEWS = 1000;
/** A pod moves through fewer stages than this; more would be a plan that goes in circles. */
const MAX_PLANS_AT_ONCE = 8;

export class PodWorker {
  readonly uid: string;
  private readonly services: PodServices;
  private readonly onGone: (uid: string) => void;
  private readonly memory: PodMemory;
  private readonly prober: Prober;
  private readonly ending = new AbortController();
  private pod: Pod;
  private wanted: boolean;
  private problems: readonly string[];
  private readonly rejection: Verdict | undefined;
  private status: PodStatus;
  private reported = '';
  private waiting: Plan['waiting'] = new Map();
  private timer: Timer | undefined;
  private sandboxNews: { readonly timer: Timer; readonly tellAt: number } | undefined;
  /** Counts the changes to what the pod refers to, so that an action that began before one is tried again at once. */
  private configVersion = 0;
  private isWoken = false;
  private isStopped = false;

  constructor({ services, pod, wanted, rejection, onGone }: PodWorkerOptions) {
    this.services = services;
    this.pod = pod;
    this.wanted = wanted;
    this.onGone = onGone;
    this.uid = pod.metadata.uid ?? '';
    this.problems = unsupportedIn(pod, services);
    this.rejection = rejection;
    this.status = pod.status;
    this.memory = newMemory(this.firstSeen());
    this.prober = new Prober({
      runtime: services.runtime,
      clock: services.clock,
      onVerdict: (id, verdict) => {
        this.memory.probes.set(id, verdict);
        this.wake();
      },
      onTrouble: (about, container, kind, attempt) => this.tellProbe(about, container, kind, attempt),
    });
  }

  /** Whether the pod is being ended because nobody names it any more. */
  get isUnwanted(): boolean {
    return !this.wanted;
  }

  /** Those of the node that it has now. */
  get hostPorts(): readonly HostPort[] {
    const { pod, rejection, memory } = this;
    const isOver = memory.stage === 'ended' || memory.stage === 'gone' || hasFinished(pod);
    const isRefused = rejection !== undefined && this.services.cache.podOf(this.uid).containers.length === 0;
    return isOver || isRefused ? [] : hostPortsOf(pod);
  }

  /** The pod as it is now wanted; `wanted` is false when it is no longer named at all. */
  update(pod: Pod, wanted: boolean): void {
    if (!tellsTheSame(pod, this.pod)) {
      this.memory.areVolumesStale = true;
      this.forgetConfigFailures();
    }
    this.pod = pod;
    this.wanted = wanted;
    this.problems = unsupportedIn(pod, this.services);
    this.wake();
  }

  /** A config map, a secret or a claim that the pod uses has changed: whatever failed for want of it may work now. */
  configChanged(): void {
    this.memory.areVolumesStale = true;
    this.configVersion += 1;
    this.forgetConfigFailures();
    this.wake();
  }

  /** The runtime answers again: what failed for want of it is tried at once. */
  runtimeListed(): void {
    this.memory.failures.clear();
    for (const [name, { reason }] of this.memory.startFailures) {
      if (reason === 'CreateContainerError') this.memory.startFailures.delete(name);
    }
    for (const [name, image] of this.memory.images) {
      if (image.state === 'failed' && image.reason === 'ImageInspectError') this.memory.images.delete(name);
    }
    this.wake();
  }

  wake(): void {
    if (this.isWoken || this.isStopped) return;
    this.isWoken = true;
    queueMicrotask(() => {
      this.isWoken = false;
      if (!this.isStopped) this.run();
    });
  }

  /** Stops watching the pod. Its containers go on. */
  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
    this.sandboxNews?.timer.cancel();
    this.prober.stop();
  }

  /** What this node last said of the pod. */
  lastStatus(): PodStatus {
    return this.status;
  }

  // --- one round ---------------------------------------------------------------------------------------------------

  private run(): void {
    this.timer?.cancel();
    if (this.services.fence.holds(this.uid)) {
      // It can't answer, which says nothing of it; what it was found to be stays.
      this.prober.stop();
      return;
    }
    let next = this.plan();
    for (let round = 1; this.adopt(next) && round < MAX_PLANS_AT_ONCE; round += 1) next = this.plan();
    const { clock } = this.services;
    if (next.wakeAt !== undefined) this.timer = clock.after(Math.max(0, next.wakeAt - this.now()), () => this.wake());
    announce(this.services, this.pod, this.waiting, next.waiting, this.problems);
    this.waiting = next.waiting;
    this.prober.reconcile(this.probeTargets());
    this.report();
    if (this.memory.stage === 'gone') this.finish();
  }

  private plan(): Plan {
    const { pod, wanted, memory, problems, rejection } = this;
    const observed = this.services.cache.podOf(this.uid);
    return plan({ pod, wanted, observed, memory, problems, rejection, now: this.now(), limits: this.services.limits });
  }

  /** Makes the plan so. Returns whether the pod moved on, which asks for another plan. */
  private adopt(next: Plan): boolean {
    const before = this.memory.stage;
    this.memory.stage = moveStage(before, next.stage);
    this.tellVerdict(this.memory.verdict, next.verdict);
    this.memory.verdict = next.verdict;
    if (before === 'running' && next.stage !== 'running') {
      this.memory.endingSince = this.now();
      this.ending.abort(new Error('the pod is ending'));
    }
    for (const action of next.actions) this.start(action);
    return before !== next.stage;
  }

  private tellVerdict(before: Verdict | undefined, now: Verdict | undefined): void {
    const isNews = before === undefined && this.pod.status.phase !== now?.phase;
    if (!isNews || now?.reason === undefined) return;
    const type = now === this.rejection ? 'Warning' : 'Normal';
    emit(this.services, this.pod, undefined, type, now.reason, now.message ?? '');
  }

  private start(action: Action): void {
    const key = actionKey(action);
    const grace = action.type === 'killContainer' ? action.graceSeconds * 1000 : undefined;
    const underway: Underway = { action, deadline: grace === undefined ? undefined : this.now() + grace };
    const overtaken = this.memory.underway.get(key);
    this.memory.underway.set(key, underway);
    this.services.log.debug({ pod: this.pod.metadata.name, uid: this.uid, ...action }, 'pod action');
    const { configVersion } = this;
    void execute(this.context(), action, overtaken?.action)
      .then(
        () => this.memory.failures.delete(key),
        (error: unknown) => this.noteFailure(key, action, error as Error),
      )
      .then(() => {
        if (this.memory.underway.get(key) === underway) this.memory.underway.delete(key);
        if (this.configVersion !== configVersion) this.forgetConfigFailures();
        this.wake();
      });
  }

  private context(): PodContext {
    const { services, memory, pod, uid } = this;
    return { services, memory, pod, uid, podIps: () => this.podIps(), ending: this.ending.signal };
  }

  private noteFailure(key: string, action: Action, error: Error): void {
    const count = (this.memory.failures.get(key)?.count ?? 0) + 1;
    const delay = Math.min(FIRST_RETRY * 2 ** Math.min(count - 1, 20), MAX_RETRY);
    const { name, namespace } = this.pod.metadata;
    this.services.log.warn(
      { err: error, pod: `${namespace}/${name}`, action: action.type, count },
      'pod action failed',
    );
    this.memory.failures.set(key, { count, message: error.message, retryAt: this.now() + delay });
  }

  private forgetConfigFailures(): void {
    this.memory.failures.delete('volumes');
    for (const [name, { reason }] of this.memory.startFailures) {
      if (reason === 'CreateContainerConfigError') this.memory.startFailures.delete(name);
    }
  }

  private finish(): void {
    this.stop();
    if (this.wanted) this.services.reporter.podGone(this.pod, this.status);
    this.onGone(this.uid);
  }

  // --- what others see ---------------------------------------------------------------------------------------------

  /** Tells the status again although it is the same: others may have written over it. */
  reportAgain(): void {
    this.reported = '';
    this.report();
  }

  private report(): void {
    const { pod, memory, waiting, services } = this;
    const observed = services.cache.podOf(this.uid);
    // Once its runtime objects are being removed there is less to tell than was told before.
    const isOver = memory.stage === 'ended' || memory.stage === 'gone';
    const isTold = this.reported !== '' || hasFinished(pod);
    if (!this.wanted || (isOver && observed.containers.length === 0 && isTold)) return;
    const hostIps = services.nodeAddresses();
    this.status = statusOf({ pod, observed, memory, waiting, hostIps, before: this.status, now: this.now() });
    const text = JSON.stringify(this.status);
    if (text === this.reported || this.isHeldBack(observed)) return;
    this.reported = text;
    services.reporter.podStatus(pod, this.status);
  }

  /** A sandbox is mostly news for a moment, until a container runs in it: one status then tells both, and costs one write. */
  private isHeldBack({ sandboxes, containers }: ObservedPod): boolean {
    const isBetween = sandboxes[0]?.ready === true && containers.length === 0 && this.waiting.size === 0;
    if (!isBetween || this.reported === '' || this.memory.stage !== 'running') return false;
    const { clock } = this.services;
    this.sandboxNews ??= {
      timer: clock.after(SANDBOX_NEWS, () => this.report()),
      tellAt: clock.now() + SANDBOX_NEWS,
    };
    return clock.now() < this.sandboxNews.tellAt;
  }

  private probeTargets(): ProbeTarget[] {
    const { memory, pod } = this;
    if (memory.stage === 'ended' || memory.stage === 'gone') return [];
    const { containers } = this.services.cache.podOf(this.uid);
    return [...sidecarsOf(pod), ...pod.spec.containers].flatMap((container) => {
      const running = containers.find(({ name, state }) => name === container.name && state === 'running');
      if (!running || memory.underway.has(`start:${container.name}`)) return [];
      const age = this.now() - (running.startedAt ?? running.createdAt);
      const ip = this.podIps()[0] ?? '';
      return { pod, container, containerId: running.id, ip, age, before: this.verdictBefore(running.id) };
    });
  }

  /** What was found out of this very container before it was frozen, or reported before this agent started. */
  private verdictBefore(id: string): ProbeTarget['before'] {
    const known = this.memory.probes.get(id);
    if (known) return known;
    const { initContainerStatuses = [], containerStatuses = [] } = this.pod.status;
    const all = [...initContainerStatuses, ...containerStatuses];
    const told = all.find((status) => status.containerID === containerId(id));
    return told ? { readiness: told.ready, startup: told.started ?? false } : {};
  }

  private tellProbe(pod: Pod, container: Container, kind: ProbeKind, { result, output }: Attempt): void {
    // While a pod ends only its readiness matters.
    if (this.memory.stage !== 'running' && kind !== 'readiness') return;
    const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    if (result === 'success') {
      emit(this.services, pod, container.name, 'Warning', 'ProbeWarning', `${title} probe warning: ${output}`);
      return;
    }
    const message =
      result === 'failure'
        ? `${title} probe failed: ${output}`
        : `${title} probe errored and resulted in unknown state: ${output}`;
    emit(this.services, pod, container.name, 'Warning', 'Unhealthy', message);
  }

  private podIps(): string[] {
    const { pod, status } = this;
    const observed = this.services.cache.podOf(this.uid);
    return podIpsOf({ pod, observed, hostIps: this.services.nodeAddresses(), before: status });
  }

  private firstSeen(): number {
    const told = this.pod.status.startTime;
    const oldest = this.services.cache.podOf(this.uid).sandboxes.at(-1);
    return told === undefined ? (oldest?.createdAt ?? this.now()) : parseTime(told);
  }

  private now(): number {
    return this.services.clock.date().getTime();
  }
}

/** Whether files made of what the pod says of itself stay as they are. */
function tellsTheSame({ metadata: a }: Pod, { metadata: b }: Pod): boolean {
  return sameJson([a.labels, a.annotations], [b.labels, b.annotations]);
}

function hasFinished({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}
