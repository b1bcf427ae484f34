/** Starts and ends pods on the containerds of a cluster's hosts with nothing but CRI calls: what no orchestrator can beat. */
import { randomUUID } from 'node:crypto';
import type { LocalCluster } from '../../cli/local/cluster.ts';
import type { Host } from '../../cli/local/host.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import { Limit } from '../../node-agent/pods/limit.ts';
import { defaultContainerdConfig } from '../../node-agent/runtime/config.ts';
import { CriRuntime } from '../../node-agent/runtime/cri-runtime.ts';
import type { ContainerConfig, SandboxConfig } from '../../node-agent/runtime/port.ts';

/** As many as an agent sets up at a time. */
const PARALLEL = 8;

interface BareHost {
  readonly runtime: CriRuntime;
  readonly cgroup: string;
  readonly logDirectory: string;
  readonly starts: Limit;
}

export class BareCri {
  private readonly hosts: readonly BareHost[];

  private constructor(hosts: readonly BareHost[]) {
    this.hosts = hosts;
  }

  static async connect(cluster: LocalCluster): Promise<BareCri> {
    return new BareCri(await Promise.all(cluster.nodeNames.map((name) => connect(cluster.host(name)))));
  }

  close(): void {
    for (const { runtime } of this.hosts) runtime.close();
  }

  /** Starts `count` pods of one container, as many on each host, and resolves with what ends them when all run. */
  async start(count: number, image: string): Promise<() => Promise<void>> {
    const ends = await Promise.all(
      Array.from({ length: count }, (_, number) => {
        const host = this.hosts[number % this.hosts.length] as BareHost;
        return host.starts.run(() => startPod(host, `bare-${number}`, image));
      }),
    );
    return async () => {
      await Promise.all(ends.map((end) => end()));
    };
  }
}

async function connect(host: Host): Promise<BareHost> {
  const agent = await host.servicePid('agent');
  if (agent === undefined) throw new Error(`no agent runs on ${host.place.name}`);
  const { socket } = defaultContainerdConfig('/', '/run/dure');
  return {
    // The host has a /run of its own, which is reached through one of its processes.
    runtime: new CriRuntime({ socket: `/proc/${agent}/root${socket}`, clock: systemClock, log: silentLog }),
    cgroup: `${host.place.cgroup}/bare`,
    logDirectory: `${host.place.directory}/data/bare-logs`,
    starts: new Limit(PARALLEL),
  };
}

/** Resolves when its container runs, with what ends it. */
async function startPod({ runtime, ...place }: BareHost, name: string, image: string): Promise<() => Promise<void>> {
  const sandbox = sandboxConfig(name, place);
  const id = await runtime.runSandbox(sandbox);
  const container = await runtime.createContainer(id, containerConfig(image), sandbox);
  await runtime.startContainer(container);
  return async () => {
    await runtime.stopSandbox(id);
    await runtime.removeSandbox(id);
  };
}

function sandboxConfig(
  name: string,
  { cgroup, logDirectory }: Pick<BareHost, 'cgroup' | 'logDirectory'>,
): SandboxConfig {
  const uid = randomUUID();
  return {
    name,
    namespace: 'bare',
    uid,
    attempt: 0,
    hostname: name,
    logDirectory: `${logDirectory}/${uid}`,
    dns: undefined,
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent: cgroup,
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    security: { privileged: false, supplementalGroups: [] },
    shareProcessNamespace: false,
    sysctls: {},
    runtimeHandler: '',
  };
}

function containerConfig(image: string): ContainerConfig {
  return {
    name: 'main',
    attempt: 0,
    image,
    command: [],
    args: [],
    workingDirectory: '',
    env: [],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: 'main.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      privileged: false,
      readonlyRootfs: false,
      supplementalGroups: [],
      noNewPrivileges: false,
      addCapabilities: [],
      dropCapabilities: [],
      seccomp: 'RuntimeDefault',
    },
  };
}
