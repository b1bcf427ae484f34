/** CPU and memory of the node and its pods. CPU time only counts up, so each answer compares with an earlier sample. */
import { readFile } from 'node:fs/promises';
import type { NodeUsage, Usage } from '../../api/streams.ts';
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import type { ContainerUsage, Runtime } from '../runtime/port.ts';
import type { PodLookup } from './port.ts';

export interface UsageMeterOptions {
  runtime: Pick<Runtime, 'usage'>;
  pods: Pick<PodLookup, 'podOf'>;
  clock: Clock;
  /** The node's own counters; /proc of this machine by default. */
  readNode?: () => Promise<NodeCounters>;
}

export interface NodeCounters {
  /** Seconds of CPU used since boot, over all cores. */
  cpuSeconds: number;
  /** Bytes that can't be given to others. */
  memoryBytes: number;
}

interface Sample {
  /** On the monotonic clock, in milliseconds. */
  at: number;
  node: NodeCounters;
  containers: Map<string, ContainerUsage>;
}

/** A sample younger than this says too little about CPU, one older too much. */
const WINDOW_MILLISECONDS = { least: 1000, most: 120_000 };
const TICKS_A_SECOND = 100;

export class UsageMeter {
  private readonly options: UsageMeterOptions;
  private last: Sample | undefined;

  constructor(options: UsageMeterOptions) {
    this.options = options;
  }

  /** Takes a second when there is no recent sample to compare with. */
  async measure(signal: AbortSignal): Promise<NodeUsage> {
    const { clock } = this.options;
    const before = this.usableSample() ?? (await this.sample());
    const missing = WINDOW_MILLISECONDS.least - (clock.now() - before.at);
    if (missing > 0) await sleep(clock, missing, signal);
    const now = await this.sample();
    this.last = now;
    return this.compare(before, now);
  }

  private usableSample(): Sample | undefined {
    const age = this.last ? this.options.clock.now() - this.last.at : Infinity;
    return age <= WINDOW_MILLISECONDS.most ? this.last : undefined;
  }

  private async sample(): Promise<Sample> {
    const [node, containers] = await Promise.all([
      (this.options.readNode ?? readNodeCounters)(),
      this.options.runtime.usage(),
    ]);
    return {
      at: this.options.clock.now(),
      node,
      containers: new Map(containers.map((item) => [item.containerId, item])),
    };
  }

  private compare(before: Sample, now: Sample): NodeUsage {
    const seconds = (now.at - before.at) / 1000;
    const cpu = Math.max(0, (now.node.cpuSeconds - before.node.cpuSeconds) / seconds);
    const pods = new Map<string, NodeUsage['pods'][number]>();
    for (const item of now.containers.values()) {
      const pod = this.options.pods.podOf(item.sandboxId);
      if (!pod) continue;
      const entry = pods.get(item.sandboxId) ?? { ...pod, containers: [] };
      pods.set(item.sandboxId, entry);
      entry.containers.push({
        name: item.name,
        ...containerUsage(before.containers.get(item.containerId), item, seconds),
      });
    }
    return {
      timestamp: this.options.clock.date().toISOString(),
      window: seconds,
      node: { cpu, memory: now.node.memoryBytes },
      pods: [...pods.values()],
    };
  }
}

/** One that was started since the earlier sample has used all of its CPU since then. */
function containerUsage(before: ContainerUsage | undefined, now: ContainerUsage, seconds: number): Usage {
  const elapsed = before ? (now.timestamp - before.timestamp) * 1e6 : seconds * 1e9;
  const used = now.cpuNanoseconds - (before?.cpuNanoseconds ?? 0);
  return { cpu: elapsed > 0 ? Math.max(0, used / elapsed) : 0, memory: now.memoryBytes };
}

async function readNodeCounters(): Promise<NodeCounters> {
  const [stat, meminfo] = await Promise.all([readFile('/proc/stat', 'utf8'), readFile('/proc/meminfo', 'utf8')]);
  return parseNodeCounters(stat, meminfo);
}

/** From the texts of /proc/stat and /proc/meminfo. */
export function parseNodeCounters(stat: string, meminfo: string): NodeCounters {
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0);
  return {
    cpuSeconds: (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND,
    memoryBytes: (kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1024,
  };
}
