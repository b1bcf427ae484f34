/**
 * Real hosts for tests: the product's own local hosts (cli/local), each with a containerd, a bridge network for pods and
 * a registry with the project's images, in a directory and on a link of their own. `destroy` leaves nothing behind.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { Host, removeClusterCgroups } from '../../cli/local/host.ts';
import { IMAGES, provideImages, REGISTRY_NAME } from '../../cli/local/images.ts';
import { makeSwitch, removeSwitch } from '../../cli/local/link.ts';
import { output } from '../../lib/process.ts';
import { Registry } from '../../cli/local/registry.ts';
import { topologyOf, type HostPlace, type Topology } from '../../cli/local/topology.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import { defaultContainerdConfig, writeContainerdConfig } from '../../node-agent/runtime/config.ts';
import { CriRuntime } from '../../node-agent/runtime/cri-runtime.ts';

const REGISTRY_PORT = 5000;
const READY_MILLISECONDS = 30_000;

export interface TestHost {
  name: string;
  netns: string;
  /** On the link between the hosts; this machine reaches it. */
  address: string;
  /** On this machine's disk; seen under the same path from inside. */
  directory: string;
  /** Where pods' cgroups belong, so that they are removed with the host. */
  cgroupParent: string;
  containerd: {
    socket: string;
    pid(): Promise<number>;
    /** Ends it in an orderly way. Containers go on. */
    stop(): Promise<void>;
    start(): Promise<void>;
  };
  /** Runs a program on the host to its end; rejects unless it exits with 0. Returns its standard output. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Starts a program on the host; the caller ends it (`destroy` does at the latest). */
  spawn(program: string, ...args: string[]): Promise<ChildProcess>;
  /** As if its power failed. */
  kill(): Promise<void>;
  host: Host;
}

export interface TestSite {
  hosts: TestHost[];
  registry: Registry;
  topology: Topology;
  destroy(): Promise<void>;
}

/** Hosts on one link, with a registry that has all of {@link IMAGES}. Their pods get 10.244.N.0/24. */
export async function createSite(options: { name: string; hosts?: number }): Promise<TestSite> {
  const directory = mkdtempSync(path.join(tmpdir(), `dure-${options.name}-`));
  const topology = testTopology(options.name, directory, options.hosts ?? 1);
  const { uplinkAddress } = topology;
  const registry = new Registry({
    host: uplinkAddress,
    port: REGISTRY_PORT,
    directory: path.join(directory, 'registry'),
  });
  const hosts = topology.hosts.map((place) => new Host(topology, place));
  const destroy = async (): Promise<void> => {
    for (const host of hosts) await host.remove();
    removeClusterCgroups(topology.name);
    await registry.stop();
    await removeSwitch(topology);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await makeSwitch(topology);
    await registry.start();
    await provideImages(registry.url);
    const ready = await Promise.all(hosts.map((host, index) => prepare(host, index, registry.url)));
    return { hosts: ready, registry, topology, destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}

/** One host. `destroy` removes it with its link and its registry. */
export async function createHost(options: { name: string }): Promise<TestHost & { destroy(): Promise<void> }> {
  const site = await createSite(options);
  const [host] = site.hosts;
  if (!host) throw new Error('a site of no hosts');
  return { ...host, destroy: () => site.destroy() };
}

/** The product counts its clusters from 0 upwards, so tests take the first free link from the top. */
export function testTopology(name: string, directory: string, hosts: number): Topology {
  let index = 255;
  while (existsSync(`/sys/class/net/dure${index}`)) index -= 1;
  if (index < 128) throw new Error('too many links of tests are left over');
  const unique = `${name}-${process.pid}`;
  const topology = topologyOf(unique, index, 0, hosts);
  const place = (host: HostPlace): HostPlace => ({ ...host, directory: path.join(directory, host.name) });
  return { ...topology, directory, hosts: topology.hosts.map(place) };
}

async function prepare(host: Host, index: number, registryUrl: string): Promise<TestHost> {
  const { place } = host;
  mkdirSync(path.join(place.directory, 'log'), { recursive: true });
  await host.boot();
  const config = {
    ...defaultContainerdConfig(place.directory, path.join(place.directory, 'state')),
    sandboxImage: IMAGES.pause,
    // Tests run on the machine, not on the host; the product keeps to loopback.
    streamAddress: place.address,
    mirrors: { [REGISTRY_NAME]: registryUrl },
  };
  const command = ['containerd', '--config', writeContainerdConfig(config)];
  writeFileSync(path.join(config.cniConfigDirectory, '10-test.conflist'), bridgeNetwork(place, index));
  const start = async (): Promise<void> => {
    await host.startService({ name: 'containerd', command });
    await untilReady(config.socket);
  };
  await start();
  return {
    name: place.name,
    netns: place.netns,
    address: place.address,
    directory: place.directory,
    cgroupParent: `${place.cgroup}/pods`,
    host,
    containerd: {
      socket: config.socket,
      pid: async () => (await host.servicePid('containerd')) ?? Promise.reject(new Error('containerd does not run')),
      stop: () => host.stopService('containerd'),
      start,
    },
    run: (program, ...args) => host.run(program, ...args),
    spawn: async (program, ...args) => spawn('nsenter', [...(await host.enter()), program, ...args]),
    kill: () => host.kill(),
  };
}

function bridgeNetwork(place: HostPlace, index: number): string {
  const subnet = `10.244.${index}.0/24`;
  const ipam = {
    type: 'host-local',
    dataDir: path.join(place.directory, 'cni', 'addresses'),
    ranges: [[{ subnet }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [bridge] });
}

/** containerd opens its socket before CRI is ready. */
async function untilReady(socket: string): Promise<void> {
  const runtime = new CriRuntime({ socket, clock: systemClock, log: silentLog });
  const deadline = Date.now() + READY_MILLISECONDS;
  try {
    for (;;) {
      const problems = await runtime.problems().catch((error: Error) => [error.message]);
      if (problems.length === 0) return;
      if (Date.now() > deadline) throw new Error(`containerd at ${socket}: ${problems.join('; ')}`);
      await setTimeout(50);
    }
  } finally {
    runtime.close();
  }
}

/** Whether this machine can have hosts at all: integration tests skip themselves where it can't. */
export async function canHaveHosts(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const needed = ['containerd', 'runc', 'docker-registry', 'catatonit', 'busybox', 'nsenter', 'ip'];
  const found = await Promise.all(needed.map((program) => output('which', [program])));
  return found.every(({ code }) => code === 0);
}
