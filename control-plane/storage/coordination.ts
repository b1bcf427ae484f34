/**
 * How servers agree: keys that live as long as the server that made them, and one leader among those who want to be.
 * Built on {@link Leases}, of which etcd and memory each have one.
 */
import type { Component } from '../../lib/component.ts';
import type { View } from '../../lib/view.ts';

/** Keys attached to a lease are deleted together when it ends. */
export interface Lease {
  /** Seconds after the last renewal at which the store ends the lease. */
  readonly ttlSeconds: number;
  /**
   * Aborted as soon as it can't be proven any more that the lease is alive, judged by this process's own monotonic clock
   * and so before the store can end it; also after `release`.
   */
  readonly lost: AbortSignal;
  /**
   * The same at this very moment, also in a process that was held up and has not come to aborting, or on a machine that was
   * asleep. A wall clock that is set forward makes it doubtful until the next renewal.
   */
  isProven(): boolean;
  /**
   * Makes the key or takes it over, attached. With `expected` only if the key has that revision (0: does not exist), and
   * else resolves with false.
   */
  put(key: string, value: string, expected?: number): Promise<boolean>;
  /** Deletes the key if it is attached to this lease. */
  delete(key: string): Promise<void>;
  /** Renews the lease no more: its keys are gone when its time is over. */
  leave(): void;
  /** Ends the lease; its keys are gone at once. Never rejects: if the store is away the lease ends by itself. */
  release(): Promise<void>;
}

export interface Leases {
  /** Grants a lease and renews it until it is released or lost. Rejects with an UnavailableError. */
  grant(ttlSeconds: number): Promise<Lease>;
}

export interface Candidate {
  /**
   * Called when the election is won. `signal` is aborted when leadership can't be proven any more: all leading work must
   * stop then. When the returned promise settles, leadership is given up and the candidate runs again.
   */
  onLead(signal: AbortSignal): Promise<void>;
}

export interface Campaign {
  readonly leading: boolean;
  /** Gives leadership up after the candidate's work has stopped; the others can take over at once. */
  stop(): Promise<void>;
}

export interface Election {
  campaign(name: string, candidate: Candidate): Campaign;
  /** The identity of the present leader. */
  leader(name: string): Promise<string | undefined>;
}

/** Keys of this process's session; they vanish some seconds after it stops or dies, and are made again if only the lease was lost. */
export interface SessionKeys extends Component {
  /** Resolves when the key is in the store, rejects with an UnavailableError; either way it is kept up until `delete`. */
  put(key: string, value: string): Promise<void>;
  /** Deletes the key unless another session has taken it over. */
  delete(key: string): Promise<void>;
  /**
   * Whether the key has been in the store without a gap since this session put it, as its lease can be proven to live now;
   * another session may have it by now.
   */
  holds(key: string): boolean;
  /**
   * What all sessions hold under `prefix`: the key without the prefix, and its value. `onRelisted` is called when some may have
   * come and gone unseen, before the view shows what there is now.
   */
  watch(prefix: string, onRelisted?: () => void): KeyWatch;
}

export interface KeyEntry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

export interface KeyWatch {
  readonly view: View<KeyEntry>;
  close(): void;
}
