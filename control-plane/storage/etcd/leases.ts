import type { Etcd3, ICompare } from 'etcd3';
import { sleep, type Clock, type Timer } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';
import type { Lease, Leases } from '../coordination.ts';
import { readError, writeError } from './errors.ts';

/** How far into its time to live a lease is trusted without a renewal; etcd's own clock and ours may drift apart. */
export const TRUSTED_SHARE = 0.8;
const RENEWALS_PER_TTL = 4;
const RETRY_DELAY = 200;

export interface EtcdLeasesOptions {
  client: Etcd3;
  clock: Clock;
  log: Log;
}

export class EtcdLeases implements Leases {
  private readonly options: EtcdLeasesOptions;

  constructor(options: EtcdLeasesOptions) {
    this.options = options;
  }

  async grant(ttlSeconds: number): Promise<Lease> {
    const asked = askedAt(this.options.clock);
    const granted = await this.options.client.leaseClient.leaseGrant({ TTL: ttlSeconds }).catch((error: unknown) => {
      throw readError(error);
    });
    const lease = new EtcdLease(this.options, granted.ID, ttlSeconds, asked);
    lease.keepAlive();
    return lease;
  }
}

/** When a lease was asked for, or its renewal: by the clock that never jumps, and by that of the wall. */
interface Asked {
  readonly time: number;
  readonly date: number;
}

function askedAt(clock: Clock): Asked {
  return { time: clock.now(), date: clock.date().getTime() };
}

/** Renewed by a short stream a time. Its end is counted from when the last answered renewal was sent, not answered. */
class EtcdLease implements Lease {
  readonly ttlSeconds: number;
  readonly lost: AbortSignal;
  private readonly client: Etcd3;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly id: string;
  private readonly end = new AbortController();
  private expiry: Timer | undefined;
  private trustedUntil = 0;
  /** The same by the wall clock, which goes on while the machine sleeps. */
  private trustedUntilDate = 0;

  constructor({ client, clock, log }: EtcdLeasesOptions, id: string, ttlSeconds: number, asked: Asked) {
    this.client = client;
    this.clock = clock;
    this.log = log.child({ lease: id });
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.lost = this.end.signal;
    this.trustFrom(asked);
  }

  keepAlive(): void {
    this.renewals().catch((error: unknown) => this.log.debug({ err: error }, 'the renewals of a lease ended'));
  }

  async put(key: string, value: string, expected?: number): Promise<boolean> {
    const raw = Buffer.from(key);
    const compare: ICompare[] =
      expected === undefined ? [] : [{ key: raw, target: 'Mod', result: 'Equal', mod_revision: expected }];
    return this.transact({
      compare,
      success: [{ request_put: { key: raw, value: Buffer.from(value), lease: this.id } }],
    });
  }

  async delete(key: string): Promise<void> {
    const raw = Buffer.from(key);
    await this.transact({
      compare: [{ key: raw, target: 'Lease', result: 'Equal', lease: this.id }],
      success: [{ request_delete_range: { key: raw } }],
    });
  }

  isProven(): boolean {
    const { clock } = this;
    return !this.lost.aborted && clock.now() < this.trustedUntil && clock.date().getTime() < this.trustedUntilDate;
  }

  leave(): void {
    this.lose('left');
  }

  async release(): Promise<void> {
    this.lose('released');
    try {
      await this.client.leaseClient.leaseRevoke({ ID: this.id });
    } catch (error) {
      // It is gone already, or ends by itself as nobody renews it.
      this.log.debug({ err: error }, 'a lease could not be revoked');
    }
  }

  private async transact(request: Parameters<Etcd3['kv']['txn']>[0]): Promise<boolean> {
    this.lost.throwIfAborted();
    try {
      return (await this.client.kv.txn(request)).succeeded;
    } catch (error) {
      throw writeError(error);
    }
  }

  private async renewals(): Promise<void> {
    const interval = (this.ttlSeconds * 1000) / RENEWALS_PER_TTL;
    for (let wait = interval; ;) {
      await sleep(this.clock, wait, this.lost);
      const asked = askedAt(this.clock);
      try {
        const ttl = await this.renew(interval);
        if (ttl <= 0) return this.lose('etcd has ended it');
        this.trustFrom(asked);
        wait = interval;
      } catch (error) {
        this.log.warn({ err: error }, 'a lease could not be renewed');
        wait = Math.min(RETRY_DELAY, interval);
      }
    }
  }

  /** Resolves with the seconds that the lease has again; 0 when there is no such lease any more. */
  private async renew(within: number): Promise<number> {
    const call = await this.client.leaseClient.leaseKeepAlive({ deadline: Date.now() + within });
    try {
      return await new Promise<number>((resolve, reject) => {
        call.on('data', ({ TTL }) => resolve(Number(TTL)));
        call.on('error', reject);
        call.on('end', () => reject(new Error('etcd ended the renewal')));
        call.write({ ID: this.id });
      });
    } finally {
      call.end();
    }
  }

  private trustFrom({ time, date }: Asked): void {
    if (this.lost.aborted) return;
    const trusted = this.ttlSeconds * 1000 * TRUSTED_SHARE;
    this.trustedUntil = time + trusted;
    this.trustedUntilDate = date + trusted;
    const left = this.trustedUntil - this.clock.now();
    this.expiry?.cancel();
    this.expiry = this.clock.after(Math.max(0, left), () => this.lose('it could not be renewed in time'));
  }

  private lose(why: string): void {
    this.expiry?.cancel();
    this.end.abort(new Error(`the lease is over: ${why}`));
  }
}
