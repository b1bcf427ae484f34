/** A local cluster: its hosts, its registry and what runs on each, made from one small file that says its shape. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LocalError } from './errors.ts';
import { Host, type Service, removeClusterCgroups, removeUnlessUsed } from './host.ts';
import { REGISTRY_NAME, provideImages } from './images.ts';
import { linkState, makeSwitch, removeSwitch, setLink } from './link.ts';
import { Registry } from './registry.ts';
import { CLUSTERS_DIRECTORY, type HostPlace, type Topology, checkShape, topologyOf } from './topology.ts';

export const PORTS = { api: 6443, agents: 6444, web: 6445, registry: 5000 };
/** In a checkout Node runs the TypeScript as it is; what npm installs is JavaScript. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../dure${EXTENSION}`, import.meta.url).pathname;
/** Where compiled code is kept: programs that find it start sooner and need not load the compiler, a sixth of an agent. */
const COMPILE_CACHE = new URL('../../node_modules/.cache/dure/compiled', import.meta.url).pathname;
/** An agent makes little garbage at a time: it need not keep room for much, nor more than one thread to collect it. */
const AGENT_NODE_FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=1'];
/** Its threads ask for little memory, and each need not have an area of its own to take it from. */
const AGENT_ENVIRONMENT = { NODE_COMPILE_CACHE: COMPILE_CACHE, MALLOC_ARENA_MAX: '1' };
/** More than this costs memory and saves no time. */
const SERVER_NODE_FLAGS = ['--max-semi-space-size=8'];
const MAX_CLUSTERS = 256;
const NUMBERS_DIRECTORY = join(CLUSTERS_DIRECTORY, '.numbers');

export interface Shape {
  name: string;
  index: number;
  servers: number;
  nodes: number;
}

export type HostState = 'running' | 'cut' | 'down';

export interface HostReport {
  name: string;
  role: string;
  address: string;
  state: HostState;
}

/** Tells what is being done, for people. */
export type Progress = (what: string) => void;

export class LocalCluster {
  readonly topology: Topology;
  private readonly shape: Shape;
  private readonly hosts: Host[];
  private readonly registry: Registry;

  constructor(shape: Shape) {
    this.shape = shape;
    this.topology = topologyOf(shape.name, shape.index, shape.servers, shape.nodes);
    this.hosts = this.topology.hosts.map((place) => new Host(this.topology, place));
    const directory = join(this.topology.directory, 'registry');
    this.registry = new Registry({ host: this.topology.uplinkAddress, port: PORTS.registry, directory });
  }

  /** The cluster of that name; undefined when there is none. */
  static find(name: string): LocalCluster | undefined {
    const file = shapeFile(name);
    return existsSync(file) ? new LocalCluster(JSON.parse(readFileSync(file, 'utf8')) as Shape) : undefined;
  }

  /** The cluster of that name, made if there is none. One that is there keeps its shape: another one is an Error. */
  static define(name: string, servers: number, nodes: number): LocalCluster {
    checkShape(name, servers, nodes);
    const known = LocalCluster.find(name);
    if (!known) {
      const shape = { name, index: claimIndex(), servers, nodes };
      mkdirSync(join(CLUSTERS_DIRECTORY, name), { recursive: true });
      writeFileSync(shapeFile(name), JSON.stringify(shape));
      return new LocalCluster(shape);
    }
    const { shape } = known;
    if (shape.servers !== servers || shape.nodes !== nodes) {
      throw new LocalError(
        `cluster "${name}" has ${shape.servers} server(s) and ${shape.nodes} node(s); run "dure down --name ${name}" first`,
      );
    }
    return known;
  }

  /** Where kubectl and dure find the cluster. */
  get kubeconfig(): string {
    return this.kubeconfigOf(this.serverNames[0] ?? '');
  }

  /** The same, through one server. Throws an Error that lists the hosts when it is none of them. */
  kubeconfigOf(server: string): string {
    const { place } = this.host(server);
    if (place.role !== 'server') throw new LocalError(`host "${server}" is no server`);
    return join(place.directory, 'data', 'pki', 'admin.kubeconfig');
  }

  get serverNames(): string[] {
    return this.servers.map(({ name }) => name);
  }

  get nodeNames(): string[] {
    return this.topology.hosts.filter(({ role }) => role === 'node').map(({ name }) => name);
  }

  /** Starts everything that does not run. What was cut or killed on purpose is brought back too. */
  async up(progress: Progress): Promise<void> {
    progress('the link between the hosts');
    await makeSwitch(this.topology);
    progress('the image registry, and its images');
    await this.registry.start();
    await provideImages(this.registry.url);
    progress(`${this.hosts.length} hosts`);
    await Promise.all(this.hosts.map((host) => host.boot()));
    await Promise.all(this.hosts.map((host) => setLink(this.topology, host.place, 'up')));
    for (const host of this.hosts) {
      progress(`dure ${host.place.role === 'server' ? 'server' : 'agent'} on ${host.place.name}`);
      await this.startServices(host);
    }
  }

