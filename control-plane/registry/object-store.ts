/** Typed, guarded access of one kind to the store: JSON in and out, and the store's errors turned into API errors. */
import { serviceUnavailable, StatusError, timeout, internalError, tooLarge } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import {
  type Entry,
  type Store,
  StoreFullError,
  StoreLimitError,
  UnavailableError,
  UnknownOutcomeError,
  type Write,
} from '../storage/port.ts';
import { objectKey } from '../../api/object.ts';
import type { ServedCache } from '../cacher/port.ts';
import type { Conversion, DecodeStored } from './conversion.ts';
import { storageKey } from './keys.ts';

/** How often a write whose outcome is unknown is asked after before the client is told so. */
const MAX_OUTCOME_CHECKS = 3;

export interface Stored<T> {
  /** With resourceVersion set. */
  readonly object: T;
  readonly revision: number;
}

export type ObjectWriteResult<T> =
  | { readonly ok: true; readonly object: T }
  | { readonly ok: false; readonly current: Stored<T> | undefined };

export interface PutOptions {
  readonly ttlSeconds?: number | undefined;
  /** A key of the store that must not exist. */
  readonly absent?: string | undefined;
}

export interface ObjectStoreOptions<T extends KubeObject> {
  kind: Kind<T>;
  store: Store;
  /** Told of what is written. */
  cache?: Pick<ServedCache<T>, 'expect' | 'landed' | 'forget'>;
  /** Between what is stored and the kind, when they are of different versions. */
  conversion?: Conversion<T> | undefined;
  decode?: DecodeStored | undefined;
}

export class ObjectStore<T extends KubeObject> {
  private readonly kind: Kind<T>;
  private readonly store: Store;
  private readonly cache: ObjectStoreOptions<T>['cache'];
  private readonly conversion: Conversion<T> | undefined;
  private readonly decodeStored: DecodeStored | undefined;

  constructor({ kind, store, cache, conversion, decode }: ObjectStoreOptions<T>) {
    this.kind = kind;
    this.store = store;
    this.cache = cache;
    this.conversion = conversion;
    this.decodeStored = decode;
  }

  async read(namespace: string, name: string): Promise<Stored<T> | undefined> {
    const entry = await translated(() => this.store.get(storageKey(this.kind, namespace, name)));
    return entry && this.served(entry);
  }

  /** Writes the object if the key is still at revision `expected` (0: absent). */
  async put(object: T, expected: number, { ttlSeconds, absent }: PutOptions = {}): Promise<ObjectWriteResult<T>> {
    const { conversion } = this;
    const stored = conversion ? await conversion.toStored(object) : object;
    const value = encode(stored);
    const key = this.keyOf(object);
    const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
    const write = { key, expected, value, ...ttl, ...(absent === undefined ? {} : { absent }) };
    // What the stored version has no place for is gone: the answer must not show it.
    const kept = conversion && stored !== object ? (await conversion.toServed([stored]))[0]! : object;
    const cacheKey = objectKey(object.metadata.namespace, object.metadata.name ?? '');
    this.cache?.expect?.(cacheKey, value, object);
    const result = await this.settle(kept, write, (current) => {
      if (current === undefined) return false;
      return current.value.equals(value) || (expected === 0 && uidOf(current) === object.metadata.uid);
    });
    if (result.ok) return { ok: true, object: this.cache?.landed?.(cacheKey, value, result.object) ?? result.object };
    this.cache?.forget?.(cacheKey, value);
    return result;
  }

  /** Removes the object if it is still at revision `expected`, and the store has no key `absent`. */
  remove(object: T, expected: number, absent?: string): Promise<ObjectWriteResult<T>> {
    const write = { key: this.keyOf(object), expected, value: null, ...(absent === undefined ? {} : { absent }) };
    return this.settle(object, write, (current) => current === undefined || uidOf(current) !== object.metadata.uid);
  }

  /**
   * A write whose answer was lost is sent again: its guard lets it happen at most once. If it is refused then, what the
   * key holds tells whether the first one landed.
   */
  private async settle(
    object: T,
    write: Write,
    landed: (current: Entry | undefined) => boolean,
  ): Promise<ObjectWriteResult<T>> {
    let unsure = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.store.write(write);
        if (result.ok) return { ok: true, object: withRevision(object, result.revision) };
        const current = result.current && (await this.served(result.current));
        if (!unsure || !landed(result.current)) return { ok: false, current };
        return { ok: true, object: write.value !== null && current ? current.object : object };
      } catch (error) {
        const retriable = error instanceof UnknownOutcomeError || (unsure && error instanceof UnavailableError);
        if (!retriable) throw toStatusError(error);
        unsure = true;
        if (attempt >= MAX_OUTCOME_CHECKS) {
          throw timeout(`the store did not say whether the write happened: ${error.message}`);
        }
      }
    }
  }

  private async served(entry: Entry): Promise<Stored<T>> {
    const value = this.decodeStored ? this.decodeStored(entry.value, entry.key) : entry.value;
    const stored = decode<T>({ ...entry, value });
    if (!this.conversion) return stored;
    const [object] = await this.conversion.toServed([stored.object]);
    return { object: object!, revision: stored.revision };
  }

  private keyOf({ metadata }: T): string {
    return storageKey(this.kind, metadata.namespace ?? '', metadata.name ?? '');
  }
}

export function withRevision<T extends KubeObject>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function decode<T extends KubeObject>(entry: Entry): Stored<T> {
  const object = JSON.parse(entry.value.toString('utf8')) as T;
  return { object: withRevision(object, entry.revision), revision: entry.revision };
}

function uidOf(entry: Entry): string | undefined {
  return decode(entry).object.metadata.uid;
}

function encode(object: KubeObject): Buffer {
  return Buffer.from(JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } }));
}

/** Runs `work`, turning what the store throws into what a client is told. */
export async function translated<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw toStatusError(error);
  }
}

function toStatusError(error: unknown): unknown {
  if (error instanceof StatusError) return error;
  if (error instanceof UnavailableError) return serviceUnavailable(`the store can't be reached: ${error.message}`);
  if (error instanceof UnknownOutcomeError) return timeout(`the request may have been carried out: ${error.message}`);
  if (error instanceof StoreLimitError) return tooLarge(error.message);
  if (error instanceof StoreFullError) return internalError(error);
  return error;
}
