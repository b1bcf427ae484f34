/** A node of one test: the real pod manager on a runtime in memory, on a clock that moves when told. */
import assert from 'node:assert/strict';
import type { NodeClaim } from '../../../api/node-volumes.ts';
import { keyOf } from '../../../api/object.ts';
import type {
  ConfigMap,
  Container,
  Node,
  Pod,
  PodSpec,
  PodStatus,
  Secret,
  Service,
} from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import type { RuntimeClass } from '../../../api/types/node.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView } from '../../../lib/view.ts';
import { noCgroups } from '../../../node-agent/pods/cgroups.ts';
import { noFiles } from '../../../node-agent/pods/files.ts';
import type { PodManagerOptions } from '../../../node-agent/pods/manager.ts';
import { PodManager } from '../../../node-agent/pods/manager.ts';
import type { MemoryRuntimeOptions } from '../../../node-agent/runtime/memory.ts';
import { MemoryRuntime } from '../../../node-agent/runtime/memory.ts';
import { noVolumes } from '../../../node-agent/volumes/port.ts';

export interface Told {
  type: string;
  reason: string;
  message: string;
}

export class TestNode {
  readonly clock = new FakeClock();
  readonly runtime: MemoryRuntime;
  readonly pods = new MapView<Pod>();
  readonly configmaps = new MapView<ConfigMap>();
  readonly runtimeclasses = new MapView<RuntimeClass>();
  readonly secrets = new MapView<Secret>();
  readonly claims = new MapView<NodeClaim>();
  readonly services = new MapView<Service>();
  readonly events: Told[] = [];
  readonly gone: string[] = [];
  readonly statuses = new Map<string, PodStatus>();
  readonly history: PodStatus[] = [];
  manager: PodManager;
  private readonly options: Partial<PodManagerOptions>;

  constructor(runtime: Partial<MemoryRuntimeOptions> = {}, options: Partial<PodManagerOptions> = {}) {
    this.runtime = new MemoryRuntime({ clock: this.clock, ...runtime });
    this.runtime.images.add('app:1');
    this.runtime.images.add('app:2');
    this.options = options;
    this.manager = this.makeManager();
    this.pods.markSynced();
  }

  makeManager(): PodManager {
    return new PodManager({
      runtime: this.runtime,
      state: {
        pods: this.pods,
        configmaps: this.configmaps,
        runtimeclasses: this.runtimeclasses,
        servicecidrs: new MapView(),
        secrets: this.secrets,
        claims: this.claims,
        services: this.services,
        endpointslices: new MapView<EndpointSlice>(),
        nodes: new MapView<Node>(),
      },
      settings: () => ({
        clusterDomain: 'cluster.local',
        clusterDns: '10.96.0.10',
        clusterCidr: '10.244.0.0/16',
        serviceCidr: '10.96.0.0/12',
      }),
      reporter: {
        podStatus: (pod, status) => {
          this.statuses.set(pod.metadata.uid ?? '', status);
          this.history.push(status);
        },
        podGone: (pod) => void this.gone.push(pod.metadata.uid ?? ''),
        event: (_about, type, reason, message) => void this.events.push({ type, reason, message }),
      },
      volumes: noVolumes,
      files: noFiles,
      cgroups: noCgroups,
      clock: this.clock,
      log: silentLog,
      nodeName: 'node-1',
      nodeAddresses: () => ['192.0.2.1'],
      logRoot: '/nowhere',
      nodeCapacity: { milliCpu: 2000, memoryBytes: 2 ** 32 },
      hostFiles: { resolvConf: () => Promise.resolve(''), hosts: () => Promise.resolve('') },
      ...this.options,
    });
  }

  async start(): Promise<void> {
    await this.manager.start();
    await this.settle();
  }

  /** The agent dies and another one starts; everything in the runtime goes on. */
  async restartAgent(): Promise<void> {
    await this.manager.stop();
    this.manager = this.makeManager();
    await this.start();
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1000);
    await this.settle();
  }

  async apply(pod: Pod): Promise<void> {
    this.pods.set(keyOf(pod), pod);
    await this.settle();
  }

  status(uid = 'uid-web'): PodStatus {
    const status = this.statuses.get(uid);
    assert.ok(status, `no status of ${uid} was reported`);
    return status;
  }

  async running(): Promise<{ id: string; name: string; attempt: number }[]> {
    return (await this.runtime.listContainers()).filter(({ state }) => state === 'running');
  }

  async idOf(name: string): Promise<string> {
    const found = (await this.running()).find((container) => container.name === name);
    assert.ok(found, `${name} is not running`);
    return found.id;
  }

  reasons(): string[] {
    return this.events.map(({ reason }) => reason);
  }

  condition(type: string, uid?: string): string | undefined {
    return this.status(uid).conditions?.find((condition) => condition.type === type)?.status;
  }
}

export function container(change: Partial<Container> = {}): Container {
  return { name: 'web', image: 'app:1', imagePullPolicy: 'IfNotPresent', resources: {}, ...change };
}

export function pod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', generation: 1, ...metadata },
    spec: { containers: [container()], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec },
    status: { phase: 'Pending' },
  };
}

export function deleted(of: Pod, graceSeconds = 30): Pod {
  const metadata = {
    ...of.metadata,
    deletionTimestamp: '2026-01-01T00:00:00Z',
    deletionGracePeriodSeconds: graceSeconds,
  };
  return { ...of, metadata };
}
