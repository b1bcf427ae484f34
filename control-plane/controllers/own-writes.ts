/**
 * Waits until a view shows what was written. A key is not planned again before, so no plan is made from a view that does
 * not yet hold the plan before it: nothing is created or deleted twice.
 */
import { keyOf } from '../../api/object.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Change, View } from '../../lib/view.ts';
import type { Written } from './executors.ts';

/** Revisions are decimal numbers of any length that a double holds exactly for longer than any cluster lives. */
function revisionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}

/** What a write has let go, such as by the last finalizer, the view may have dropped before anybody looks. */
function shows(current: KubeObject | undefined, { object, deleted }: Written): boolean {
  if (!current && object.metadata.deletionTimestamp !== undefined) return true;
  if (deleted) {
    if (!current || current.metadata.uid !== object.metadata.uid) return true;
    return current.metadata.deletionTimestamp !== undefined && revisionOf(current) >= revisionOf(object);
  }
  return current !== undefined && revisionOf(current) >= revisionOf(object);
}

function settles(change: Change<KubeObject>, written: Written): boolean {
  if (change.type === 'deleted') return true;
  return shows(change.object, written);
}

/** Resolves true once `view` shows `written`, or false after `milliseconds` or when `signal` is aborted. */
export function whenShown(
  view: View<KubeObject>,
  written: Written,
  { clock, milliseconds, signal }: { clock: Clock; milliseconds: number; signal: AbortSignal },
): Promise<boolean> {
  const key = keyOf(written.object);
  if (shows(view.get(key), written)) return Promise.resolve(true);
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (shown: boolean): void => {
      unsubscribe();
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(shown);
    };
    const onAbort = (): void => end(false);
    const unsubscribe = view.subscribe((change) => {
      if (change.key === key && settles(change, written)) end(true);
    });
    const timer = clock.after(milliseconds, () => end(false));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
