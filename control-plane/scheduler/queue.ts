/**
 * The pods that wait for a node.
 *
 *     ready ──take──▶ (decided) ──refused──▶ waiting ──helped──▶ ready
 *       ▲                  └──── failed ───▶ delayed ──time──────▲
 *
 * Ready pods are taken by priority, then by age. A refused pod waits, by template, until something happens that one of
 * the plugins that refused it can be helped by; nothing is tried again for the passing of time alone.
 */
import type { FilterPlugin } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import type { ClusterEvent } from './snapshot.ts';
import { KeyedBackoff } from '../../lib/backoff.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { Heap } from '../../lib/heap.ts';

/** Milliseconds. */
const RETRY = { initial: 100, max: 10_000, factor: 2 };

interface Entry {
  readonly info: PodInfo;
  readonly arrival: number;
  state: 'ready' | 'taken' | 'waiting' | 'delayed' | 'gone';
}

interface WaitingTemplate {
  readonly entries: Set<Entry>;
  refusedBy: ReadonlySet<FilterPlugin>;
}

export class SchedulingQueue {
  private readonly clock: Clock;
  private readonly onReady: () => void;
  private readonly entries = new Map<string, Entry>();
  private readonly ready = new Heap<Entry>(
    (a, b) => a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.arrival < b.arrival),
  );
  private readonly waiting = new Map<string, WaitingTemplate>();
  private readonly delays = new KeyedBackoff(RETRY);
  private readonly timers = new Set<Timer>();
  private arrivals = 0;

  /** `onReady` is called when there is something to take that was not there before. */
  constructor(options: { clock: Clock; onReady: () => void }) {
    this.clock = options.clock;
    this.onReady = options.onReady;
  }

  /** A pod that is known already is taken over with what is new of it. */
  add(info: PodInfo): void {
    const known = this.entries.get(info.uid);
    if (known && known.info.template === info.template && known.info.priority === info.priority) return;
    this.remove(info.uid);
    this.arrivals += 1;
    this.makeReady({ info, arrival: this.arrivals, state: 'ready' });
  }

  remove(uid: string): void {
    const entry = this.entries.get(uid);
    if (!entry) return;
    entry.state = 'gone';
    this.entries.delete(uid);
    this.delays.forget(uid);
    const template = this.waiting.get(entry.info.template);
    template?.entries.delete(entry);
    if (template?.entries.size === 0) this.waiting.delete(entry.info.template);
  }

  take(): PodInfo | undefined {
    for (let entry = this.ready.pop(); entry; entry = this.ready.pop()) {
      if (entry.state !== 'ready') continue;
      entry.state = 'taken';
      return entry.info;
    }
    return undefined;
  }

  /** No node took it. */
  refused(uid: string, refusedBy: ReadonlySet<FilterPlugin>): void {
    const entry = this.entries.get(uid);
    if (entry?.state !== 'taken') return;
    entry.state = 'waiting';
    const key = entry.info.template;
    const template = this.waiting.get(key) ?? { entries: new Set(), refusedBy };
    template.refusedBy = refusedBy;
    template.entries.add(entry);
    this.waiting.set(key, template);
  }

  /** Something went wrong that has nothing to do with the nodes: it is tried again, later each time. */
  failed(uid: string): void {
    const entry = this.entries.get(uid);
    if (entry?.state !== 'taken') return;
    entry.state = 'delayed';
    const timer = this.clock.after(this.delays.next(uid), () => {
      this.timers.delete(timer);
      if (entry.state === 'delayed') this.makeReady(entry);
    });
    this.timers.add(timer);
  }

  /** Pods that the event can help are ready again. */
  happened(event: ClusterEvent): void {
    for (const [key, { entries, refusedBy }] of this.waiting) {
      if (![...refusedBy].some((plugin) => plugin.helpedBy.includes(event))) continue;
      this.waiting.delete(key);
      for (const entry of entries) this.makeReady(entry);
    }
  }

  /** How many wait for what. */
  counts(): { ready: number; waiting: number } {
    const waiting = [...this.waiting.values()].reduce((sum, { entries }) => sum + entries.size, 0);
    return { ready: this.ready.size, waiting };
  }

  close(): void {
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    this.entries.clear();
    this.waiting.clear();
  }

  private makeReady(entry: Entry): void {
    entry.state = 'ready';
    this.entries.set(entry.info.uid, entry);
    this.ready.push(entry);
    this.onReady();
  }
}
