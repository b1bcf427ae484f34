/** {@link ./node-probe.ts} on a host, and what it has told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Host } from '../../cli/local/host.ts';

const PROGRAM = new URL('node-probe.ts', import.meta.url).pathname;
const CLUSTER_DNS = '10.96.0.10';
const TABLE = 'dure';

export type Seen = 'dns' | 'rules';

interface Sight {
  at: number;
  what: Seen;
  addresses: string[];
}

export class NodeProbe {
  private readonly sights: Sight[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Looks at `name` (a headless service's) and at the service rules from that host, until {@link stop}. */
  static start(host: Host, name: string): NodeProbe {
    const inside = [`--net=/run/netns/${host.place.netns}`, process.execPath, PROGRAM, CLUSTER_DNS, name, TABLE];
    const child = spawn('nsenter', inside, { stdio: ['ignore', 'pipe', 'inherit'] });
    const probe = new NodeProbe(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      probe.sights.push(JSON.parse(line) as Sight);
      for (const look of probe.waiting) look();
    });
    return probe;
  }

  stop(): void {
    this.child.kill();
  }

  /** Everything that was seen from then on (milliseconds since 1970), oldest first. */
  since(at: number, what: Seen): readonly string[][] {
    return this.sights.filter((sight) => sight.what === what && sight.at >= at).map(({ addresses }) => addresses);
  }

  /** Resolves with the time (milliseconds since 1970) of the first sight at or after `since` that `holds`. */
  async first(since: number, what: Seen, holds: (addresses: readonly string[]) => boolean): Promise<number> {
    for (;;) {
      const found = this.sights.find((sight) => sight.at >= since && sight.what === what && holds(sight.addresses));
      if (found) return found.at;
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.waiting.delete(look);
          resolve();
        };
        this.waiting.add(look);
      });
    }
  }
}
