/** The nodes that are without a session, and since when. Told in the order in which it happens. */
export class Losses {
  private readonly byNode = new Map<string, number>();
  private ascending: number[] = [];

  /** When each was lost, the earliest first: monotonic milliseconds. */
  get times(): readonly number[] {
    return this.ascending;
  }

  at(node: string): number | undefined {
    return this.byNode.get(node);
  }

  /** A node that is lost already was lost when it was first said. */
  note(node: string, now: number): void {
    if (this.byNode.has(node)) return;
    this.byNode.set(node, now);
    this.ascending.push(now);
  }

  forget(node: string): void {
    const lostAt = this.byNode.get(node);
    if (lostAt === undefined) return;
    this.byNode.delete(node);
    this.ascending.splice(firstAfter(this.ascending, lostAt) - 1, 1);
  }

  clear(): void {
    this.byNode.clear();
    this.ascending = [];
  }
}

/** Where in the ascending `times` the first stands that is later than `time`; their number when none is. */
export function firstAfter(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
