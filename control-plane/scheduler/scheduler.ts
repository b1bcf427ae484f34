/**
 * Gives every pod a node. Follows the nodes and pods, decides on a snapshot of its own, counts a pod as placed the moment
 * it is decided, and binds in the background; a binding that fails frees the place again. A pod that no node takes may
 * have less important ones ended; it then waits, nominated to their node, until they are gone.
 */
import { Decider, type NoNode } from './decide.ts';
import { Evictions } from './evictions.ts';
import type { Profile } from './framework.ts';
import { differencesOf } from './pod-changes.ts';
import { ViewedPods } from './pod-facts.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import type { SchedulerOutput } from './port.ts';
import { Preemption, type PreemptionPlan } from './preemption.ts';
import { SchedulingQueue } from './queue.ts';
import { type ClusterEvent, type Placed, Snapshot } from './snapshot.ts';
import { followVolumes } from './volume-events.ts';
import { VolumesFailed, VolumeWaits } from './volume-waits.ts';
import { type Step, type VolumeViews, Volumes } from './volumes.ts';
import type { About } from './waiting.ts';
import { isStatusError } from '../../api/errors.ts';
import type { Namespace, Node, Pod } from '../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Change, View } from '../../lib/view.ts';

/** Decisions in one turn of the event loop; after these everybody else has a turn. */
const DECISIONS_PER_TURN = 100;
/** A turn ends early when it has taken so long: a search for victims is longer than a decision. */
const TURN_MILLISECONDS = 20;
/** Bindings and preemptions under way; more wait until one is done. */
const MAX_WRITES = 1000;

export interface SchedulerMetrics {
  /** `result` is scheduled, unschedulable or error; `seconds` is from the decision to the binding. */
  attempt(result: string, profile: string, seconds: number): void;
  /** A pod has been nominated to a node on which so many others were told to end for it. */
  preemption(victims: number): void;
}

export interface SchedulerOptions {
  pods: View<Pod>;
  nodes: View<Node>;
  budgets: View<PodDisruptionBudget>;
  namespaces: View<Namespace>;
  claims: VolumeViews['claims'];
  volumes: VolumeViews['volumes'];
  classes: VolumeViews['classes'];
  profiles: readonly Profile[];
  output: SchedulerOutput;
  clock: Clock;
  /** 0 to 1. */
  random(): number;
  log: Log;
  metrics: SchedulerMetrics;
}

/** For a pod that no node takes. It goes on over several turns where there are many nodes. */
interface VictimSearch {
  readonly info: PodInfo;
  readonly refused: NoNode;
  /** Of the nodes, when it began. */
  readonly staticVersion: number;
  readonly steps: Generator<void, PreemptionPlan>;
}

