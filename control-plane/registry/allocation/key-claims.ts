/**
 * Claims of what the API has no objects for: one key of the store for each, written only where there is none. Whoever
 * wrote the key holds the thing, whatever else happens at the same time on however many servers.
 */
import type { Entry, Store } from '../../storage/port.ts';
import { translated } from '../object-store.ts';
import type { Claims, Held, Owner } from './claims.ts';

export const ALLOCATIONS_PREFIX = '/allocations/';

interface ClaimRecord extends Owner {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface HeldClaim extends ClaimRecord {
  readonly value: string;
  readonly revision: number;
}

export interface KeyClaimsOptions {
  store: Store;
  /** What is claimed, as part of the keys, such as `nodeports`. */
  subject: string;
  /** Wall-clock time, in milliseconds since 1970. */
  now: () => number;
  /** What is known to be held. */
  known: () => Held;
}

export class KeyClaims implements Claims {
  readonly known: () => Held;
  private readonly store: Store;
  private readonly prefix: string;
  private readonly now: () => number;

  constructor({ store, subject, now, known }: KeyClaimsOptions) {
    this.known = known;
    this.store = store;
    this.prefix = `${ALLOCATIONS_PREFIX}${subject}/`;
    this.now = now;
  }

  async take(value: string, { namespace, name, uid }: Owner): Promise<{ held: boolean; fresh: boolean }> {
    const record: ClaimRecord = { namespace, name, uid, at: this.now() };
    const write = { key: this.prefix + value, expected: 0, value: Buffer.from(JSON.stringify(record)) };
    const result = await translated(() => this.store.write(write));
    if (result.ok) return { held: true, fresh: true };
    return { held: result.current !== undefined && this.read(result.current).uid === uid, fresh: false };
  }

  async holderOf(value: string): Promise<HeldClaim | undefined> {
    const entry = await translated(() => this.store.get(this.prefix + value));
    return entry && this.read(entry);
  }

  async giveBack(value: string, uid: string): Promise<void> {
    const claim = await this.holderOf(value);
    if (claim?.uid === uid) await this.drop(claim);
  }

  /** Removes the record if nobody changed it since it was read. */
  async drop({ value, revision }: Pick<HeldClaim, 'value' | 'revision'>): Promise<void> {
    await translated(() => this.store.write({ key: this.prefix + value, expected: revision, value: null }));
  }

  async recorded(): Promise<Held> {
    return new Set((await this.list()).map(({ value }) => value));
  }

  async list(): Promise<HeldClaim[]> {
    const { entries } = await translated(() => this.store.list(this.prefix));
    return entries.map((entry) => this.read(entry));
  }

  private read(entry: Entry): HeldClaim {
    const record = JSON.parse(entry.value.toString('utf8')) as ClaimRecord;
    return { ...record, value: entry.key.slice(this.prefix.length), revision: entry.revision };
  }
}
