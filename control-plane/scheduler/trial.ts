/** A look at what would be if pods came to a node or left it. Nothing is awaited between its making and `undo`. */
import type { PodInfo } from './pod-info.ts';
import type { Snapshot } from './snapshot.ts';

export class Trial {
  private readonly snapshot: Snapshot;
  private readonly row: number;
  private readonly steps = new Map<PodInfo, 1 | -1>();

  constructor(snapshot: Snapshot, row: number) {
    this.snapshot = snapshot;
    this.row = row;
  }

  add(info: PodInfo): void {
    this.step(info, 1);
  }

  remove(info: PodInfo): void {
    this.step(info, -1);
  }

  /** All is as it was before. */
  undo(): void {
    for (const [info, step] of this.steps) this.step(info, step === 1 ? -1 : 1);
  }

  private step(info: PodInfo, step: 1 | -1): void {
    this.snapshot.suppose(info, this.row, step);
    // A pod is on the node or not: a second step takes the first one back.
    if (!this.steps.delete(info)) this.steps.set(info, step);
  }
}
