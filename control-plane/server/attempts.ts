/** Holds back who keeps failing to prove who he is: so many failures at once, then one after each interval. */
import { isIPv6 } from 'node:net';
import { tooManyRequests } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';

export interface FailedAttemptsOptions {
  /** Failures that may follow each other at once. */
  readonly burst: number;
  /** After which one more is allowed. */
  readonly intervalMilliseconds: number;
  /** Addresses that are remembered. The one that failed longest ago is forgotten first. */
  readonly maxAddresses: number;
  readonly clock: Clock;
}

export class FailedAttempts {
  private readonly options: FailedAttemptsOptions;
  /** When all failures of an address are forgiven, in milliseconds of the clock; the latest failure stands last. */
  private readonly forgiven = new Map<string, number>();

  constructor(options: FailedAttemptsOptions) {
    this.options = options;
  }

  /** Throws TooManyRequests, with the seconds to wait, for an address that failed too often. */
  check(address: string): void {
    const { burst, intervalMilliseconds, clock } = this.options;
    const debt = (this.forgiven.get(networkOf(address)) ?? 0) - clock.now();
    const wait = debt - (burst - 1) * intervalMilliseconds;
    if (wait > 0) throw tooManyRequests('too many failed attempts, please try again later', Math.ceil(wait / 1000));
  }

  failed(address: string): void {
    const { intervalMilliseconds, maxAddresses, clock } = this.options;
    const network = networkOf(address);
    const until = Math.max(this.forgiven.get(network) ?? 0, clock.now()) + intervalMilliseconds;
    this.forgiven.delete(network);
    this.forgiven.set(network, until);
    const [oldest] = this.forgiven.keys();
    if (this.forgiven.size > maxAddresses && oldest !== undefined) this.forgiven.delete(oldest);
  }
}

/** Whoever has an address of IPv6 has all of its /64. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - last.length }, () => '0');
  return [...groups, ...zeros, ...last].slice(0, 4).join(':');
}
