import type { Clock } from '../../../lib/clock.ts';

export interface TtlLeasesOptions {
  clock: Clock;
  /** Grants a lease of that many seconds and returns its id. */
  grant: (seconds: number) => Promise<string>;
}

interface Bucket {
  readonly lease: Promise<string>;
  /** The clock's time after which the lease is too short for a new key. */
  readonly until: number;
}

/**
 * Leases for keys with a time to live, shared by the keys written within a tenth of that time (a minute at most): a
 * lease costs etcd more than a key. A bucket's lease lives that much longer, so no key goes too early.
 */
export class TtlLeases {
  private readonly clock: Clock;
  private readonly grant: TtlLeasesOptions['grant'];
  /** One for each time to live in use, of which there are few. */
  private readonly buckets = new Map<number, Bucket>();

  constructor({ clock, grant }: TtlLeasesOptions) {
    this.clock = clock;
    this.grant = grant;
  }

  leaseFor(ttlSeconds: number): Promise<string> {
    const now = this.clock.now();
    const bucket = this.buckets.get(ttlSeconds);
    if (bucket && bucket.until >= now) return bucket.lease;
    for (const [ttl, { until }] of this.buckets) if (until < now) this.buckets.delete(ttl);
    const width = Math.min(60, Math.floor(ttlSeconds / 10));
    const lease = this.grant(ttlSeconds + width);
    this.buckets.set(ttlSeconds, { lease, until: now + width * 1000 });
    lease.catch(() => this.forget(ttlSeconds));
    return lease;
  }

  /** The lease of this time to live is gone or was never granted. */
  forget(ttlSeconds: number): void {
    this.buckets.delete(ttlSeconds);
  }
}
