/** Shuffle sharding: each flow has a hand of a few queues, and hardly two flows have the same. */
import { hash } from 'node:crypto';

const DIGEST_BYTES = 32;
/** The most that a buffer reads as one number. */
const MAX_BYTES = 6;

/**
 * The queues, all different, that belong to a flow: `size` of them below `queues`. Drawn from a digest that nobody can
 * steer, so that no flow can be named to share the hand of another.
 */
export function deal(flow: string, queues: number, size: number): number[] {
  const digest = hash('sha256', flow, 'buffer');
  const width = Math.min(MAX_BYTES, Math.floor(DIGEST_BYTES / size));
  const hand: number[] = [];
  for (let card = 0; card < size; card++) {
    hand.push(notYetDealt(digest.readUIntBE(card * width, width) % (queues - card), hand));
  }
  return hand;
}

/** The queue that stands at `place` among those that are left. */
function notYetDealt(place: number, hand: readonly number[]): number {
  let queue = place;
  for (const dealt of hand.toSorted((a, b) => a - b)) if (dealt <= queue) queue += 1;
  return queue;
}
