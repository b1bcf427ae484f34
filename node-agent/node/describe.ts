/** The node as its agent sees it: the Node object of hello and its status. */
import { cpus, arch, hostname, release, totalmem } from 'node:os';
import { readFile, statfs } from 'node:fs/promises';
import type { Node, NodeCondition, NodeStatus } from '../../api/types/core.v1.ts';

const KIB = 1024;
/** Go's names for what Node calls x64 and arm64. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

export interface NodeFacts {
  name: string;
  address: string;
  labels: Record<string, string>;
  version: string;
  runtimeVersion: string;
  maxPods: number;
  machine: MachineFacts;
}

/** What the machine is and how it is called. */
export interface MachineFacts {
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  hostname: string;
  kernel: string;
  osImage: string;
  architecture: string;
  machineId: string;
  bootId: string;
}

export async function machineFacts(dataDirectory: string): Promise<MachineFacts> {
  const disk = await statfs(dataDirectory);
  return {
    cpus: cpus().length,
    memoryBytes: totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    hostname: hostname(),
    kernel: release(),
    osImage: await osImage(),
    architecture: ARCHITECTURES[arch()] ?? arch(),
    machineId: await firstLine('/etc/machine-id'),
    bootId: await firstLine('/proc/sys/kernel/random/boot_id'),
  };
}

/** Of the disk that holds a directory. */
export async function diskOf(directory: string): Promise<{ capacityBytes: number; availableBytes: number }> {
  const { blocks, bsize, bavail } = await statfs(directory);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
}

/** What the node is short of. */
export interface Pressures {
  memory: boolean;
  disk: boolean;
  pids: boolean;
}

export interface NodeHealth {
  /** Why it can't run pods now, in words; empty when it can. */
  problems: readonly string[];
  pressures: Pressures;
}

/** `now`: RFC 3339, in seconds. */
export function describeNode(facts: NodeFacts, health: NodeHealth, now: string): Node {
  const { name, machine } = facts;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': machine.architecture,
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': machine.architecture,
        ...facts.labels,
      },
    },
    spec: {},
    status: statusOf(facts, health, now),
  };
}

function statusOf(facts: NodeFacts, health: NodeHealth, now: string): NodeStatus {
  const { machine } = facts;
  const capacity = {
    cpu: String(machine.cpus),
    memory: `${Math.floor(machine.memoryBytes / KIB)}Ki`,
    'ephemeral-storage': `${Math.floor(machine.diskBytes / KIB)}Ki`,
    pods: String(facts.maxPods),
  };
  return {
    capacity,
    allocatable: { ...capacity },
    addresses: [
      { type: 'InternalIP', address: facts.address },
      { type: 'Hostname', address: facts.name },
    ],
    conditions: conditionsOf(health, now),
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.machineId,
      bootID: machine.bootId,
      kernelVersion: machine.kernel,
      osImage: machine.osImage,
      containerRuntimeVersion: facts.runtimeVersion,
      kubeletVersion: facts.version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
  };
}

function conditionsOf({ problems, pressures }: NodeHealth, now: string): NodeCondition[] {
  const condition = (type: string, is: boolean, reason: string, message: string): NodeCondition => ({
    type,
    status: is ? 'True' : 'False',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  });
  const memory = pressures.memory
    ? condition('MemoryPressure', true, 'KubeletHasInsufficientMemory', 'the node is short of memory')
    : condition('MemoryPressure', false, 'KubeletHasSufficientMemory', 'the node has enough memory');
  const disk = pressures.disk
    ? condition('DiskPressure', true, 'KubeletHasDiskPressure', 'the disk of the node is nearly full')
    : condition('DiskPressure', false, 'KubeletHasNoDiskPressure', 'the node has enough disk');
  const pids = pressures.pids
    ? condition('PIDPressure', true, 'KubeletHasInsufficientPID', 'the node is short of process ids')
    : condition('PIDPressure', false, 'KubeletHasSufficientPID', 'the node has enough process ids');
  const ready =
    problems.length === 0
      ? condition('Ready', true, 'KubeletReady', 'the agent runs pods')
      : condition('Ready', false, 'KubeletNotReady', problems.join('; '));
  return [memory, disk, pids, ready];
}

async function osImage(): Promise<string> {
  const [, name] = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(await read('/etc/os-release')) ?? [];
  return name ?? 'Linux';
}

async function firstLine(path: string): Promise<string> {
  return (await read(path)).split('\n')[0] ?? '';
}

/** These files describe; a machine that lacks one is described with less. */
async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
