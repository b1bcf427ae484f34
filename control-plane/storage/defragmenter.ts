import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Entry, Store } from './port.ts';

const KEY = '/dure/defragmentation';
const DEFAULT_INTERVAL = 10 * 60_000;
/** A small file is not worth the pause, which grows with what is in use. */
const MIN_BYTES = 64 << 20;
/** As large a share of the file must be free. */
const MIN_FREE = 0.5;

export interface MemberSize {
  /** Where it is asked. */
  readonly url: string;
  /** Bytes of its file. */
  readonly size: number;
  /** Bytes of it that hold something. */
  readonly inUse: number;
  readonly isLeader: boolean;
}

/** The members of a store that is ours to look after. */
export interface MaintainedMembers {
  /** Of all members; rejects when one of them does not answer. */
  sizes(): Promise<readonly MemberSize[]>;
  /** Gives the free space of the file back. The member serves nothing meanwhile. */
  defragment(url: string): Promise<void>;
}

export interface DefragmenterOptions {
  readonly store: Store;
  readonly members: MaintainedMembers;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds; ten minutes when absent. */
  readonly interval?: number;
  /** Bytes; files that are smaller are left alone. */
  readonly minBytes?: number;
}

/**
 * Compaction frees space inside the members' files; this makes the files smaller when most of one is free. A member stands
 * still while it is done, so it is one after the other, the leader last, and only while all of them answer. The key in the
 * store lets one server do it an interval.
 */
export class Defragmenter implements Component {
  readonly name = 'defragmenter';
  private readonly options: DefragmenterOptions;
  private mark: Entry | undefined;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(options: DefragmenterOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.schedule();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    return Promise.resolve();
  }

  private schedule(): void {
    if (this.stopped) return;
    const { clock, log, interval = DEFAULT_INTERVAL } = this.options;
    this.timer = clock.after(interval, () => {
      this.round()
        .catch((error: unknown) => log.warn({ err: error }, 'the members of the store could not be defragmented'))
        .finally(() => this.schedule());
    });
  }

  private async round(): Promise<void> {
    if (!(await this.isOurTurn())) return;
    const { members, log } = this.options;
    // Looked at again after each, as whoever leads may have changed, and as all of them have to be there.
    const done = new Set<string>();
    for (let next = await this.next(done); next && !this.stopped; next = await this.next(done)) {
      done.add(next.url);
      await members.defragment(next.url);
      log.info({ member: next.url, size: next.size, inUse: next.inUse }, 'a member of the store was defragmented');
    }
  }

  private async isOurTurn(): Promise<boolean> {
    const { store, clock } = this.options;
    const value = Buffer.from(clock.date().toISOString());
    this.mark ??= await store.get(KEY);
    const result = await store.write({ key: KEY, expected: this.mark?.revision ?? 0, value });
    this.mark = result.ok ? { key: KEY, value, revision: result.revision } : result.current;
    return result.ok;
  }

  private async next(done: ReadonlySet<string>): Promise<MemberSize | undefined> {
    const { members, minBytes = MIN_BYTES } = this.options;
    const sizes = await members.sizes();
    const wasteful = sizes.filter(
      ({ url, size, inUse }) => !done.has(url) && size >= minBytes && size - inUse > size * MIN_FREE,
    );
    return wasteful.find(({ isLeader }) => !isLeader) ?? wasteful[0];
  }
}
