/** Which backend stands in which slot: as few slots as possible change when backends come and go. */
import { createHash } from 'node:crypto';

/**
 * One slot for each backend, so that all get the same share. Backends keep their slots; the last ones fill the holes.
 * `previous` may hold holes of its own (undefined).
 */
export function arrange(previous: readonly (string | undefined)[], wanted: readonly string[]): string[] {
  const missing = new Set(wanted);
  const kept = new Map<number, string>();
  previous.forEach((backend, slot) => {
    if (backend !== undefined && slot < wanted.length && missing.delete(backend)) kept.set(slot, backend);
  });
  const others = missing.values();
  return wanted.map((_, slot) => kept.get(slot) ?? (others.next().value as string));
}

/**
 * `count` slots, each given to the backend with the highest hash of the two (rendezvous hashing): when a backend goes,
 * only its slots move, and when one comes, it takes only its share.
 */
export function spread(backends: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, slot) => {
    const ranked = backends.map((backend) => ({ backend, rank: rank(backend, slot) }));
    return ranked.reduce((best, other) => (other.rank > best.rank ? other : best)).backend;
  });
}

function rank(backend: string, slot: number): number {
  return createHash('md5').update(`${slot}/${backend}`).digest().readUInt32BE(0);
}
