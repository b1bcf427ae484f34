/** Waiting for what views show: by their events, never by looking again and again. */
import { systemClock } from '../../lib/clock.ts';

/** Whatever tells of its changes: a view of any objects. */
export interface Changing {
  subscribe(listener: () => void): () => void;
}

export interface UntilOptions {
  /** What is waited for, in words for a failed test. */
  readonly what: string;
  /** 60,000 when absent. */
  readonly milliseconds?: number;
  /** What there is instead, for a failed test. */
  readonly instead?: () => unknown;
}

/** Resolves with the milliseconds of the monotonic clock at which `holds` first held; rejects when it does not in time. */
export function until(
  views: readonly Changing[],
  holds: () => boolean,
  { what, milliseconds = 60_000, instead }: UntilOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const ends: (() => void)[] = [];
    const finish = (): void => {
      clearTimeout(limit);
      for (const end of ends) end();
    };
    const limit = setTimeout(() => {
      finish();
      const found = instead ? `; instead: ${JSON.stringify(instead())}` : '';
      reject(new Error(`not within ${milliseconds} ms: ${what}${found}`));
    }, milliseconds);
    const look = (): void => {
      if (!holds()) return;
      finish();
      resolve(systemClock.now());
    };
    for (const view of views) ends.push(view.subscribe(look));
    look();
  });
}
