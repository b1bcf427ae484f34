/** Which images to remove when the disk fills up: those that nobody uses, the longest unused first. Sealed. */

export interface KnownImage {
  readonly id: string;
  readonly sizeBytes: number;
  /** When it was first seen on the node, and when last in use; milliseconds since 1970. */
  readonly seenAt: number;
  readonly usedAt: number;
}

export interface CollectionPolicy {
  /** Percent of the disk: above the one images are removed, until no more than the other is used. */
  readonly highPercent: number;
  readonly lowPercent: number;
  /** Milliseconds: one that has just been pulled is about to be used. */
  readonly minAge: number;
}

export interface Disk {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

export interface Collection {
  readonly remove: readonly KnownImage[];
  /** Zero while the disk is not too full. */
  readonly wantedBytes: number;
  /** How much of that no removal gives back. */
  readonly missingBytes: number;
}

/** `unused` are the images that no container and no pod of the node names. */
export function planCollection(
  unused: readonly KnownImage[],
  { capacityBytes, availableBytes }: Disk,
  policy: CollectionPolicy,
  now: number,
): Collection {
  const used = capacityBytes - availableBytes;
  if (capacityBytes <= 0 || used * 100 < capacityBytes * policy.highPercent) {
    return { remove: [], wantedBytes: 0, missingBytes: 0 };
  }
  const wantedBytes = Math.max(0, Math.ceil(used - (capacityBytes * policy.lowPercent) / 100));
  const oldest = unused
    .filter(({ seenAt }) => now - seenAt >= policy.minAge)
    .toSorted((a, b) => a.usedAt - b.usedAt || a.seenAt - b.seenAt);
  const remove: KnownImage[] = [];
  let freed = 0;
  for (const image of oldest) {
    if (freed >= wantedBytes) break;
    remove.push(image);
    freed += image.sizeBytes;
  }
  return { remove, wantedBytes, missingBytes: Math.max(0, wantedBytes - freed) };
}
