import type { Clock } from '../../lib/clock.ts';
import type { KubeObject } from '../../api/object.ts';
import type { CacheChange } from './change.ts';

export interface WindowBounds {
  /** Never more changes than this. */
  readonly maxCount: number;
  /** Never more bytes than this, by the changes' own estimate. */
  readonly maxBytes: number;
  /** Changes younger than this are kept as far as the other two allow; older ones go. Milliseconds. */
  readonly keep: number;
  /** So many changes stay however old they are. */
  readonly minCount: number;
}

export const DEFAULT_BOUNDS: WindowBounds = {
  maxCount: 100_000,
  maxBytes: 32 << 20,
  keep: 5 * 60_000,
  minCount: 100,
};

interface Slot<T extends KubeObject> {
  readonly change: CacheChange<T>;
  readonly at: number;
}

/**
 * The recent changes, oldest first. Each has a sequence number, one more than the change before it. Whole revisions
 * come in and whole revisions go out.
 */
export class EventWindow<T extends KubeObject> {
  private readonly bounds: WindowBounds;
  private readonly clock: Clock;
  private slots: Slot<T>[] = [];
  /** The slots before this one are dropped and wait to be cut off together. */
  private head = 0;
  /** The sequence number of slots[0]. */
  private base = 0;
  private bytes = 0;
  /** Every change up to and including this revision is gone. */
  private floor = 0;
  /** Whether the floor's revision had more than one change. */
  private floorShared = false;

  constructor(clock: Clock, bounds: WindowBounds) {
    this.clock = clock;
    this.bounds = bounds;
  }

  /** The sequence number that the next change will have. */
  get end(): number {
    return this.base + this.slots.length;
  }

  /** The oldest revision after which a watch can begin. */
  get oldest(): number {
    return this.floorShared ? this.floor + 1 : this.floor;
  }

  /** Forgets everything: what follows comes after `revision`. Sequence numbers go on, so that readers notice. */
  reset(revision: number): void {
    this.base = this.end + 1;
    this.slots = [];
    this.head = 0;
    this.bytes = 0;
    this.floor = revision;
    this.floorShared = false;
  }

  /** All the changes of one revision. */
  append(changes: readonly CacheChange<T>[]): void {
    const at = this.clock.now();
    for (const change of changes) {
      this.slots.push({ change, at });
      this.bytes += change.size;
    }
    while (this.isOver(at)) this.dropOldestRevision();
    this.cut();
  }

  /** The sequence number of the first change at or after `revision`; undefined when changes since then are gone. */
  position(revision: number): number | undefined {
    if (revision < this.oldest) return undefined;
    let low = this.head;
    let high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.slots[middle]?.change.revision ?? 0) < revision) low = middle + 1;
      else high = middle;
    }
    return this.base + low;
  }

  /** The sequence number of the first change later than `revision`; undefined when changes since then are gone. */
  positionAfter(revision: number): number | undefined {
    return revision < this.floor ? undefined : this.position(revision + 1);
  }

  /** At most `limit` changes from that sequence number on; undefined when the first of them is gone. */
  read(sequence: number, limit: number): CacheChange<T>[] | undefined {
    const from = sequence - this.base;
    if (from < this.head) return undefined;
    return this.slots.slice(from, from + limit).map(({ change }) => change);
  }

  private get count(): number {
    return this.slots.length - this.head;
  }

  private isOver(now: number): boolean {
    const oldest = this.slots[this.head];
    if (!oldest) return false;
    if (this.count > this.bounds.maxCount || this.bytes > this.bounds.maxBytes) return true;
    return this.count > this.bounds.minCount && now - oldest.at > this.bounds.keep;
  }

  private dropOldestRevision(): void {
    const revision = this.slots[this.head]?.change.revision ?? 0;
    this.floor = revision;
    for (let slot = this.slots[this.head]; slot?.change.revision === revision; slot = this.slots[this.head]) {
      this.floorShared = slot.change.shared;
      this.bytes -= slot.change.size;
      this.head++;
    }
  }

  /** Cuts dropped slots off in large pieces, so that a change costs little on average. */
  private cut(): void {
    if (this.head < 64 || this.head * 2 < this.slots.length) return;
    this.slots = this.slots.slice(this.head);
    this.base += this.head;
    this.head = 0;
  }
}
