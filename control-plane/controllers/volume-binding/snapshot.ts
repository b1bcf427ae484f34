/** One claim, and all that is looked at to decide about it. */
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';

export interface ClaimSnapshot {
  readonly claim: PersistentVolumeClaim;
  /** The one that the claim names. */
  readonly volume: PersistentVolume | undefined;
  /** Those that are kept for the claim, and free ones of its class. */
  readonly candidates: readonly PersistentVolume[];
  readonly storageClass: StorageClass | undefined;
  /** The class of claims that name none. */
  readonly defaultClass: StorageClass | undefined;
  /** The one that the scheduler has chosen, if it is there. */
  readonly selected: Node | undefined;
  /** Those on which a volume could be made for a claim that waits for no pod, the best first. */
  readonly nodes: () => readonly Node[];
}
