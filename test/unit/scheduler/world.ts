/** A small cluster for the scheduler's tests: views to change, and what the scheduler did. */
import type { Node, Pod, PodSpec } from '../../../api/schema/types/core.v1.ts';
import { StatusError } from '../../../api/errors.ts';
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
  readonly clock = new FakeClock();
  readonly refusals: { pod: string; reason: string; message: string }[] = [];
  /** Names of pods whose next binding fails. */
  readonly failing = new Map<string, StatusError>();
  scheduler: Scheduler;

  constructor() {
    this.scheduler = this.newScheduler();
  }

  async start(...objects: (Node | Pod)[]): Promise<void> {
    for (const object of objects) this.put(object);
    this.nodes.markSynced();
    this.pods.markSynced();
    await this.scheduler.start();
    await this.settle();
  }

  /** Another scheduler takes over, knowing only what is stored. */
  async restart(): Promise<void> {
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
    this.pods.delete(`default/${name}`);
  }

  nodeOf(pod: string): string | undefined {
    return this.pods.get(`default/${pod}`)?.spec.nodeName;
  }

  /** Until the scheduler has nothing left to decide. */
  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.scheduler.counts().ready > 0);
    await new Promise((resolve) => setImmediate(resolve));
  }

  private newScheduler(): Scheduler {
    return new Scheduler({
      pods: this.pods,
      nodes: this.nodes,
      profiles: PROFILES,
      clock: this.clock,
      random: () => 0.5,
      log: silentLog,
      metrics: { attempt: () => undefined },
      output: {
        bind: (pod, node) => this.bind(pod, node),
        refused: (pod, reason, message) => this.refusals.push({ pod: pod.metadata.name ?? '', reason, message }),
      },
    });
  }

  private bind(pod: Pod, nodeName: string): Promise<void> {
    const name = pod.metadata.name ?? '';
    const failure = this.failing.get(name);
    this.failing.delete(name);
    if (failure) return Promise.reject(failure);
    const now = this.pods.get(`default/${name}`);
    if (!now) return Promise.reject(new StatusError({ code: 404, reason: 'NotFound', message: 'gone' }));
    this.put({ ...now, spec: { ...now.spec, nodeName } });
    return Promise.resolve();
  }
}
