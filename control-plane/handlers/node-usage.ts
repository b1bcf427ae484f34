/** What nodes and their pods use now, asked of their agents; kept for some seconds, for everybody asks for all of it. */
import { CHANNEL, type NodeUsage } from '../../api/streams.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { NodeTunnels } from '../nodes/port.ts';

const KEEP_MILLISECONDS = 5_000;
const DEADLINE_MILLISECONDS = 5_000;
const ANSWER_LIMIT_BYTES = 16 * 1024 * 1024;
/** How many agents are asked at once. */
const CONCURRENCY = 32;

interface Known {
  readonly until: number;
  readonly usage: Promise<NodeUsage | undefined>;
}

export class NodeUsages {
  private readonly tunnels: NodeTunnels;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly known = new Map<string, Known>();

  constructor(options: { readonly tunnels: NodeTunnels; readonly clock: Clock; readonly log: Log }) {
    this.tunnels = options.tunnels;
    this.clock = options.clock;
    this.log = options.log;
  }

  /** undefined when the node can't be asked now. */
  of(nodeName: string): Promise<NodeUsage | undefined> {
    this.forget();
    const present = this.known.get(nodeName);
    if (present) return present.usage;
    const usage = this.ask(nodeName);
    this.known.set(nodeName, { until: this.clock.now() + KEEP_MILLISECONDS, usage });
    return usage;
  }

  /** By node name, without those that can't be asked now. */
  async ofAll(nodeNames: readonly string[]): Promise<Map<string, NodeUsage>> {
    const found = new Map<string, NodeUsage>();
    const pending = nodeNames.values();
    const work = async (): Promise<void> => {
      for (const nodeName of pending) {
        const usage = await this.of(nodeName);
        if (usage) found.set(nodeName, usage);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, nodeNames.length) }, work));
    return found;
  }

  private forget(): void {
    const now = this.clock.now();
    for (const [nodeName, { until }] of this.known) if (until <= now) this.known.delete(nodeName);
  }

  private async ask(nodeName: string): Promise<NodeUsage | undefined> {
    const ended = new AbortController();
    const timer = this.clock.after(DEADLINE_MILLISECONDS, () => ended.abort(new Error('the agent did not answer')));
    try {
      return await this.read(nodeName, ended.signal);
    } catch (error) {
      this.log.info({ err: error, node: nodeName }, 'a node did not say what it uses');
      return undefined;
    } finally {
      timer.cancel();
      ended.abort();
    }
  }

  private async read(nodeName: string, signal: AbortSignal): Promise<NodeUsage> {
    const tunnel = await this.tunnels.open(nodeName, { kind: 'usage' }, signal);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const { channel, data } of tunnel.frames) {
      if (channel === CHANNEL.error) {
        const { status, message } = JSON.parse(data.toString()) as { status?: string; message?: string };
        if (status !== 'Success') throw new Error(message ?? 'the agent refused');
      }
      if (channel !== CHANNEL.stdout) continue;
      size += data.length;
      if (size > ANSWER_LIMIT_BYTES) throw new Error('the agent says too much');
      pieces.push(data);
    }
    return JSON.parse(Buffer.concat(pieces).toString()) as NodeUsage;
  }
}
