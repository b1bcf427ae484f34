/** The configuration with which containerd serves one host, also beside other containerds on the same machine. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface ContainerdConfig {
  /** Images and snapshots; survives a restart of the machine. */
  root: string;
  /** What belongs to running containers. */
  state: string;
  socket: string;
  /** The image of the process that holds a sandbox open. */
  sandboxImage: string;
  cniConfigDirectory: string;
  cniBinaryDirectory: string;
  cgroupDriver: 'cgroupfs' | 'systemd';
  /** Where exec, attach and port-forward are served; they ask for no password, so loopback unless the link is private. */
  streamAddress: string;
  /** Set where the machine does not allow to lower oom_score_adj: see {@link mayRaiseResourceLimits}. */
  restrictOomScoreAdj: boolean;
  /** Where images of a registry really are: registry name to URL. Plain http is taken as it is. */
  mirrors: Record<string, string>;
}

const CAP_SYS_RESOURCE = 24n;

/** Whether a process with this `/proc/PID/status` has CAP_SYS_RESOURCE, without which runc can't lower oom_score_adj. */
export function mayRaiseResourceLimits(procStatus: string = readFileSync('/proc/self/status', 'utf8')): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(procStatus)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** Everything of one host below two directories, with what fits most machines for the rest. */
export function defaultContainerdConfig(rootDirectory: string, stateDirectory: string): ContainerdConfig {
  return {
    root: path.join(rootDirectory, 'containerd'),
    state: path.join(stateDirectory, 'containerd'),
    socket: path.join(stateDirectory, 'containerd', 'containerd.sock'),
    sandboxImage: 'registry.k8s.io/pause:3.10',
    cniConfigDirectory: path.join(rootDirectory, 'cni', 'net.d'),
    cniBinaryDirectory: '/usr/lib/cni',
    cgroupDriver: 'cgroupfs',
    streamAddress: '127.0.0.1',
    restrictOomScoreAdj: !mayRaiseResourceLimits(),
    mirrors: {},
  };
}

/** Writes `config.toml` and the registries' hosts.toml files below `root`; returns the path of config.toml. */
export function writeContainerdConfig(config: ContainerdConfig): string {
  const registryDirectory = path.join(config.root, 'registries');
  const file = path.join(config.root, 'config.toml');
  mkdirSync(config.root, { recursive: true, mode: 0o711 });
  mkdirSync(path.dirname(config.socket), { recursive: true });
  mkdirSync(config.cniConfigDirectory, { recursive: true });
  writeFileSync(file, containerdToml(config, registryDirectory));
  for (const [registry, url] of Object.entries(config.mirrors)) {
    const directory = path.join(registryDirectory, registry);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, 'hosts.toml'), hostsToml(url));
  }
  return file;
}

export function containerdToml(config: ContainerdConfig, registryDirectory: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return toml([
    ['', { version: 2, root: config.root, state: config.state, disabled_plugins: UNUSED_PLUGINS }],
    ['grpc', { address: config.socket }],
    ['plugins."io.containerd.internal.v1.opt"', { path: path.join(config.root, 'opt') }],
    [
      cri,
      {
        sandbox_image: config.sandboxImage,
        restrict_oom_score_adj: config.restrictOomScoreAdj,
        stream_server_address: config.streamAddress,
        stream_server_port: '0',
      },
    ],
    [`${cri}.cni`, { bin_dir: config.cniBinaryDirectory, conf_dir: config.cniConfigDirectory }],
    [`${cri}.registry`, { config_path: registryDirectory }],
    [`${cri}.containerd.runtimes.runc`, { runtime_type: 'io.containerd.runc.v2' }],
    [
      `${cri}.containerd.runtimes.runc.options`,
      { SystemdCgroup: config.cgroupDriver === 'systemd', Root: path.join(config.state, 'runc') },
    ],
  ]);
}

/** They would only look for file systems and tools that are not used, at each start. */
const UNUSED_PLUGINS = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
];

function hostsToml(url: string): string {
  return toml([
    ['', { server: url }],
    [`host."${url}"`, { capabilities: ['pull', 'resolve'] }],
  ]);
}

type TomlValue = string | number | boolean | string[];

/** JSON's strings, numbers, booleans and arrays of strings are TOML as they are. */
function toml(tables: [string, Record<string, TomlValue>][]): string {
  const lines = tables.flatMap(([name, values]) => [
    ...(name === '' ? [] : ['', `[${name}]`]),
    ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ]);
  return `${lines.join('\n')}\n`;
}
