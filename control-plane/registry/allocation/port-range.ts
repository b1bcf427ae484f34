/** The range that node ports of services come from. */
import type { RandomInteger } from '../../../api/machinery/name-generator.ts';

export class PortRange {
  readonly first: number;
  readonly last: number;

  constructor(first: number, last: number) {
    if (!(first >= 1 && last <= 65_535 && first <= last)) throw new Error(`not a range of ports: ${first}-${last}`);
    this.first = first;
    this.last = last;
  }

  contains(port: number): boolean {
    return port >= this.first && port <= this.last;
  }

  /** Every port once, from a random one on. */
  *candidates(random: RandomInteger): Generator<number> {
    const size = this.last - this.first + 1;
    const start = random(size);
    for (let step = 0; step < size; step++) yield this.first + ((start + step) % size);
  }

  /** Such as `30000-32767`. */
  get text(): string {
    return `${this.first}-${this.last}`;
  }
}
