/** When a container has ended and its log is complete. */
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import { RuntimeError, type Runtime } from '../runtime/port.ts';

/** containerd says "exited" in the status only when the log is written, some 50 to 80 ms after the event. */
const SETTLE_MILLISECONDS = Array.from({ length: 250 }, () => 20);
/** An exit just before we began to listen is in no event of ours, and for a while not in the status either. */
const RECHECK_MILLISECONDS = [0, 250, 1000, 10_000];

/** Resolves when the container has ended or is gone, or when the signal is aborted. */
export function untilEnded(
  runtime: Pick<Runtime, 'subscribe' | 'containerStatus'>,
  id: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe();
      resolve();
    };
    const check = (delays: readonly number[]): void => {
      void endsWithin(runtime, id, delays, clock, signal).then((ended) => ended && done());
    };
    const unsubscribe = runtime.subscribe((event) => {
      if (event.type === 'resync') check(RECHECK_MILLISECONDS);
      else if (event.type === 'exited' && event.containerId === id) check(SETTLE_MILLISECONDS);
    });
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

/** Asks after each of the delays; says whether the container has ended. */
async function endsWithin(
  runtime: Pick<Runtime, 'containerStatus'>,
  id: string,
  delays: readonly number[],
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  for (const delay of delays) {
    // An abort ends the wait early, and the loop with it.
    if (delay > 0) await sleep(clock, delay, signal).catch(() => undefined);
    if (signal.aborted) return false;
    if (await hasEnded(runtime, id)) return true;
  }
  return false;
}

async function hasEnded(runtime: Pick<Runtime, 'containerStatus'>, id: string): Promise<boolean> {
  try {
    return (await runtime.containerStatus(id)).state === 'exited';
  } catch (error) {
    // A runtime that does not answer now will be listed again, with a resync, when it does.
    return error instanceof RuntimeError && error.code === 'NotFound';
  }
}
