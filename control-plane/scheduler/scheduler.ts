/**
 * Gives every pod a node. Follows the nodes and pods, decides on a snapshot of its own, counts a pod as placed the moment
 * it is decided, and binds in the background; a binding that fails frees the place again.
 */
import { Decider } from './decide.ts';
import type { Profile } from './framework.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import type { SchedulerOutput } from './port.ts';
import { SchedulingQueue } from './queue.ts';
import { type ClusterEvent, Snapshot } from './snapshot.ts';
import { isStatusError } from '../../api/errors.ts';
import type { Node, Pod } from '../../api/schema/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Change, View } from '../../lib/view.ts';

/** Decisions in one turn of the event loop; after these everybody else has a turn. */
const DECISIONS_PER_TURN = 100;
/** Bindings under way; more wait until one is done. */
const MAX_BINDINGS = 1000;

export interface SchedulerMetrics {
  /** `result` is scheduled, unschedulable or error; `seconds` is from the decision to the binding. */
  attempt(result: string, profile: string, seconds: number): void;
}

export interface SchedulerOptions {
  pods: View<Pod>;
  nodes: View<Node>;
  profiles: readonly Profile[];
  output: SchedulerOutput;
  clock: Clock;
  /** 0 to 1. */
  random(): number;
  log: Log;
  metrics: SchedulerMetrics;
}

export class Scheduler implements Component {
  readonly name = 'scheduler';
  private readonly options: SchedulerOptions;
  private readonly snapshot = new Snapshot();
  private readonly queue: SchedulingQueue;
  private readonly deciders: Map<string, Decider>;
  private readonly told = new Map<string, string>();
  private unsubscribe: (() => void)[] = [];
  private bindings = 0;
  private isScheduled = false;
  private stopped = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    const { snapshot } = this;
    const random = (): number => options.random();
    this.deciders = new Map(
      options.profiles.map((profile) => [profile.name, new Decider({ profile, snapshot, random })]),
    );
    this.queue = new SchedulingQueue({ clock: options.clock, onReady: () => this.wake() });
  }

  async start(): Promise<void> {
    const { pods, nodes } = this.options;
    await Promise.all([pods.whenSynced(), nodes.whenSynced()]);
    for (const node of nodes.list()) this.snapshot.setNode(node);
    for (const pod of pods.list()) this.podIs(pod);
    this.unsubscribe = [
      nodes.subscribe((change) => this.nodeChanged(change)),
      pods.subscribe(({ type, object }) => (type === 'deleted' ? this.podGone(object) : this.podIs(object))),
    ];
  }

  stop(): Promise<void> {
    this.stopped = true;
    for (const end of this.unsubscribe) end();
    this.queue.close();
    return Promise.resolve();
  }

  /** Pods that are ready to be decided, and that wait for something to change. */
  counts(): { ready: number; waiting: number } {
    return this.queue.counts();
  }

  private nodeChanged({ type, object }: Change<Node>): void {
    if (type === 'deleted') this.snapshot.removeNode(object.metadata.name ?? '');
    else this.happened(...this.snapshot.setNode(object));
  }

  private podIs(pod: Pod): void {
    const { nodeName, schedulerName = '' } = pod.spec;
    const uid = pod.metadata.uid ?? '';
    if (isOver(pod)) this.podGone(pod);
    else if (nodeName) {
      this.queue.remove(uid);
      this.told.delete(uid);
      if (this.snapshot.placement(uid)) return;
      this.snapshot.place(podInfo(pod), nodeName);
      this.happened('pod placed');
    } else if (pod.metadata.deletionTimestamp || !this.deciders.has(schedulerName)) this.queue.remove(uid);
    else if (pod.spec.schedulingGates?.length) this.gated(pod);
    else if (!this.snapshot.placement(uid)) this.queue.add(podInfo(pod));
  }

  private podGone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.queue.remove(uid);
    this.told.delete(uid);
    if (this.snapshot.remove(uid)) this.happened('pod freed');
  }

  private happened(...events: readonly ClusterEvent[]): void {
    for (const event of events) this.queue.happened(event);
  }

  private wake(): void {
    if (this.isScheduled || this.stopped) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.work();
    });
  }

  private work(): void {
    for (let decisions = 0; !this.stopped && this.bindings < MAX_BINDINGS; decisions += 1) {
      if (decisions === DECISIONS_PER_TURN) {
        this.wake();
        return;
      }
      const info = this.queue.take();
      if (!info) return;
      this.schedule(info);
    }
  }

  private schedule(info: PodInfo): void {
    const profile = info.pod.spec.schedulerName ?? '';
    const { clock, metrics } = this.options;
    const began = clock.now();
    const decision = this.deciders.get(profile)?.decide(info);
    if (!decision) return;
    if (decision.node === undefined) {
      metrics.attempt('unschedulable', profile, (clock.now() - began) / 1000);
      this.queue.refused(info.uid, decision.refusedBy);
      this.tell(info.pod, 'Unschedulable', decision.message);
      return;
    }
    this.snapshot.place(info, decision.node);
    this.bindings += 1;
    void this.bind(info, decision.node, profile, began).finally(() => {
      this.bindings -= 1;
      this.wake();
    });
  }

  private async bind(info: PodInfo, node: string, profile: string, began: number): Promise<void> {
    const { output, metrics, log, clock } = this.options;
    try {
      await output.bind(info.pod, node);
      metrics.attempt('scheduled', profile, (clock.now() - began) / 1000);
    } catch (error) {
      metrics.attempt('error', profile, (clock.now() - began) / 1000);
      if (this.stopped || this.isBound(info)) return;
      this.snapshot.remove(info.uid);
      this.happened('pod freed');
      if (isStatusError(error, 'NotFound')) return;
      log.warn({ err: error, pod: info.key, node }, 'a pod could not be bound; it is tried again');
      this.queue.failed(info.uid);
    }
  }

  /** The view may have told of the binding although its answer was lost. */
  private isBound(info: PodInfo): boolean {
    const now = this.options.pods.get(info.key);
    return now?.metadata.uid === info.uid && Boolean(now.spec.nodeName);
  }

  private gated(pod: Pod): void {
    this.queue.remove(pod.metadata.uid ?? '');
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name).join(', ');
    this.tell(pod, 'SchedulingGated', `Scheduling is blocked due to non-empty scheduling gates: ${gates}`);
  }

  /** Users are told once of each answer, not of every try. */
  private tell(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string): void {
    const uid = pod.metadata.uid ?? '';
    if (this.told.get(uid) === message) return;
    this.told.set(uid, message);
    this.options.output.refused(pod, reason, message);
  }
}

function isOver(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
