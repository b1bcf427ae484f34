/** A small cluster for the scheduler's tests: views to change, and what the scheduler did. */
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
} from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../../api/types/policy.v1.ts';
import { StatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { SELECTED_NODE, claimRefTo } from '../../../api/machinery/persistent-volumes.ts';
import { indexesOf } from '../../../control-plane/controllers/indexes.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView } from '../../../lib/view.ts';
import { PROFILES } from '../../../control-plane/scheduler/profiles.ts';
import { Scheduler } from '../../../control-plane/scheduler/scheduler.ts';

export function makeNode(
  name: string,
  fields: {
    cpu?: string;
    memory?: string;
    pods?: string;
    labels?: Record<string, string>;
    taints?: Node['spec']['taints'];
    unschedulable?: boolean;
  } = {},
): Node {
  const { cpu = '4', memory = '8Gi', pods = '110', labels = {}, taints, unschedulable } = fields;
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: { allocatable: { cpu, memory, pods } },
  } as unknown as Node;
}

export function makePod(
  name: string,
  requests: Record<string, string> = {},
  spec: Partial<PodSpec> = {},
  labels: Record<string, string> = {},
): Pod {
  return {
    metadata: { namespace: 'default', name, uid: `uid-${name}`, labels },
    spec: { schedulerName: 'default-scheduler', containers: [{ name: 'main', resources: { requests } }], ...spec },
    status: {},
  } as Pod;
}

export class World {
  readonly nodes = new MapView<Node>();
  readonly pods = new MapView<Pod>();
  readonly namespaces = new MapView<Namespace>();
  readonly budgets = new MapView<PodDisruptionBudget>();
  readonly claims = new MapView(indexesOf(kinds.persistentvolumeclaims));
  readonly volumes = new MapView(indexesOf(kinds.persistentvolumes));
  readonly classes = new MapView(indexesOf(kinds.storageclasses));
  readonly clock = new FakeClock();
  readonly refusals: { pod: string; reason: string; message: string }[] = [];
  /** What was preempted, in order. */
  readonly preemptions: { victim: string; preemptor: string; node: string }[] = [];
  /** Victims have no grace. */
  endsAtOnce = false;
  onPreempt: (victim: Pod, preemptor: Pod) => void = () => undefined;
  /** By pod: the node that the scheduler last said it is to come to. */
  readonly nominated = new Map<string, string>();
  /** Writes of the scheduler that are under way. */
  private writes = 0;
  private revision = 0;
  /** Called when a binding is tried. */
  onAttempt: () => void = () => undefined;
  /** Called before the pod is bound. */
  onBind: (pod: Pod, node: string) => void = () => undefined;
  /** Names of pods whose next binding, or end, fails. */
  readonly failing = new Map<string, StatusError>();
  /** By what came of it: how many pods were decided. */
  readonly attempts = new Map<string, number>();
  scheduler: Scheduler;

  constructor() {
    this.scheduler = this.newScheduler();
  }

  async start(...objects: (Node | Pod)[]): Promise<void> {
    for (const object of objects) this.put(object);
    this.nodes.markSynced();
    this.pods.markSynced();
    this.budgets.markSynced();
    this.namespaces.markSynced();
    for (const view of [this.claims, this.volumes, this.classes]) view.markSynced();
    await this.scheduler.start();
    await this.settle();
  }

  /** Another scheduler takes over, knowing only what is stored. */
  async restart(): Promise<void> {
    await this.settle();
    await this.scheduler.stop();
    this.scheduler = this.newScheduler();
    await this.scheduler.start();
    await this.settle();
  }

  put(object: Node | Pod): void {
    if ('containers' in object.spec) this.pods.set(`default/${object.metadata.name}`, object as Pod);
    else this.nodes.set(object.metadata.name ?? '', object as Node);
  }

  deletePod(name: string): void {
    this.nominated.delete(name);
    this.pods.delete(`default/${name}`);
  }

  /** Pods that were told to end, or the first `most` of them, are gone, as their nodes see to it. */
  async endLeaving(most = Infinity): Promise<void> {
    const leaving = [...this.pods.list()].filter(({ metadata }) => metadata.deletionTimestamp);
    for (const pod of leaving.slice(0, most)) this.deletePod(pod.metadata.name ?? '');
    await this.settle();
  }

  nominatedNodeOf(pod: string): string | undefined {
    return this.pods.get(`default/${pod}`)?.status.nominatedNodeName;
  }

  nodeOf(pod: string): string | undefined {
    return this.pods.get(`default/${pod}`)?.spec.nodeName;
  }