  /** Removes every trace of it. */
  async down(progress: Progress): Promise<void> {
    for (const host of this.hosts) {
      progress(host.place.name);
      await host.remove();
    }
    removeClusterCgroups(this.shape.name);
    await this.registry.stop();
    await removeSwitch(this.topology);
    await rm(this.topology.directory, { recursive: true, force: true });
    await rm(indexDirectory(this.shape.index), { recursive: true, force: true });
    for (const shared of [NUMBERS_DIRECTORY, CLUSTERS_DIRECTORY, dirname(CLUSTERS_DIRECTORY)]) removeUnlessUsed(shared);
  }

  async report(): Promise<HostReport[]> {
    return Promise.all(
      this.hosts.map(async (host) => {
        const { name, role, address } = host.place;
        const isCut = (await linkState(this.topology, host.place)) === 'down';
        const state: HostState = !(await host.isUp()) ? 'down' : isCut ? 'cut' : 'running';
        return { name, role, address, state };
      }),
    );
  }

  /** Like a power failure. */
  async kill(name: string): Promise<void> {
    await this.host(name).kill();
  }

  /** Its link goes down while everything on it keeps running. */
  async cut(name: string): Promise<void> {
    await setLink(this.topology, this.running(await this.host(name).isUp(), name).place, 'down');
  }

  async heal(name: string): Promise<void> {
    await setLink(this.topology, this.running(await this.host(name).isUp(), name).place, 'up');
  }

  /** Boots a host that is down from its disk. */
  async start(name: string): Promise<void> {
    const host = this.host(name);
    await host.boot();
    await this.startServices(host);
  }

  /** The host of that name. Throws an Error that lists those that exist. */
  host(name: string): Host {
    const host = this.hosts.find(({ place }) => place.name === name);
    if (host) return host;
    const names = this.hosts.map(({ place }) => place.name).join(', ');
    throw new LocalError(`cluster "${this.shape.name}" has no host "${name}"; it has ${names}`);
  }

  private get servers(): HostPlace[] {
    return this.topology.hosts.filter(({ role }) => role === 'server');
  }

  private running(isUp: boolean, name: string): Host {
    if (!isUp) throw new LocalError(`host "${name}" is down; "dure host start ${name}" boots it`);
    return this.host(name);
  }

  private async startServices(host: Host): Promise<void> {
    await host.startService(
      host.place.role === 'server' ? this.serverService(host.place) : this.agentService(host.place),
    );
  }

  private serverService({ address, directory, name }: HostPlace): Service {
    const [first] = this.servers;
    const joining = {
      join: `https://${first?.address}:${PORTS.web}`,
      'token-file': join(first?.directory ?? '', 'data', 'server-join-token'),
    };
    const flags = {
      'data-dir': join(directory, 'data'),
      name,
      'advertise-address': address,
      ...(first?.name === name ? {} : joining),
    };
    const command = [process.execPath, ...SERVER_NODE_FLAGS, PROGRAM, 'server', ...flagArguments(flags)];
    return { name: 'server', command, environment: { NODE_COMPILE_CACHE: COMPILE_CACHE } };
  }

  private agentService({ name, address, directory, cgroup }: HostPlace): Service {
    const [first] = this.servers;
    const flags = {
      server: this.servers.map((each) => `https://${each.address}:${PORTS.web}`).join(','),
      'token-file': join(first?.directory ?? '', 'data', 'join-token'),
      'node-name': name,
      'node-address': address,
      'data-dir': join(directory, 'data'),
      'run-dir': '/run/dure',
      'cgroup-root': cgroup,
      'registry-mirror': `${REGISTRY_NAME}=${this.registry.url}`,
      'pause-image': `${REGISTRY_NAME}/pause:1`,
    };
    const node = [process.execPath, ...AGENT_NODE_FLAGS];
    const command = [...node, PROGRAM, 'agent', '--start-containerd', ...flagArguments(flags)];
    return { name: 'agent', command, environment: AGENT_ENVIRONMENT };
  }
}

/** The names of all local clusters of this machine. */
export function clusterNames(): string[] {
  if (!existsSync(CLUSTERS_DIRECTORY)) return [];
  return readdirSync(CLUSTERS_DIRECTORY).filter((name) => existsSync(shapeFile(name)));
}

function shapeFile(name: string): string {
  return join(CLUSTERS_DIRECTORY, name, 'cluster.json');
}

/** Takes a number that no other cluster has, also when several are made at the same time: a directory is made once. */
function claimIndex(): number {
  for (let index = 0; index < MAX_CLUSTERS; index += 1) {
    if (claim(indexDirectory(index))) return index;
  }
  throw new LocalError(`there are ${MAX_CLUSTERS} local clusters already`);
}

/** Only who makes a directory has it. */
function claim(directory: string): boolean {
  mkdirSync(dirname(directory), { recursive: true });
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function indexDirectory(index: number): string {
  return join(NUMBERS_DIRECTORY, String(index));
}

function flagArguments(flags: Record<string, string>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}
