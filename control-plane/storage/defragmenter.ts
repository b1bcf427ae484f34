import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from './port.ts';
import { SharedRounds } from './shared-rounds.ts';

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
 * still while it is done, so it is one after the other, the leader last, and only while all of them answer.
 */
export class Defragmenter implements Component {
  readonly name = 'defragmenter';
  private readonly options: DefragmenterOptions;
  private readonly rounds: SharedRounds;

  constructor(options: DefragmenterOptions) {
    this.options = options;
    this.rounds = new SharedRounds({
      ...options,
      key: KEY,
      interval: options.interval ?? DEFAULT_INTERVAL,
      failure: 'the members of the store could not be defragmented',
      round: (_previous, signal) => this.round(signal),
    });
  }

  start(): Promise<void> {
    return this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  private async round(signal: AbortSignal): Promise<void> {
    const { members, log } = this.options;
    // Looked at again after each, as whoever leads may have changed, and as all of them have to be there.
    const done = new Set<string>();
    for (let next = await this.next(done); next && !signal.aborted; next = await this.next(done)) {
      done.add(next.url);
      await members.defragment(next.url);
      log.info({ member: next.url, size: next.size, inUse: next.inUse }, 'a member of the store was defragmented');
    }
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
