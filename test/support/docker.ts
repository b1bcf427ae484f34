/**
 * A Docker daemon of a test's own, on a host of its own: what it mounts, its networks, processes and cgroups end with
 * that host. `testcontainers` finds it through the environment. This machine reaches its containers by their addresses.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Host, removeClusterCgroups } from '../../cli/local/host.ts';
import { makeSwitch, removeSwitch } from '../../cli/local/link.ts';
import { output, run } from '../../lib/process.ts';
import { eventually } from './eventually.ts';
import { testTopology } from './host.ts';

export interface Docker {
  /** What a network of its containers may use; routed from here. */
  readonly subnet: string;
  remove(): Promise<void>;
}

/** Whether this machine can run Docker at all. */
export async function canHaveDocker(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const found = await Promise.all(['dockerd', 'nsenter', 'ip'].map((program) => output('which', [program])));
  return found.every(({ code }) => code === 0);
}

export async function startDocker(name: string): Promise<Docker> {
  const directory = mkdtempSync(path.join(tmpdir(), `dure-${name}-`));
  const topology = testTopology(name, directory, 1);
  const [place] = topology.hosts;
  if (!place) throw new Error('a site of no hosts');
  const host = new Host(topology, place);
  const subnet = `10.87.${topology.index}.0/24`;
  const socket = path.join(directory, 'docker.sock');
  const restore = pointAt(socket);
  const remove = async (): Promise<void> => {
    restore();
    thaw(place.cgroup);
    await host.remove();
    removeClusterCgroups(topology.name);
    await removeSwitch(topology);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await makeSwitch(topology);
    await host.boot();
    await host.startService({ name: 'dockerd', command: daemon(directory, socket, place.cgroup) });
    await run('ip', ['route', 'add', subnet, 'via', place.address]);
    await eventually(`dockerd answers; see ${host.logFile('dockerd')}`, () => ping(socket));
    return { subnet, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A container that is paused in cgroup v1 does not end, however it is told to. */
function thaw(cgroup: string): void {
  const root = path.join('/sys/fs/cgroup/freezer', cgroup);
  if (!existsSync(root)) return;
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (path.basename(entry) === 'freezer.state') writeFileSync(path.join(root, entry), 'THAWED');
  }
}

/** Without packet filters: nothing is published or translated, and the containers are reached by their own addresses. */
function daemon(directory: string, socket: string, cgroup: string): string[] {
  const config = path.join(directory, 'daemon.json');
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    config,
    JSON.stringify({
      hosts: [`unix://${socket}`],
      'data-root': path.join(directory, 'data'),
      'exec-root': path.join(directory, 'exec'),
      pidfile: path.join(directory, 'docker.pid'),
      'cgroup-parent': `${cgroup}/containers`,
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
      'oom-score-adjust': 0,
      // testcontainers looks for the default network; nothing is put on it.
      bip: '10.86.0.1/24',
      iptables: false,
      ip6tables: false,
    }),
  );
  return ['dockerd', '--config-file', config];
}

/** No helper container takes care of what is left behind: its image can't be pulled everywhere, and the host goes as a whole. */
function pointAt(socket: string): () => void {
  const wanted = { DOCKER_HOST: `unix://${socket}`, TESTCONTAINERS_RYUK_DISABLED: 'true' };
  const before = Object.keys(wanted).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, wanted);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

function ping(socketPath: string): Promise<true | undefined> {
  if (!existsSync(socketPath)) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}
