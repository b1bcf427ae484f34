/** Collections as they were, read from the store: the further pages of a list, and exact revisions. */
import { expired, tooLargeResourceVersion } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { CacheEntry } from '../cacher/entry.ts';
import type { DecodeStored } from '../registry/conversion.ts';
import { storagePrefix } from '../registry/keys.ts';
import { translated } from '../registry/object-store.ts';
import { CompactedError, FutureRevisionError, type Entry, type Store } from '../storage/port.ts';
import type { History, Page, PageRequest, ServedResource } from './port.ts';

/** How much is asked of the store at once. */
const CHUNK = 500;

export class StoreHistory implements History {
  private readonly store: Store;

  constructor(options: { readonly store: Store }) {
    this.store = options.store;
  }

  async list({ kind, decode }: Pick<ServedResource, 'kind' | 'decode'>, request: PageRequest): Promise<Page> {
    const { namespace, after, revision, signal } = request;
    const all = storagePrefix(kind);
    const entries: Cached[] = [];
    let last = after === undefined ? undefined : all + after;
    let at = revision;
    for (;;) {
      const limit = Math.min(CHUNK, (request.limit ?? Infinity) - entries.length);
      const result = await this.read(storagePrefix(kind, namespace), { limit, after: last, revision: at, signal });
      at = result.revision;
      for (const entry of result.entries) entries.push(read(entry, all, decode));
      last = result.entries.at(-1)?.key ?? last;
      const isFull = request.limit !== undefined && entries.length >= request.limit;
      if (!result.more || isFull) return { entries, revision: at, remaining: result.remaining };
    }
  }

  private read(
    prefix: string,
    { limit, after, revision, signal }: { limit: number; after?: string; revision?: number; signal: AbortSignal },
  ): ReturnType<Store['list']> {
    return translated(async () => {
      try {
        return await this.store.list(prefix, {
          limit,
          signal,
          ...(after === undefined ? {} : { after }),
          ...(revision === undefined ? {} : { revision }),
        });
      } catch (error) {
        if (error instanceof CompactedError) {
          throw expired('The resourceVersion for the provided list is too old.');
        }
        if (error instanceof FutureRevisionError) {
          throw tooLargeResourceVersion(revision ?? 0, error.current);
        }
        throw error;
      }
    });
  }
}

type Cached = CacheEntry<KubeObject>;

function read(entry: Entry, prefix: string, decode: DecodeStored | undefined): Cached {
  const json = decode ? decode(entry.value, entry.key) : entry.value;
  const stored = { key: entry.key.slice(prefix.length), json, revision: entry.revision };
  return CacheEntry.decode<KubeObject>(stored, (json) => JSON.parse(json.toString()) as KubeObject);
}
