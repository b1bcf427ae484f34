/** Writes again what would be sealed otherwise today, after keys were rotated or sealing was switched on or off. */
import type { Log } from '../../../lib/log.ts';
import type { Entry, Store } from '../port.ts';
import { SealError } from './envelope.ts';
import type { Sealing } from './sealing.ts';

/** Values that are looked at together. */
const CHUNK = 200;

export interface ResealOptions {
  /** As it is stored, unopened. */
  readonly store: Store;
  readonly sealing: Sealing;
  /** Prefixes of values that the store removes by itself soon: written again they would stay. */
  readonly expiring: readonly string[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Resolves with how many were written. Each write is guarded, so a value that is changed meanwhile is left to its writer,
 * who seals it the new way already, and several servers can do this side by side.
 */
export async function reseal(options: ResealOptions): Promise<number> {
  let written = 0;
  for (const prefix of options.sealing.prefixes) written += await resealUnder(prefix, options);
  if (written > 0) options.log.info({ written }, 'sealed stored values with the present key');
  return written;
}

async function resealUnder(prefix: string, options: ResealOptions): Promise<number> {
  let written = 0;
  let after: string | undefined;
  do {
    const page = await options.store.list(prefix, {
      limit: CHUNK,
      signal: options.signal,
      ...(after ? { after } : {}),
    });
    const stale = page.entries.filter((entry) => needsIt(entry, options));
    const results = await Promise.all(stale.map((entry) => resealOne(entry, options)));
    written += results.filter(Boolean).length;
    after = page.more ? page.entries.at(-1)?.key : undefined;
  } while (after !== undefined && !options.signal.aborted);
  return written;
}

function needsIt({ key, value }: Entry, { sealing, expiring }: ResealOptions): boolean {
  return sealing.isStale(key, value) && !expiring.some((prefix) => key.startsWith(prefix));
}

async function resealOne({ key, value, revision }: Entry, { store, sealing, log }: ResealOptions): Promise<boolean> {
  try {
    const again = sealing.seal(key, sealing.open(key, value));
    return (await store.write({ key, expected: revision, value: again })).ok;
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.error({ key, why: error.message }, 'a stored value can not be opened');
    return false;
  }
}
