/** What the main thread of a process did, and waited for, while requests were under way, by the kernel's own count. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { rounded } from './measure.ts';
import { instant } from './open-loop.ts';

const SAMPLE_MILLISECONDS = 5;
const LINE_BYTES = 128;

/** Milliseconds since the sample before. */
interface Sample {
  /** By {@link instant}. */
  readonly from: number;
  readonly to: number;
  readonly ran: number;
  readonly waited: number;
  /** What the other threads of the process ran meanwhile. */
  readonly othersRan: number;
}

interface Counts {
  ran: number;
  waited: number;
}

/** Of the time in which requests were under way, on average; milliseconds. */
export interface Waits {
  readonly requests: number;
  /** The main thread ran. */
  readonly ran: number;
  /** It could have run, and other threads of the process had its core: they collect garbage and compile. */
  readonly waitedForOwnThreads: number;
  /** It could have run, and other programs had its core. */
  readonly waitedForOthers: number;
  /** It had nothing to do: it waited for etcd, or the request or the answer was on its way or with the client. */
  readonly idle: number;
}

export class WaitSampler {
  private readonly main: number;
  private readonly others: readonly number[];
  private readonly line = Buffer.alloc(LINE_BYTES);
  private readonly samples: Sample[] = [];
  private readonly timer: NodeJS.Timeout;
  private at = instant();
  private before: Counts;
  private othersBefore: number;

  constructor(pid: number) {
    const file = (thread: string): number => openSync(`/proc/${pid}/task/${thread}/schedstat`, 'r');
    const threads = readdirSync(`/proc/${pid}/task`);
    this.main = file(String(pid));
    this.others = threads.filter((thread) => thread !== String(pid)).map(file);
    this.before = this.read(this.main);
    this.othersBefore = this.othersRan();
    this.timer = setInterval(() => this.sample(), SAMPLE_MILLISECONDS);
  }

  stop(): void {
    clearInterval(this.timer);
    for (const file of [this.main, ...this.others]) closeSync(file);
  }

  /** What these were made of, which were under way from `sent` to `answered`. */
  of(requests: readonly { readonly sent: number; readonly answered: number }[]): Waits {
    const sums = { ran: 0, waitedForOwnThreads: 0, waitedForOthers: 0, idle: 0 };
    for (const { sent, answered } of requests) {
      let rest = answered - sent;
      for (const { from, to, ran, waited, othersRan } of this.samples) {
        const share = Math.max(0, Math.min(to, answered) - Math.max(from, sent)) / (to - from);
        const own = Math.min(waited, othersRan);
        sums.ran += share * ran;
        sums.waitedForOwnThreads += share * own;
        sums.waitedForOthers += share * (waited - own);
        rest -= share * (ran + waited);
      }
      sums.idle += Math.max(0, rest);
    }
    const mean = (sum: number): number => rounded(sum / Math.max(1, requests.length));
    return {
      requests: requests.length,
      ran: mean(sums.ran),
      waitedForOwnThreads: mean(sums.waitedForOwnThreads),
      waitedForOthers: mean(sums.waitedForOthers),
      idle: mean(sums.idle),
    };
  }

  private sample(): void {
    const now = instant();
    const counts = this.read(this.main);
    const othersNow = this.othersRan();
    this.samples.push({
      from: this.at,
      to: now,
      ran: counts.ran - this.before.ran,
      waited: counts.waited - this.before.waited,
      othersRan: othersNow - this.othersBefore,
    });
    this.at = now;
    this.before = counts;
    this.othersBefore = othersNow;
  }

  private othersRan(): number {
    return this.others.reduce((sum, file) => sum + this.read(file).ran, 0);
  }

  /** A line of nanoseconds run, nanoseconds waited with a core to run on taken by others, and turns. */
  private read(file: number): Counts {
    const [ran = 0, waited = 0] = this.line
      .toString('latin1', 0, readSync(file, this.line, 0, LINE_BYTES, 0))
      .split(' ');
    return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
  }
}
