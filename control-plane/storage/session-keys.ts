import { backoffDelay } from '../../lib/backoff.ts';
import { sleep, type Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { KeyWatch, Lease, Leases, SessionKeys } from './coordination.ts';
import { StoreKeyWatch } from './key-watch.ts';
import { UnavailableError, type Store } from './port.ts';

const BACKOFF = { initial: 100, max: 2_000, factor: 2 };

export interface LeaseSessionKeysOptions {
  leases: Leases;
  store: Store;
  /** Seconds after which the keys of a process that died are gone. */
  ttlSeconds: number;
  clock: Clock;
  log: Log;
}

/** All keys of this process under one lease. When the lease is lost, a new one is granted and the keys are made again. */
export class LeaseSessionKeys implements SessionKeys {
  readonly name = 'session keys';
  private readonly options: LeaseSessionKeysOptions;
  /** What should be in the store. */
  private readonly wanted = new Map<string, string>();
  /** What was put, by the lease that it was attached to then. */
  private readonly held = new Map<string, Lease>();
  private readonly stopping = new AbortController();
  private readonly watches = new Set<KeyWatch>();
  private readonly lossListeners = new Set<() => void>();
  private readonly renewalListeners = new Set<() => void>();
  private lease: Lease | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(options: LeaseSessionKeysOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    const lease = await this.options.leases.grant(this.options.ttlSeconds);
    this.lease = lease;
    this.running = this.keep(lease);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the session keys were stopped'));
    for (const watch of this.watches) watch.close();
    await this.running;
    this.lease?.leave();
  }

  async put(key: string, value: string): Promise<void> {
    this.wanted.set(key, value);
    const { lease } = this;
    // One that is about to end would take the key with it sooner than anybody counts on.
    if (!lease?.isProven()) throw new UnavailableError('there is no lease to attach keys to now');
    await lease.put(key, value);
    this.held.set(key, lease);
  }

  holds(key: string): boolean {
    const lease = this.held.get(key);
    return lease !== undefined && lease === this.lease && lease.isProven();
  }

  async delete(key: string): Promise<void> {
    this.wanted.delete(key);
    this.held.delete(key);
    if (this.lease && !this.lease.lost.aborted) await this.lease.delete(key);
  }

  /** Calls `listener` whenever the keys may be gone, because the lease can't be proven to live. Returns what ends it. */
  onLost(listener: () => void): () => void {
    this.lossListeners.add(listener);
    return () => void this.lossListeners.delete(listener);
  }

  /**
   * Calls `listener` when there is a lease again. The keys are being made again, but none is held until it is put: while it was
   * away others may have acted on that. Returns what ends it.
   */
  onRenewed(listener: () => void): () => void {
    this.renewalListeners.add(listener);
    return () => void this.renewalListeners.delete(listener);
  }

  watch(prefix: string, onRelisted?: () => void): KeyWatch {
    const watch = new StoreKeyWatch({ prefix, onRelisted, ...this.options });
    this.watches.add(watch);
    return {
      view: watch.view,
      close: () => {
        this.watches.delete(watch);
        watch.close();
      },
    };
  }

  private async keep(first: Lease): Promise<void> {
    const { signal } = this.stopping;
    for (let lease = first; ;) {
      await aborted(AbortSignal.any([lease.lost, signal]));
      if (signal.aborted) return;
      this.options.log.warn({ keys: this.wanted.size }, 'the lease of the session keys was lost');
      for (const listener of this.lossListeners) listener();
      const next = await this.renew();
      if (!next) return;
      lease = next;
    }
  }

  /** A new lease with all the keys; undefined when stopped meanwhile. */
  private async renew(): Promise<Lease | undefined> {
    const { leases, ttlSeconds, clock, log } = this.options;
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        this.lease = await leases.grant(ttlSeconds);
        for (const listener of this.renewalListeners) listener();
        // A key that is added meanwhile is put by whoever adds it; being visited here as well does no harm.
        for (const [key, value] of this.wanted) await this.restore(this.lease, key, value);
        return this.lease;
      } catch (error) {
        await this.lease?.release();
        log.warn({ err: error }, 'the session keys could not be made again');
        // Only a stop interrupts the sleep, and the loop sees that.
        await sleep(clock, backoffDelay(BACKOFF, attempt), signal).catch(() => undefined);
      }
    }
    return undefined;
  }

  /** A key that another session took over meanwhile is left to it. */
  private async restore(lease: Lease, key: string, value: string): Promise<void> {
    const current = await this.options.store.get(key);
    if (this.wanted.get(key) !== value) return;
    if (current && current.value.toString() !== value) {
      this.wanted.delete(key);
      return;
    }
    if (!(await lease.put(key, value, current?.revision ?? 0))) await this.restore(lease, key, value);
    else if (!this.wanted.has(key)) await lease.delete(key);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
