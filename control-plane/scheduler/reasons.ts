/** For how many nodes which reason speaks against a pod, in the words of Kubernetes' scheduler. */
export class NodeReasons {
  private readonly counts = new Map<string, number>();
  private nodes = 0;

  /** What speaks against one node. */
  add(reasons: readonly string[]): void {
    this.nodes += 1;
    for (const reason of reasons) this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }

  /** The reason of all other nodes of `total`. */
  addRest(total: number, reason: string): void {
    const rest = total - this.nodes;
    if (rest > 0) this.counts.set(reason, (this.counts.get(reason) ?? 0) + rest);
  }

  message(total: number): string {
    const reasons = [...this.counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
    return `0/${total} nodes are available: ${reasons.join(', ')}.`;
  }
}