  /** Until the scheduler has nothing left to decide. */
  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.scheduler.counts().ready > 0 || this.writes > 0);
    await new Promise((resolve) => setImmediate(resolve));
  }

  private newScheduler(): Scheduler {
    return new Scheduler({
      pods: this.pods,
      nodes: this.nodes,
      budgets: this.budgets,
      namespaces: this.namespaces,
      claims: this.claims,
      volumes: this.volumes,
      classes: this.classes,
      profiles: PROFILES,
      clock: this.clock,
      random: () => 0.5,
      log: silentLog,
      metrics: {
        attempt: (result) => this.attempts.set(result, (this.attempts.get(result) ?? 0) + 1),
        preemption: () => undefined,
      },
      output: {
        bind: (pod, node) => this.bind(pod, node),
        refused: (pod, reason, message, nominated) => {
          this.refusals.push({ pod: pod.metadata.name ?? '', reason, message });
          this.nominate(pod, nominated);
        },
        clearNomination: (pod) => this.nominate(pod, undefined),
        preempt: (victim, preemptor, node) => this.preempt(victim, preemptor, node),
        keepVolume: (volume, claim) => this.keepVolume(volume, claim),
        selectNode: (claim, node) => this.selectNode(claim, node),
      },
    });
  }

  private async keepVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
    await Promise.resolve();
    return this.putVolume({ ...volume, spec: { ...volume.spec, claimRef: claimRefTo(claim) } });
  }

  private async selectNode(claim: PersistentVolumeClaim, node: string): Promise<PersistentVolumeClaim> {
    await Promise.resolve();
    const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: node };
    return this.putClaim({ ...claim, metadata: { ...claim.metadata, annotations } });
  }

  putVolume(volume: PersistentVolume): PersistentVolume {
    const stored = { ...volume, metadata: { ...volume.metadata, resourceVersion: this.nextRevision() } };
    this.volumes.set(volume.metadata.name ?? '', stored);
    return stored;
  }

  putClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
    const { uid = `uid-${claim.metadata.name}` } = claim.metadata;
    const stored = { ...claim, metadata: { ...claim.metadata, uid, resourceVersion: this.nextRevision() } };
    this.claims.set(`default/${claim.metadata.name}`, stored);
    return stored;
  }

  private nextRevision(): string {
    this.revision += 1;
    return String(this.revision);
  }

  private bind(pod: Pod, nodeName: string): Promise<void> {
    const name = pod.metadata.name ?? '';
    this.onAttempt();
    const failure = this.failing.get(name);
    this.failing.delete(name);
    if (failure) return Promise.reject(failure);
    const now = this.pods.get(`default/${name}`);
    if (!now) return Promise.reject(new StatusError({ code: 404, reason: 'NotFound', message: 'gone' }));
    this.onBind(now, nodeName);
    this.nominated.delete(name);
    this.put({ ...now, spec: { ...now.spec, nodeName } });
    return Promise.resolve();
  }

  /** Later, as a store does it: the scheduler must not rely on hearing of its own writes at once. */
  private nominate({ metadata: { name = '', uid } }: Pod, nominatedNodeName: string | undefined): void {
    if (nominatedNodeName) this.nominated.set(name, nominatedNodeName);
    else this.nominated.delete(name);
    this.writes += 1;
    setImmediate(() => {
      this.writes -= 1;
      const now = this.pods.get(`default/${name}`);
      if (now?.metadata.uid !== uid || !now || now.status.nominatedNodeName === nominatedNodeName) return;
      const { nominatedNodeName: _, ...status } = now.status;
      this.put({ ...now, status: nominatedNodeName ? { ...status, nominatedNodeName } : status });
    });
  }

  private async preempt(victim: Pod, preemptor: Pod, node: string): Promise<void> {
    const { name = '', uid } = victim.metadata;
    const failure = this.failing.get(name);
    this.onPreempt(victim, preemptor);
    this.writes += 1;
    await new Promise((resolve) => setImmediate(resolve));
    this.failing.delete(name);
    if (failure) {
      this.writes -= 1;
      throw failure;
    }
    this.preemptions.push({ victim: name, preemptor: preemptor.metadata.name ?? '', node });
    const now = this.pods.get(`default/${name}`);
    if (!now || now.metadata.uid !== uid) {
      this.writes -= 1;
      return;
    }
    if (!now.spec.nodeName || this.endsAtOnce) this.deletePod(name);
    else this.put({ ...now, metadata: { ...now.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } });
    // The answer comes after the news.
    await new Promise((resolve) => setImmediate(resolve));
    this.writes -= 1;
  }
}
