/** A node of one test: the real pod manager on a real containerd, on a host of its own. */
import path from 'node:path';
import { noTokens } from '../../support/no-tokens.ts';
import { persistentVolumes } from '../../support/persistent-volumes.ts';
import { keyOf } from '../../../api/object.ts';
import type { NodeClaim } from '../../../api/node-volumes.ts';
import type { ConfigMap, ContainerStatus, Node, Pod, PodStatus, Secret, Service } from '../../../api/types/core.v1.ts';
import type { RuntimeClass } from '../../../api/types/node.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView } from '../../../lib/view.ts';
import { FileCgroups } from '../../../node-agent/pods/cgroups.ts';
import { DiskFiles } from '../../../node-agent/pods/files.ts';
import { PodManager } from '../../../node-agent/pods/manager.ts';
import { CriRuntime } from '../../../node-agent/runtime/cri-runtime.ts';
import { DiskVolumes } from '../../../node-agent/volumes/disk.ts';
import type { Mounter } from '../../../node-agent/volumes/mounts.ts';
import type { TestHost } from '../../support/host.ts';

const WAIT_MILLISECONDS = 40_000;
const LOOK_MILLISECONDS = 100;

export class RealNode {
  readonly pods = new MapView<Pod>();
  readonly configmaps = new MapView<ConfigMap>();
  readonly secrets = new MapView<Secret>();
  readonly statuses = new Map<string, PodStatus>();
  readonly gone = new Set<string>();
  readonly events: { pod: string; reason: string; message: string }[] = [];
  readonly runtime: CriRuntime;
  manager: PodManager;
  private readonly host: TestHost;
  private readonly waiting = new Set<() => void>();

  constructor(host: TestHost) {
    this.host = host;
    this.runtime = new CriRuntime({ socket: host.containerd.socket, clock: systemClock, log: silentLog });
    this.manager = this.makeManager();
    this.pods.markSynced();
  }

  async restartAgent(): Promise<void> {
    await this.manager.stop();
    this.manager = this.makeManager();
    await this.manager.start();
  }

  /** Ends every pod, then lets go of the runtime. */
  async close(): Promise<void> {
    const deletion = { deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: 0 };
    for (const pod of this.pods.list()) this.apply({ ...pod, metadata: { ...pod.metadata, ...deletion } });
    await this.until('all pods are gone', () => this.manager.size === 0);
    await this.manager.stop();
    this.runtime.close();
  }

  apply(pod: Pod): void {
    this.pods.set(keyOf(pod), pod);
  }

  container(pod: string, name = 'main'): ContainerStatus | undefined {
    const status = this.statuses.get(`uid-${pod}`);
    return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
      (found) => found.name === name,
    );
  }

  condition(pod: string, type: string): string | undefined {
    return this.statuses.get(`uid-${pod}`)?.conditions?.find((condition) => condition.type === type)?.status;
  }

  isRunning(pod: string): boolean {
    return this.container(pod)?.state.running !== undefined;
  }

  async exec(pod: string, ...command: string[]): Promise<string> {
    const place = await this.manager.lookup.container({ namespace: 'default', name: pod, uid: '' }, 'main', false);
    if (!place) throw new Error(`no container in ${pod}`);
    const { stdout, stderr } = await this.runtime.execSync(place.id, command, 10);
    return Buffer.concat([stdout, stderr]).toString();
  }

  /** Looks again after everything that is reported, and now and then for what nobody reports. */
  until(what: string, isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(limit);
        clearInterval(again);
        this.waiting.delete(look);
      };
      const look = (): void => {
        if (!isSo()) return;
        finish();
        resolve();
      };
      const limit = setTimeout(() => {
        finish();
        const facts = JSON.stringify([...this.statuses.values(), this.events.slice(-10)]);
        reject(new Error(`waited in vain until ${what}: ${facts}`));
      }, WAIT_MILLISECONDS);
      const again = setInterval(look, LOOK_MILLISECONDS);
      this.waiting.add(look);
      look();
    });
  }

  private told(): void {
    // What is asked may show a moment after it was told.
    setImmediate(() => {
      for (const look of this.waiting) look();
    });
  }

  private makeManager(): PodManager {
    const { host } = this;
    const { configmaps, secrets } = this;
    return new PodManager({
      runtime: this.runtime,
      state: {
        pods: this.pods,
        configmaps,
        secrets,
        claims: new MapView<NodeClaim>(),
        services: new MapView<Service>(),
        endpointslices: new MapView<EndpointSlice>(),
        nodes: new MapView<Node>(),
        runtimeclasses: new MapView<RuntimeClass>(),
        servicecidrs: new MapView(),
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
          this.told();
        },
        podGone: (pod) => {
          this.gone.add(pod.metadata.uid ?? '');
          this.told();
        },
        event: (about, _type, reason, message) => {
          this.events.push({ pod: about.name, reason, message });
          this.told();
        },
      },
      volumes: new DiskVolumes({
        persistent: persistentVolumes(host.directory),
        root: path.join(host.directory, 'volumes'),
        memory: path.join(host.directory, 'memory'),
        configMaps: configmaps,
        secrets,
        mounter: plainDirectories,
        ...noTokens(),
      }),
      files: new DiskFiles({ root: path.join(host.directory, 'pods') }),
      cgroups: new FileCgroups({ root: host.cgroupParent }),
      clock: systemClock,
      log: silentLog,
      nodeName: host.name,
      nodeAddresses: () => [host.address],
      logRoot: path.join(host.directory, 'log', 'pods'),
    });
  }
}

/**
 * The test is not inside the host's mount namespace, as its agent is: what it mounts the host's containerd would not see.
 * So what belongs in memory stays on disk here; mounts.test.ts tries the real ones.
 */
const plainDirectories: Mounter = {
  mountTmpfs: () => Promise.resolve(),
  unmount: () => Promise.resolve(),
  mountsBelow: () => Promise.resolve([]),
};