export class Scheduler implements Component {
  readonly name = 'scheduler';
  private readonly options: SchedulerOptions;
  private readonly volumes: Volumes;
  private readonly snapshot: Snapshot;
  private readonly waits: VolumeWaits;
  private readonly queue: SchedulingQueue;
  private readonly deciders: Map<string, Decider>;
  private readonly preemptions: Map<string, Preemption>;
  private readonly evictions: Evictions;
  private readonly told = new Map<string, string>();
  private unsubscribe: (() => void)[] = [];
  private search: VictimSearch | undefined;
  private writes = 0;
  private isScheduled = false;
  private stopped = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.volumes = new Volumes(options);
    this.snapshot = new Snapshot({ volumes: this.volumes });
    const { snapshot, volumes } = this;
    const { output, clock } = options;
    this.waits = new VolumeWaits({
      volumes,
      output,
      clock,
      labelsOf: (node) => snapshot.labelsOf(node),
    });
    const { pods, budgets, profiles } = options;
    this.evictions = new Evictions(options);
    const random = (): number => options.random();
    const facts = new ViewedPods({ pods, budgets, evictions: this.evictions });
    this.deciders = new Map(profiles.map((profile) => [profile.name, new Decider({ profile, snapshot, random })]));
    this.preemptions = new Map(
      profiles.map((profile) => [profile.name, new Preemption({ profile, snapshot, facts, random })]),
    );
    this.queue = new SchedulingQueue({ clock: options.clock, snapshot, onReady: () => this.wake() });
  }

  async start(): Promise<void> {
    const { pods, nodes, budgets, namespaces, claims, volumes, classes } = this.options;
    const views = [pods, nodes, budgets, namespaces, claims, volumes, classes];
    await Promise.all(views.map((view) => view.whenSynced()));
    for (const { metadata } of namespaces.list())
      this.snapshot.namespaces.set(metadata.name ?? '', metadata.labels ?? {});
    for (const node of nodes.list()) this.snapshot.setNode(node);
    for (const pod of pods.list()) this.podIs(pod);
    this.unsubscribe = [
      namespaces.subscribe((change) => this.namespaceChanged(change)),
      nodes.subscribe((change) => this.nodeChanged(change)),
      ...followVolumes({
        views: this.options,
        volumes: this.volumes,
        waits: this.waits,
        happened: (event, about) => this.queue.happened(event, about),
      }),
      pods.subscribe(({ type, object, previous }) => {
        if (type === 'deleted') this.podGone(object);
        else this.podIs(object, previous);
      }),
    ];
  }

  stop(): Promise<void> {
    this.stopped = true;
    for (const end of this.unsubscribe) end();
    this.queue.close();
    this.waits.close();
    return Promise.resolve();
  }

  /** Pods that are ready to be decided, and that wait for something to change. */
  counts(): { ready: number; waiting: number } {
    const { ready, waiting } = this.queue.counts();
    return { ready: ready + (this.search ? 1 : 0), waiting };
  }

  private nodeChanged({ type, object }: Change<Node>): void {
    const { name = '' } = object.metadata;
    if (type === 'deleted') {
      this.snapshot.removeNode(name);
      this.waits.nodeGone(name);
      this.retryNominated(name);
      this.happened(['node removed'], { node: name });
    } else this.happened(this.snapshot.setNode(object), { node: name });
  }

  private namespaceChanged({ type, object: { metadata } }: Change<Namespace>): void {
    const labels = type === 'deleted' ? undefined : (metadata.labels ?? {});
    if (this.snapshot.namespaces.set(metadata.name ?? '', labels)) this.happened(['namespace labels']);
  }

  private podIs(pod: Pod, previous?: Pod): void {
    const { nodeName, schedulerName = '' } = pod.spec;
    const uid = pod.metadata.uid ?? '';
    if (isOver(pod)) this.podGone(pod);
    else if (nodeName) this.podOn(pod, nodeName);
    else if (pod.metadata.deletionTimestamp || !this.deciders.has(schedulerName)) this.forget(uid);
    else if (pod.spec.schedulingGates?.length) this.gated(pod);
    else if (!this.snapshot.placement(uid)) {
      const info = podInfo(pod);
      this.followNomination(info, previous);
      this.queue.add(info);
    }
  }

  private podOn(pod: Pod, node: string): void {
    const uid = pod.metadata.uid ?? '';
    this.queue.remove(uid);
    this.waits.cancel(uid);
    this.told.delete(uid);
    const known = this.snapshot.placement(uid);
    if (known && this.snapshot.names[known.row] === node) {
      this.update(known, pod, node);
      return;
    }
    // Somebody else may have bound it to another node than it was meant for.
    this.leave(uid);
    this.settle(podInfo(pod), node);
  }

  /** The pod takes its room on the node, and leaves to others what it was to have elsewhere. */
  private settle(info: PodInfo, node: string): void {
    const nominated = this.snapshot.nominations.nodeOf(info.uid);
    this.snapshot.place(info, node);
    if (nominated === node) this.snapshot.nominations.clear(info.uid);
    else this.endNomination(info.uid);
    this.retryNominated(node);
    this.happened(['pod placed'], { pod: info, node });
  }

  /** What they wait for on that node may not be enough for them any more. */
  private retryNominated(node: string): void {
    for (const { uid } of this.snapshot.nominations.to(node)) this.queue.retry(uid);
  }

  private update({ info }: Placed, pod: Pod, node: string): void {
    const events = differencesOf(info, pod);
    if (events.length === 0) return;
    this.snapshot.remove(info.uid);
    this.snapshot.place(podInfo(pod), node);
    this.happened(events, { node });
  }

  private leave(uid: string): void {
    const placed = this.snapshot.placement(uid);
    if (!placed) return;
    const node = this.snapshot.names[placed.row];
    this.snapshot.remove(uid);
    this.happened(['pod freed'], { pod: placed.info, node });
  }

  private podGone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.evictions.forget(uid);
    this.waits.cancel(uid);
    this.forget(uid);
    this.leave(uid);
  }

  /** The pod is none that waits for a node any more. */
  private forget(uid: string): void {
    this.queue.remove(uid);
    this.told.delete(uid);
    this.endNomination(uid);
  }

  /** The room that it was to have is others' again. */
  private endNomination(uid: string): void {
    if (!this.snapshot.nominations.clear(uid)) return;
    this.queue.retry(uid);
    this.happened(['pod freed']);
  }

  /** What the status has come to say counts; what it says still may be older than what was decided since. */
  private followNomination(info: PodInfo, previous: Pod | undefined): void {
    const node = info.pod.status.nominatedNodeName;
    if (node === previous?.status.nominatedNodeName) return;
    if (node) this.snapshot.nominations.set(info, node);
    else this.endNomination(info.uid);
  }

  private happened(events: readonly ClusterEvent[], about?: About): void {
    for (const event of events) this.queue.happened(event, about);
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
    const { clock } = this.options;
    const end = clock.now() + TURN_MILLISECONDS;
    for (let decisions = 0; !this.stopped && this.writes < MAX_WRITES; decisions += 1) {
      if (decisions === DECISIONS_PER_TURN || clock.now() >= end) {
        this.wake();
        return;
      }
      if (this.search) {
        this.goOn(this.search);
        continue;
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
      this.refuse(info, decision);
      return;
    }
    const { node } = decision;
    const steps = info.claims ? this.volumes.reserve(info, node, this.snapshot.labelsOf(node)) : [];
    this.queue.fitted(info.uid);
    this.settle(info, node);
    const bind = (): void => this.write(this.bind(info, node, profile, began));
    if (steps.length === 0) bind();
    else this.write(this.bindVolumes(info, node, steps, bind));
  }

  /** Resolves once it is written what is to become of the claims; `bind` is called when they are bound, be it much later. */
  private async bindVolumes(info: PodInfo, node: string, steps: readonly Step[], bind: () => void): Promise<void> {
    const end = (error?: unknown): void => {
      this.volumes.free(steps);
      if (this.stopped || !this.isPlaced(info, node)) return;
      if (error === undefined) bind();
      else this.withdraw(info, node, error);
    };
    try {
      const awaited = await this.waits.write(steps, node);
      void this.waits.whenBound(info, node, awaited).then(() => end(), end);
    } catch (error) {
      end(isStatusError(error, 'NotFound') ? new VolumesFailed(error.message) : error);
    }
  }

  /** Whether it still has, as far as is known, the place that was decided. */
  private isPlaced({ uid, key }: PodInfo, node: string): boolean {
    const placed = this.snapshot.placement(uid);
    if (!placed || this.snapshot.names[placed.row] !== node) return false;
    return !this.options.pods.get(key)?.spec.nodeName;
  }

  /** What never rejects. Decisions go on meanwhile, until too much is under way. */
  private write(work: Promise<void>): void {
    this.writes += 1;
    void work.finally(() => {
      this.writes -= 1;
      this.wake();
    });
  }

  private refuse(info: PodInfo, refused: NoNode): void {
    const { size, staticVersion } = this.snapshot;
    const preemption = this.preemptions.get(info.pod.spec.schedulerName ?? '');
    if (!preemption || size === 0) this.conclude(info, refused);
    else this.search = { info, refused, staticVersion, steps: preemption.plan(info, refused) };
  }

  /** The next step of a search for victims. Other pods wait for its end, so that they are decided in their order. */
  private goOn(search: VictimSearch): void {
    const { info, refused, staticVersion, steps } = search;
    if (!this.queue.isTaken(info) || this.snapshot.staticVersion !== staticVersion) {
      this.search = undefined;
      this.queue.failed(info.uid);
      return;
    }
    const { done, value: plan } = steps.next();
    if (!done) return;
    this.search = undefined;
    this.conclude(info, refused, plan);
  }

  private conclude(info: PodInfo, refused: NoNode, plan?: PreemptionPlan): void {
    if (plan?.do === 'preempt') {
      this.preempt(info, plan, refused);
      return;
    }
    this.queue.refused(info.uid, new Set([...refused.refusedBy, ...(plan?.refusedBy ?? [])]));
    if (!plan?.waits) this.endNomination(info.uid);
    this.tell(info.pod, 'Unschedulable', plan ? `${refused.message} preemption: ${plan.message}` : refused.message);
  }

  private preempt(info: PodInfo, { node, victims }: PreemptionPlan & { do: 'preempt' }, refused: NoNode): void {
    const { nominations } = this.snapshot;
    this.queue.fitted(info.uid);
    for (const other of nominations.behind(node, info)) {
      nominations.clear(other.uid);
      this.options.output.clearNomination(other.pod);
      this.queue.retry(other.uid);
    }
    nominations.set(info, node);
    this.tell(info.pod, 'Unschedulable', refused.message);
    // It stays taken until the victims are told, and then misses nothing that has happened to them.
    this.options.metrics.preemption(victims.length);
    const ending = this.evictions.end(victims, info, node).then((isDone) => {
      if (this.stopped) return;
      if (isDone) this.queue.refused(info.uid, refused.refusedBy);
      else this.queue.failed(info.uid);
    });
    this.write(ending);
  }

  private async bind(info: PodInfo, node: string, profile: string, began: number): Promise<void> {
    const { output, metrics, clock } = this.options;
    try {
      await output.bind(info.pod, node);
      metrics.attempt('scheduled', profile, (clock.now() - began) / 1000);
    } catch (error) {
      metrics.attempt('error', profile, (clock.now() - began) / 1000);
      if (this.stopped || this.isBound(info)) return;
      this.withdraw(info, node, error);
    }
  }

  /** The pod could not be bound: its place is free again, and it is tried anew unless it is gone. */
  private withdraw(info: PodInfo, node: string, error: unknown): void {
    this.renominate(info);
    this.leave(info.uid);
    if (error instanceof VolumesFailed) {
      const message = `running PreBind plugin "VolumeBinding": binding volumes: ${error.message}`;
      this.tell(info.pod, 'Unschedulable', message);
    } else if (isStatusError(error, 'NotFound')) return;
    else this.options.log.warn({ err: error, pod: info.key, node }, 'a pod could not be bound; it is tried again');
    this.queue.failed(info.uid);
  }

  /** What was preempted for it is still meant for it. */
  private renominate(info: PodInfo): void {
    const now = this.options.pods.get(info.key);
    const node = now?.metadata.uid === info.uid ? now.status.nominatedNodeName : undefined;
    if (node) this.snapshot.nominations.set(info, node);
  }

  /** The view may have told of the binding although its answer was lost. */
  private isBound(info: PodInfo): boolean {
    const now = this.options.pods.get(info.key);
    return now?.metadata.uid === info.uid && Boolean(now.spec.nodeName);
  }

  private gated(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    this.queue.remove(uid);
    this.endNomination(uid);
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name).join(', ');
    this.tell(pod, 'SchedulingGated', `Scheduling is blocked due to non-empty scheduling gates: ${gates}`);
  }

  /** Users are told once of each answer, not of every try. */
  private tell(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string): void {
    const uid = pod.metadata.uid ?? '';
    const nominated = this.snapshot.nominations.nodeOf(uid);
    const answer = `${message} ${nominated ?? ''}`;
    if (this.told.get(uid) === answer) return;
    this.told.set(uid, answer);
    this.options.output.refused(pod, reason, message, nominated);
  }
}

function isOver(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
