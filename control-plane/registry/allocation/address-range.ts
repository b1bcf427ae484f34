/** The IPv4 range that cluster addresses of services come from. */
import { isIPv4 } from '../../../api/validation/addresses.ts';
import type { RandomInteger } from '../../../api/machinery/name-generator.ts';

/** The lower part of the range is left to addresses that users ask for by name, while the rest lasts. */
const MIN_STATIC = 16;
const MAX_STATIC = 256;
const MAX_PREFIX = 30;

export class AddressRange {
  /** As given, such as `10.96.0.0/12`. */
  readonly cidr: string;
  private readonly base: number;
  private readonly addresses: number;

  /** undefined for what is no IPv4 range of at least four addresses. */
  static of(cidr: string): AddressRange | undefined {
    const prefix = /^[\d.]+\/(\d+)$/.exec(cidr)?.[1];
    return prefix !== undefined && Number(prefix) <= MAX_PREFIX ? new AddressRange(cidr) : undefined;
  }

  /** Throws for what is no IPv4 range of at least four addresses. */
  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const prefix = Number(bits);
    if (!isIPv4(address) || !/^\d+$/.test(bits) || prefix < 1 || prefix > MAX_PREFIX) {
      throw new Error(`not a range of service addresses: ${cidr}`);
    }
    this.cidr = cidr;
    this.addresses = 2 ** (32 - prefix);
    const value = toNumber(address);
    this.base = value - (value % this.addresses);
  }

  /** Usable addresses: all but the network's own and the broadcast address. */
  get size(): number {
    return this.addresses - 2;
  }

  /** Whether it lies between the two ends, which can't be used themselves. */
  covers(address: string): boolean {
    const offset = isIPv4(address) ? toNumber(address) - this.base : -1;
    return offset >= 0 && offset < this.addresses;
  }

  contains(address: string): boolean {
    const offset = isIPv4(address) ? toNumber(address) - this.base : -1;
    return offset >= 1 && offset <= this.size;
  }

  /** Every usable address once: from a random place in the upper part on, then the lower part. */
  *candidates(random: RandomInteger): Generator<string> {
    const reserved = Math.min(Math.max(MIN_STATIC, Math.floor(this.addresses / 16)), MAX_STATIC, this.size - 1);
    const upper = this.size - reserved;
    const start = random(upper);
    for (let step = 0; step < upper; step++) yield this.at(1 + reserved + ((start + step) % upper));
    for (let step = 0; step < reserved; step++) yield this.at(1 + step);
  }

  private at(offset: number): string {
    const value = this.base + offset;
    return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}
