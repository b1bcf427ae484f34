/**
 * Makes sure that a pod which must not run twice does not run here once it may run elsewhere. The servers replace such pods a
 * known time after they last acknowledged this node; an agent that is not acknowledged any more freezes them before that,
 * without being told. The inequality behind the numbers is in docs/decisions/fencing.md.
 *
 * The time of the last acknowledgement is in a file too, on the machine's own clock: an agent that was restarted goes on
 * counting, and a small process beside it ({@link GuardProcess}) freezes the pods when no agent does. A machine that was
 * restarted has no such file, and lets none of these pods run before a server has said that it is still this node's.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { PodFence } from '../pods/pod-fence.ts';
import type { Freezer, FreezerState } from './freezer.ts';
import type { GuardProcess } from './guard.ts';
import type { LeaseFile, SavedLease } from './lease-file.ts';
import type { FenceAction, FencedPod, Lease } from './plan.ts';
import { isValid, planFence } from './plan.ts';

const CHECK_MILLISECONDS = 200;
/** While a pod is on its way to being frozen. */
const FREEZING_CHECK_MILLISECONDS = 50;

export interface FenceOptions {
  freezer: Freezer;
  file: LeaseFile;
  guard: Pick<GuardProcess, 'ensure'>;
  /** Whether the pod is to run here by what a server said last. */
  isOurs(uid: string): boolean;
  /** Milliseconds since the machine started, its sleep included. */
  uptime(): number;
  clock: Clock;
  log: Log;
}

export class Fence implements Component, PodFence {
  readonly name = 'fence';
  private readonly options: FenceOptions;
  private readonly pods = new Set<string>();
  private readonly held = new Set<string>();
  private readonly listeners = new Set<(uid: string) => void>();
  private lease: Lease | undefined;
  private milliseconds: number | undefined;
  private isConfirmed = false;
  private isClosed = true;
  private timer: Timer | undefined;

  constructor(options: FenceOptions) {
    this.options = options;
  }

  /** Freezes at once what an agent before this one had to freeze. */
  start(): Promise<void> {
    const saved = this.saved();
    if (saved) {
      this.lease = saved.lease;
      for (const uid of saved.pods) this.pods.add(uid);
    }
    this.isClosed = !isValid({ lease: this.lease, now: this.options.uptime() });
    this.step();
    return Promise.resolve();
  }

  /** What can't be read is as if there were none: nothing may run then. */
  private saved(): SavedLease | undefined {
    try {
      return this.options.file.read();
    } catch (error) {
      this.options.log.error({ err: error }, 'the time of the last acknowledgement can not be read');
      return undefined;
    }
  }

  /** The guard goes on. */
  stop(): Promise<void> {
    this.timer?.cancel();
    return Promise.resolve();
  }

  /** What a server said: how long an acknowledgement counts. */
  setLease(milliseconds: number): void {
    this.milliseconds = milliseconds;
  }

  /** A server that has told everything has acknowledged what was sent at this time after the machine started. */
  proven(sentAt: number): void {
    if (this.milliseconds === undefined) return;
    this.isConfirmed = true;
    const provenAt = Math.max(sentAt, this.lease?.provenAt ?? -Infinity);
    const lease = { provenAt, milliseconds: this.milliseconds };
    // The guard must have the news before anything is let go: it would end what it finds going on without a lease.
    if (!this.save(lease) && this.pods.size > 0) return;
    this.lease = lease;
    this.step();
  }

  add(uid: string): void {
    if (this.pods.has(uid)) return;
    this.pods.add(uid);
    this.save();
    this.step();
  }

  remove(uid: string): void {
    if (!this.pods.delete(uid)) return;
    this.held.delete(uid);
    this.save();
  }

  holds(uid: string): boolean {
    return this.pods.has(uid) && (this.isClosed || this.held.has(uid));
  }

  subscribe(listener: (uid: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private step(): void {
    const { options } = this;
    const { freezer } = options;
    const pods = [...this.pods].map((uid) => {
      const state = freezer.stateOf(uid);
      // One that runs is not asked about: that is how it mostly is, five times a second.
      return { uid, state, isOurs: state !== 'running' && options.isOurs(uid) };
    });
    if (!this.isClosed) this.forget(pods);
    const plan = planFence({ now: options.uptime(), lease: this.lease, isConfirmed: this.isConfirmed, pods });
    if (plan.isClosed !== this.isClosed) this.tell(plan.isClosed);
    this.isClosed = plan.isClosed;
    const states = new Map(pods.map(({ uid, state }) => [uid, state]));
    for (const action of plan.actions) {
      this.carryOut(action);
      states.set(action.uid, freezer.stateOf(action.uid));
    }
    for (const uid of this.pods) this.note(uid, plan.isClosed || isStopped(states.get(uid)));
    this.timer?.cancel();
    this.timer = options.clock.after(this.untilNext([...states.values()]), () => this.tick());
  }

  /** Those of which another agent wrote, and of which nothing is left. */
  private forget(pods: readonly FencedPod[]): void {
    if (!this.isConfirmed) return;
    for (const { uid, state, isOurs } of pods) if (state === 'absent' && !isOurs) this.remove(uid);
  }

  private tick(): void {
    // What is frozen, or was never let go, needs no guard: one that has gone by itself is not called back for it.
    if (this.pods.size > 0 && !this.isClosed) this.options.guard.ensure();
    this.step();
  }

  private untilNext(states: readonly FreezerState[]): number {
    const { options, lease } = this;
    if (states.includes('freezing')) return FREEZING_CHECK_MILLISECONDS;
    const left = lease && !this.isClosed ? lease.provenAt + lease.milliseconds - options.uptime() : Infinity;
    return Math.max(1, Math.min(CHECK_MILLISECONDS, left + 1));
  }

  private carryOut({ do: act, uid }: FenceAction): void {
    const { freezer, log } = this.options;
    try {
      if (act === 'thaw') freezer.thaw(uid);
      else if (act === 'freeze') this.freeze(uid);
      else freezer.kill(uid);
      if (act === 'kill') log.info({ uid }, 'a frozen pod was replaced elsewhere and is ended');
      if (act === 'end') log.warn({ uid }, 'a pod could not be frozen in time and is ended');
    } catch (error) {
      log.error({ err: error, uid, action: act }, 'a pod with an identity can not be held');
    }
  }

  private freeze(uid: string): void {
    const { freezer } = this.options;
    try {
      freezer.freeze(uid);
    } finally {
      // It is not even on its way: this node can't freeze.
      if (freezer.stateOf(uid) === 'running') freezer.kill(uid);
    }
  }

  private note(uid: string, isHeld: boolean): void {
    if (isHeld === this.held.has(uid)) return;
    if (isHeld) this.held.add(uid);
    else this.held.delete(uid);
    for (const listener of this.listeners) listener(uid);
  }

  private tell(isClosed: boolean): void {
    if (this.pods.size === 0) return;
    const { log } = this.options;
    if (isClosed)
      log.warn({ pods: this.pods.size }, 'no server acknowledges this node: pods with an identity are frozen');
    else log.info({ pods: this.pods.size }, 'a server acknowledges this node: pods with an identity may run');
  }

  /** Whether the guard has the news. */
  private save(lease = this.lease): boolean {
    const { file, freezer, log } = this.options;
    if (lease === undefined) return true;
    try {
      file.write(lease, [...this.pods], freezer);
      return true;
    } catch (error) {
      log.error({ err: error }, 'the time of the last acknowledgement can not be written');
      return false;
    }
  }
}

function isStopped(state: FreezerState | undefined): boolean {
  return state === 'frozen' || state === 'freezing';
}
