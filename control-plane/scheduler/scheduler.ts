/**
 * Gives every pod a node. Decides on a snapshot of its own, counts a pod as placed the moment it is decided, and binds in
 * the background; a binding that fails frees the place again. A pod that no node takes may have less important ones ended;
 * it then waits, nominated to their node, until they are gone.
 */
import { Bindings } from './bindings.ts';
import { Decider, type NoNode } from './decide.ts';
import { Evictions } from './evictions.ts';
import type { Profile } from './framework.ts';
import { type ClusterViews, Places } from './places.ts';
import { ViewedPods } from './pod-facts.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerOutput } from './port.ts';
import { Preemption, type PreemptionPlan } from './preemption.ts';
import { SchedulingQueue } from './queue.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { Snapshot } from './snapshot.ts';
import { VolumeWaits } from './volume-waits.ts';
import { Volumes } from './volumes.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';

/** Decisions in one turn of the event loop; after these everybody else has a turn. */
const DECISIONS_PER_TURN = 100;
/** A turn ends early when it has taken so long: a search for victims is longer than a decision. */
const TURN_MILLISECONDS = 20;
/** Bindings and preemptions under way; more wait until one is done. */
const MAX_WRITES = 1000;

export interface SchedulerOptions extends ClusterViews {
  budgets: View<PodDisruptionBudget>;
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
  private readonly places: Places;
  private readonly bindings: Bindings;
  private search: VictimSearch | undefined;
  private writes = 0;
  private isScheduled = false;
  private stopped = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    const { pods, budgets, profiles, output, metrics, clock, log } = options;
    const random = (): number => options.random();
    const volumes = new Volumes(options);
    const snapshot = new Snapshot({ volumes });
    const evictions = new Evictions(options);
    const queue = new SchedulingQueue({ clock, snapshot, onReady: () => this.wake() });
    const waits = new VolumeWaits({ volumes, output, clock, labelsOf: (node) => snapshot.labelsOf(node) });
    const facts = new ViewedPods({ pods, budgets, evictions });
    this.deciders = new Map(profiles.map((profile) => [profile.name, new Decider({ profile, snapshot, random })]));
    this.preemptions = new Map(
      profiles.map((profile) => [profile.name, new Preemption({ profile, snapshot, facts, random })]),
    );
    const isOurs = (schedulerName: string): boolean => this.deciders.has(schedulerName);
    this.places = new Places({ views: options, snapshot, queue, volumes, waits, evictions, output, isOurs });
    this.bindings = new Bindings({ places: this.places, queue, volumes, waits, output, metrics, clock, log });
    this.volumes = volumes;
    this.snapshot = snapshot;
    this.evictions = evictions;
    this.queue = queue;
    this.waits = waits;
  }

  async start(): Promise<void> {
    const { pods, nodes, budgets, namespaces, claims, volumes, classes } = this.options;
    const views = [pods, nodes, budgets, namespaces, claims, volumes, classes];
    await Promise.all(views.map((view) => view.whenSynced()));
    this.places.start();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.places.stop();
    this.bindings.stop();
    this.queue.close();
    this.waits.close();
    return Promise.resolve();
  }

  /** Pods that are ready to be decided, and that wait for something to change. */
  counts(): { ready: number; waiting: number } {
    const { ready, waiting } = this.queue.counts();
    return { ready: ready + (this.search ? 1 : 0), waiting };
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
    this.places.settle(info, node);
    const decided = { info, node, profile, began };
    const bind = (): void => this.write(this.bindings.bind(decided));
    if (steps.length === 0) bind();
    else this.write(this.bindings.bindVolumes(decided, steps, bind));
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
    if (!plan?.waits) this.places.endNomination(info.uid);
    this.places.tell(
      info.pod,
      'Unschedulable',
      plan ? `${refused.message} preemption: ${plan.message}` : refused.message,
    );
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
    this.places.tell(info.pod, 'Unschedulable', refused.message);
    // It stays taken until the victims are told, and then misses nothing that has happened to them.
    this.options.metrics.preemption(victims.length);
    const ending = this.evictions.end(victims, info, node).then((isDone) => {
      if (this.stopped) return;
      if (isDone) this.queue.refused(info.uid, refused.refusedBy);
      else this.queue.failed(info.uid);
    });
    this.write(ending);
  }
}
