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

/** Flows that come again soon; who has more than these pays for their hands. */
const MAX_REMEMBERED = 1024;

/** Hands of one number of queues and one size, remembered for the flows that are busy. */
export class Dealer {
  readonly queues: number;
  readonly handSize: number;
  private readonly hands = new Map<string, readonly number[]>();

  constructor({ queues, handSize }: { readonly queues: number; readonly handSize: number }) {
    this.queues = queues;
    this.handSize = handSize;
  }

  handOf(flow: string): readonly number[] {
    const known = this.hands.get(flow);
    if (known) return known;
    if (this.hands.size >= MAX_REMEMBERED) this.hands.clear();
    const hand = deal(flow, this.queues, this.handSize);
    this.hands.set(flow, hand);
    return hand;
  }
}

/** The queue that stands at `place` among those that are left. */
function notYetDealt(place: number, hand: readonly number[]): number {
  let queue = place;
  for (const dealt of hand.toSorted((a, b) => a - b)) if (dealt <= queue) queue += 1;
  return queue;
}
