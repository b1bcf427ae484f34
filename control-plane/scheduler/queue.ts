/**
 * The pods that wait for a node.
 *
 *     ready ──take──▶ (decided) ──refused──▶ waiting ──helped──▶ ready
 *       ▲                  └──── failed ───▶ delayed ──time──────▲
 *
 * Ready pods are taken by priority, then by age. A refused pod waits until something happens that one of the plugins that
 * refused it can be helped by, and until its turn among those that are refused alike; nothing is tried again for the
 * passing of time alone.
 */
import type { FilterPlugin } from './framework.ts';
import { isSameLabels } from './pod-changes.ts';
import type { PodInfo } from './pod-info.ts';
import type { ClusterEvent, Snapshot } from './snapshot.ts';
import { type About, WaitingPods } from './waiting.ts';
import { KeyedBackoff } from '../../lib/backoff.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { Heap } from '../../lib/heap.ts';

/** Milliseconds. */
const RETRY = { initial: 100, max: 10_000, factor: 2 };

interface Entry {
  info: PodInfo;
  readonly arrival: number;
  state: 'ready' | 'taken' | 'waiting' | 'delayed' | 'gone';
  /** How many events there had been when it was taken. */
  takenAt: number;
}

export class SchedulingQueue {
  private readonly clock: Clock;
  private readonly onReady: () => void;
  private readonly entries = new Map<string, Entry>();
  private readonly ready = new Heap<Entry>(
    (a, b) => a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.arrival < b.arrival),
  );
  private readonly waiting: WaitingPods<Entry>;
  private readonly delays = new KeyedBackoff(RETRY);
  private readonly timers = new Set<Timer>();
  private arrivals = 0;
  private events = 0;
  /** Which event each kind's last one was. */
  private readonly last = new Map<ClusterEvent, number>();

  /** `onReady` is called when there is something to take that was not there before. */
  constructor(options: { clock: Clock; snapshot: Snapshot; onReady: () => void }) {
    this.clock = options.clock;
    const { snapshot, clock } = options;
    this.waiting = new WaitingPods({ snapshot, clock, onTry: (entry) => this.makeReady(entry) });
    this.onReady = options.onReady;
  }

  /** A pod that is known already is taken over with what is new of it. */
  add(info: PodInfo): void {
    const known = this.entries.get(info.uid);
    if (known && known.info.template === info.template) {
      // Labels need not be part of the template; pods on nodes may mind them all the same.
      const isSame = isSameLabels(known.info.pod.metadata.labels, info.pod.metadata.labels);
      known.info = info;
      if (!isSame) this.retry(info.uid);
      return;
    }
    this.remove(info.uid);
    this.arrivals += 1;
    this.makeReady({ info, arrival: this.arrivals, state: 'ready', takenAt: 0 });
  }

  remove(uid: string): void {
    const entry = this.entries.get(uid);
    if (!entry) return;
    entry.state = 'gone';
    this.entries.delete(uid);
    this.delays.forget(uid);
    this.waiting.remove(entry);
  }

  take(): PodInfo | undefined {
    for (let entry = this.ready.pop(); entry; entry = this.ready.pop()) {
      if (entry.state !== 'ready') continue;
      entry.state = 'taken';
      entry.takenAt = this.events;
      return entry.info;
    }
    return undefined;
  }

  /** Whether it is taken, and nothing has become known of it since. */
  isTaken(info: PodInfo): boolean {
    const entry = this.entries.get(info.uid);
    return entry?.state === 'taken' && entry.info === info;
  }

  /** There is a place for it, or it makes itself one. */
  fitted(uid: string): void {
    const entry = this.entries.get(uid);
    if (entry) this.waiting.fitted(entry);
  }

  /** No node took it. What has happened since it was taken counts too. */
  refused(uid: string, refusedBy: ReadonlySet<FilterPlugin>): void {
    const entry = this.entries.get(uid);
    if (entry?.state !== 'taken') return;
    const isMissed = [...this.last].some(([event, at]) => at > entry.takenAt && isHelped(refusedBy, event));
    entry.state = 'waiting';
    this.waiting.add(entry, refusedBy);
    if (isMissed) this.waiting.mayFit(entry);
  }

  /** Something that only this pod waits for has happened. */
  retry(uid: string): void {
    const entry = this.entries.get(uid);
    if (entry?.state !== 'waiting') return;
    this.waiting.remove(entry);
    this.makeReady(entry);
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

  /** Pods that the event can help are ready again, as far as it may help them. */
  happened(event: ClusterEvent, about: About = {}): void {
    this.events += 1;
    this.last.set(event, this.events);
    this.waiting.happened(event, about);
  }

  /** How many wait for what. */
  counts(): { ready: number; waiting: number } {
    return { ready: this.ready.size, waiting: this.waiting.size };
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

function isHelped(refusedBy: ReadonlySet<FilterPlugin>, event: ClusterEvent): boolean {
  for (const { helpedBy } of refusedBy) if (helpedBy.includes(event)) return true;
  return false;
}
