/**
 * How many pods of one selector are in each domain of a topology key. A pod that comes or goes changes one number; the
 * least and the most of all domains are known without looking at them.
 */
export class DomainCounts {
  /** Of the snapshot when the domains were drawn; they are drawn anew when nodes have changed since. */
  readonly staticVersion: number;
  private readonly domainOf: readonly (string | undefined)[];
  private readonly counts = new Map<string, number>();
  /** By a number of pods: how many domains have so many. */
  private readonly domainsWith = new Map<number, number>();
  /** Those with any pod. */
  private readonly occupied = new Set<string>();
  private rowsOf: Map<string, number[]> | undefined;
  private lowest = 0;
  private highest = 0;

  /** `domainOf`: by row, the node's domain; undefined for nodes that don't count. `perRow`: the pods on each node. */
  constructor(staticVersion: number, domainOf: readonly (string | undefined)[], perRow: readonly number[]) {
    this.staticVersion = staticVersion;
    this.domainOf = domainOf;
    for (const [row, domain] of domainOf.entries()) {
      if (domain !== undefined) this.counts.set(domain, (this.counts.get(domain) ?? 0) + (perRow[row] ?? 0));
    }
    for (const [domain, count] of this.counts) if (count > 0) this.occupied.add(domain);
    const counts = [...this.counts.values()];
    for (const count of counts) this.domainsWith.set(count, (this.domainsWith.get(count) ?? 0) + 1);
    this.lowest = counts.reduce((least, count) => Math.min(least, count), counts[0] ?? 0);
    this.highest = counts.reduce((most, count) => Math.max(most, count), 0);
  }

  /** How many domains there are. */
  get size(): number {
    return this.counts.size;
  }

  /** 0 without any domain. */
  get least(): number {
    return this.lowest;
  }

  get most(): number {
    return this.highest;
  }

  of(domain: string): number {
    return this.counts.get(domain) ?? 0;
  }

  /** The rows of the domains that have any pod. */
  occupiedRows(): number[] {
    this.rowsOf ??= this.drawRows();
    return [...this.occupied].flatMap((domain) => this.rowsOf?.get(domain) ?? []);
  }

  /** A pod has come to that node (1) or has left it (-1). */
  add(row: number, step: 1 | -1): void {
    const domain = this.domainOf[row];
    if (domain === undefined) return;
    const before = this.of(domain);
    const now = before + step;
    this.counts.set(domain, now);
    if (now === 0) this.occupied.delete(domain);
    else if (before === 0) this.occupied.add(domain);
    this.domainsWith.set(now, (this.domainsWith.get(now) ?? 0) + 1);
    const left = (this.domainsWith.get(before) ?? 0) - 1;
    if (left > 0) this.domainsWith.set(before, left);
    else this.domainsWith.delete(before);
    // The domain itself is now one step off: no other can be nearer to where the last one has left.
    if (now < this.lowest || (left <= 0 && before === this.lowest)) this.lowest = now;
    if (now > this.highest || (left <= 0 && before === this.highest)) this.highest = now;
  }

  private drawRows(): Map<string, number[]> {
    const drawn = new Map<string, number[]>();
    for (const [row, domain] of this.domainOf.entries()) {
      if (domain === undefined) continue;
      const rows = drawn.get(domain);
      if (rows) rows.push(row);
      else drawn.set(domain, [row]);
    }
    return drawn;
  }
}
