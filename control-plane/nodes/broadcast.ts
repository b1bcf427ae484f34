/**
 * What all agents are told alike: a message is encoded once, and its bytes go to each agent that is up to date. A change
 * goes out at once, those that follow it at intervals that grow with the number of agents: when a thousand nodes join, each
 * agent is told of some hundred at a time instead of a thousand times of one.
 */
import { type Lookup, type Pending, note, takeBatch } from './batch.ts';
import type { Feed } from './feed.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { encodeForMany } from '../../lib/link/proto.ts';

/** Between two rounds, for each agent: some thousand messages a second, however many agents there are. */
const INTERVAL_MILLISECONDS = 0.25;

export interface BroadcastOptions {
  /** Those of all agents. */
  readonly feeds: () => readonly Feed[];
  readonly lookup: Lookup;
  readonly clock: Clock;
}

export class Broadcast {
  private readonly options: BroadcastOptions;
  private readonly pending: Pending = new Map();
  private notBefore = -Infinity;
  private isScheduled = false;
  private isClosed = false;
  private timer: Timer | undefined;

  constructor(options: BroadcastOptions) {
    this.options = options;
  }

  /** The object of this key is new, other, or gone. */
  touch(resource: string, key: string): void {
    note(this.pending, resource, key);
    this.schedule();
  }

  /** Tells this agent now of what the others are told later: what comes next for it may depend on it. */
  hurry(feed: Feed): void {
    for (const { resource, key } of this.pending.values()) feed.touch(resource, key);
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.pending.clear();
  }

  private schedule(): void {
    if (this.isScheduled || this.isClosed) return;
    this.isScheduled = true;
    const wait = this.notBefore - this.options.clock.now();
    // Changes of one turn of the event loop go out together.
    if (wait <= 0) setImmediate(() => this.flush());
    else this.timer = this.options.clock.after(wait, () => this.flush());
  }

  private flush(): void {
    this.isScheduled = false;
    if (this.isClosed) return;
    const { feeds, lookup, clock } = this.options;
    const all = feeds();
    while (this.pending.size > 0) {
      const changes = takeBatch(this.pending, lookup);
      if (all.length === 0) continue;
      const message = encodeForMany({ changes: { changes, complete: false } });
      for (const feed of all) feed.share(changes, message);
    }
    this.notBefore = clock.now() + all.length * INTERVAL_MILLISECONDS;
  }
}
