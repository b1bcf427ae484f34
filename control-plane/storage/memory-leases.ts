import type { Lease, Leases } from './coordination.ts';
import type { Store } from './port.ts';

/** Leases in memory: they last, also when they are left, until they are released or {@link MemoryLeases.endAll} ends them. */
export class MemoryLeases implements Leases {
  private readonly store: Store;
  private readonly active = new Set<MemoryLease>();
  /** Which lease a key is attached to. */
  private readonly holders = new Map<string, MemoryLease>();

  constructor({ store }: { store: Store }) {
    this.store = store;
  }

  grant(ttlSeconds: number): Promise<Lease> {
    const lease = new MemoryLease(this.store, this.holders, ttlSeconds, () => void this.active.delete(lease));
    this.active.add(lease);
    return Promise.resolve(lease);
  }

  /** What happens to all leases when nobody can renew them. */
  async endAll(): Promise<void> {
    await Promise.all([...this.active].map((lease) => lease.release()));
  }
}

class MemoryLease implements Lease {
  readonly ttlSeconds: number;
  readonly lost: AbortSignal;
  private readonly store: Store;
  private readonly holders: Map<string, MemoryLease>;
  private readonly onEnd: () => void;
  private readonly end = new AbortController();
  private isReleased = false;

  constructor(store: Store, holders: Map<string, MemoryLease>, ttlSeconds: number, onEnd: () => void) {
    this.store = store;
    this.holders = holders;
    this.ttlSeconds = ttlSeconds;
    this.onEnd = onEnd;
    this.lost = this.end.signal;
  }

  async put(key: string, value: string, expected?: number): Promise<boolean> {
    this.lost.throwIfAborted();
    const guard = expected ?? (await this.store.get(key))?.revision ?? 0;
    const result = await this.store.write({ key, expected: guard, value: Buffer.from(value) });
    if (result.ok) this.holders.set(key, this);
    return result.ok || (expected === undefined && this.put(key, value));
  }

  async delete(key: string): Promise<void> {
    this.lost.throwIfAborted();
    await this.remove(key);
  }

  isProven(): boolean {
    return !this.lost.aborted;
  }

  leave(): void {
    this.end.abort(new Error('the lease is over'));
  }

  async release(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    this.end.abort(new Error('the lease is over'));
    this.onEnd();
    await Promise.all([...this.holders.keys()].map((key) => this.remove(key)));
  }

  private async remove(key: string): Promise<void> {
    if (this.holders.get(key) !== this) return;
    this.holders.delete(key);
    const current = await this.store.get(key);
    if (current) await this.store.write({ key, expected: current.revision, value: null });
  }
}
