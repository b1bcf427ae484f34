/** Waiting for an object to become what is wanted, driven by a watch. */
import type { KubeObject } from '../api/object.ts';
import { ApiError } from '../lib/client/errors.ts';
import { watch } from '../lib/client/watch.ts';
import { sleep, type Clock } from '../lib/clock.ts';
import { collectionPath, objectName } from './discovery.ts';
import { CommandError } from './errors.ts';
import { progressOf } from './progress.ts';
import type { Place } from './selection.ts';
import type { Session } from './session.ts';

/** A server that ends watches at once is not asked again at once. */
const PAUSE_MILLISECONDS = 200;
const GONE = 410;

/** Ends waits when it is aborted. */
export interface Limit {
  readonly signal: AbortSignal;
}

/** A time by which several waits must be over. */
export class Deadline implements Limit {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();

  /** Zero milliseconds: no end. */
  constructor({ milliseconds, clock }: { readonly milliseconds: number; readonly clock: Clock }) {
    this.signal = this.controller.signal;
    if (milliseconds > 0) clock.after(milliseconds, () => this.controller.abort(new TimedOut()));
    if (milliseconds < 0) this.controller.abort(new TimedOut());
  }
}

class TimedOut extends Error {}

export interface Wanted {
  /** What is said on a terminal while it takes long. */
  readonly what: string;
  /** Undefined: the object is not there. Undefined as an answer: not yet. May throw: hopeless. */
  done(object: KubeObject | undefined): boolean;
}

/** Resolves with the object as it then is; throws CommandError when the limit comes first. */
export async function untilObject(
  place: Place,
  wanted: Wanted,
  session: Session,
  limit: Limit,
): Promise<KubeObject | undefined> {
  const progress = progressOf(session);
  progress.say(wanted.what);
  try {
    for (;;) {
      const found = await once(place, wanted, session, limit);
      if (found.isDone) return found.object;
      await sleep(session.world.clock, PAUSE_MILLISECONDS, limit.signal);
    }
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    throw new CommandError(`timed out waiting for the condition on ${pluralName(place)}`);
  } finally {
    progress.end();
  }
}

/** Until the object that is there now is gone; another one of the same name doesn't count. Resolves with it as it was seen last. */
export async function untilGone(place: Place, session: Session, limit: Limit): Promise<KubeObject | undefined> {
  let last: KubeObject | undefined;
  await untilObject(
    place,
    {
      what: `waiting for ${objectName(place.resource, place.name)} to be gone`,
      done(object) {
        const isGone = object === undefined || (last !== undefined && object.metadata.uid !== last.metadata.uid);
        if (!isGone) last = object;
        return isGone;
      },
    },
    session,
    limit,
  );
  return last;
}

interface Found {
  readonly isDone: boolean;
  readonly object: KubeObject | undefined;
}

/** One list and one watch from there. */
async function once(place: Place, wanted: Wanted, session: Session, { signal }: Limit): Promise<Found> {
  const client = await session.client();
  const path = collectionPath(place.resource, place.namespace);
  const query = { fieldSelector: `metadata.name=${place.name}` };
  const { items, metadata } = await client.list<KubeObject>(path, { query, signal });
  if (wanted.done(items[0])) return { isDone: true, object: items[0] };
  const resourceVersion = metadata.resourceVersion ?? '';
  try {
    for await (const { type, object } of watch<KubeObject>(client, path, {
      query: { ...query, resourceVersion },
      signal,
    })) {
      if (type === 'BOOKMARK') continue;
      const now = type === 'DELETED' ? undefined : object;
      if (wanted.done(now)) return { isDone: true, object: now };
    }
  } catch (error) {
    if (!(error instanceof ApiError && error.code === GONE)) throw error;
  }
  return { isDone: false, object: undefined };
}

/** `deployments/hello`, as kubectl says it here. */
export function pluralName({ resource, name }: Place): string {
  return `${resource.name}/${name}`;
}
