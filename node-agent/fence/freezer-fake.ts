/** A freezer of pods that are nowhere: what happens to each is in its record. */
import type { Freezer, FreezerState } from './freezer.ts';

export class FakeFreezer implements Freezer {
  readonly version = 'v2';
  readonly states = new Map<string, FreezerState>();
  readonly killed: string[] = [];
  /** Pods with a process that does not come out of the kernel. */
  readonly stuck = new Set<string>();

  stateOf(uid: string): FreezerState {
    return this.states.get(uid) ?? 'absent';
  }

  freeze(uid: string): void {
    if (this.states.has(uid)) this.states.set(uid, this.stuck.has(uid) ? 'freezing' : 'frozen');
  }

  thaw(uid: string): void {
    if (this.states.has(uid)) this.states.set(uid, 'running');
  }

  kill(uid: string): void {
    if (this.states.delete(uid)) this.killed.push(uid);
  }

  groupsOf(uid: string): string[] {
    return [`/groups/pod${uid}`];
  }
}
