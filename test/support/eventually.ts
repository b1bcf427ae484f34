/** For what tells of its changes nowhere, such as the processes of a host: looks until it is so. */
import { sleep, systemClock } from '../../lib/clock.ts';

const LOOK_MILLISECONDS = 100;

/** Resolves with the first answer of `look` that is not undefined; rejects with `what` when there was none in time. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  milliseconds = 30_000,
): Promise<T> {
  const deadline = systemClock.now() + milliseconds;
  let last: unknown;
  while (systemClock.now() < deadline) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await sleep(systemClock, LOOK_MILLISECONDS);
  }
  throw new Error(`not within ${milliseconds} ms: ${what}`, { cause: last });
}
