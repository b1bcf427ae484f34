import type { Clock, Timer } from '../../lib/clock.ts';

/** Milliseconds between two bookmarks of a watcher. */
const INTERVAL = 60_000;
/** Milliseconds between two looks at who is due; watchers that began at different times stay apart by it. */
const STEP = 5_000;

export interface Bookmarked {
  bookmarkDue: number;
  bookmark(revision: number): void;
}

export interface BookmarksOptions {
  clock: Clock;
  revision: () => number;
}

/** Tells watchers from time to time how far they are, so that a quiet one can resume from a recent revision. */
export class Bookmarks {
  private readonly clock: Clock;
  private readonly revision: () => number;
  private readonly watchers = new Set<Bookmarked>();
  private timer: Timer | undefined;

  constructor({ clock, revision }: BookmarksOptions) {
    this.clock = clock;
    this.revision = revision;
  }

  add(watcher: Bookmarked): void {
    watcher.bookmarkDue = this.clock.now() + INTERVAL;
    this.watchers.add(watcher);
    this.timer ??= this.clock.after(STEP, () => this.step());
  }

  remove(watcher: Bookmarked): void {
    this.watchers.delete(watcher);
  }

  /** The last bookmark of an orderly end. */
  all(): void {
    for (const watcher of this.watchers) watcher.bookmark(this.revision());
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.watchers.clear();
  }

  private step(): void {
    const now = this.clock.now();
    for (const watcher of this.watchers) {
      if (watcher.bookmarkDue > now) continue;
      watcher.bookmarkDue = now + INTERVAL;
      watcher.bookmark(this.revision());
    }
    this.timer = this.watchers.size > 0 ? this.clock.after(STEP, () => this.step()) : undefined;
  }
}
