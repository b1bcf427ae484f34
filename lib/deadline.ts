import { type Clock, sleep } from './clock.ts';

const MILLISECONDS = 2000;

/** For checks: rejects when there is no result within two seconds. */
export async function byDeadline<T>(result: Promise<T> | T, clock: Clock): Promise<T> {
  const finished = new AbortController();
  try {
    return await Promise.race([result, tooLate(clock, finished.signal)]);
  } finally {
    finished.abort();
  }
}

async function tooLate(clock: Clock, finished: AbortSignal): Promise<never> {
  await sleep(clock, MILLISECONDS, finished);
  throw new Error(`no answer within ${MILLISECONDS} ms`);
}
