/** The cache of a resource in a version in which it is not stored. It holds no objects of its own. */
import type { KubeObject } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';
import { EncodedEvent } from './change.ts';
import { ConvertedWatch } from './converted-watch.ts';
import type { Cached, ResourceCache, ServedCache, WatchEvent, WatchRequest } from './port.ts';

/** Stored objects as the version has them, one for each; the object itself where nothing differs. */
export type Convert<T> = (stored: readonly KubeObject[]) => readonly T[] | Promise<readonly T[]>;

export interface ConvertedCacheOptions<T extends KubeObject> {
  source: ResourceCache<KubeObject>;
  convert: Convert<T>;
}

/** An object is converted when it is first asked for, and encoded when it is first sent; both are kept as long as it lives. */
export class ConvertedCache<T extends KubeObject> implements ServedCache<T> {
  private readonly source: ResourceCache<KubeObject>;
  private readonly convert: Convert<T>;
  /** By the stored object. */
  private readonly shown = new WeakMap<KubeObject, Cached<T>>();
  /** By the event of the stored object. */
  private readonly events = new WeakMap<WatchEvent<KubeObject>, Map<string, WatchEvent<T>>>();

  constructor({ source, convert }: ConvertedCacheOptions<T>) {
    this.source = source;
    this.convert = convert;
  }

  get view(): View<KubeObject> {
    return this.source.view;
  }

  get revision(): number {
    return this.source.revision;
  }

  watchersOf(key: string): number {
    return this.source.watchersOf(key);
  }

  get(key: string): Cached<T> | undefined | Promise<Cached<T> | undefined> {
    const stored = this.source.get(key);
    if (!stored) return undefined;
    const shown = this.show([stored]);
    return shown instanceof Promise ? shown.then(([entry]) => entry) : shown[0];
  }

  list(namespace: string | undefined): readonly Cached<T>[] | Promise<readonly Cached<T>[]> {
    return this.show(this.source.list(namespace));
  }

  show(stored: readonly Cached<KubeObject>[]): readonly Cached<T>[] | Promise<readonly Cached<T>[]> {
    const missing = stored.filter(({ object }) => !this.shown.has(object));
    if (missing.length === 0) return this.remembered(stored);
    const converted = this.convert(missing.map(({ object }) => object));
    if (!(converted instanceof Promise)) {
      this.remember(missing, converted);
      return this.remembered(stored);
    }
    return converted.then((objects) => {
      this.remember(missing, objects);
      return this.remembered(stored);
    });
  }

  whenFresh(signal?: AbortSignal): Promise<number> {
    return this.source.whenFresh(signal);
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    return this.source.waitFor(revision, signal);
  }

  watch(request: WatchRequest<T>): { close(): void } {
    const watch = new ConvertedWatch<T>({
      source: this.source,
      request,
      show: (stored) => this.show(stored),
      event: (...parts) => this.event(...parts),
    });
    watch.start();
    return watch;
  }

  private remember(stored: readonly Cached<KubeObject>[], objects: readonly T[]): void {
    for (const [index, entry] of stored.entries()) {
      const object = objects[index];
      if (object === undefined) throw new Error('a conversion returned fewer objects than it was given');
      this.shown.set(entry.object, isSame(entry, object) ? entry : new ConvertedEntry(entry, object));
    }
  }

  private remembered(stored: readonly Cached<KubeObject>[]): readonly Cached<T>[] {
    return stored.map(({ object }) => this.shown.get(object)!);
  }

  /** Shared by all who watch this version, and so its frame is too. */
  private event(
    from: WatchEvent<KubeObject>,
    type: WatchEvent<T>['type'],
    entry: Cached<T>,
    previous?: Cached<T>,
  ): WatchEvent<T> {
    const known = this.events.get(from) ?? new Map<string, WatchEvent<T>>();
    this.events.set(from, known);
    // Whoever does not see an object any more is shown how he saw it last.
    const leaves = type === 'DELETED' && from.type !== 'DELETED' && previous !== undefined;
    const event = known.get(type) ?? new EncodedEvent(type, leaves ? lastSeen(previous, entry.revision) : entry);
    known.set(type, event);
    return event;
  }
}

function isSame<T extends KubeObject>(entry: Cached<KubeObject>, object: T): entry is Cached<T> {
  return (entry.object as KubeObject) === object;
}

function lastSeen<T extends KubeObject>(entry: Cached<T>, revision: number): Cached<T> {
  const metadata = { ...entry.object.metadata, resourceVersion: String(revision) };
  return new ConvertedEntry({ key: entry.key, revision }, { ...entry.object, metadata });
}

class ConvertedEntry<T extends KubeObject> implements Cached<T> {
  readonly key: string;
  readonly object: T;
  readonly revision: number;
  private encoded: Buffer | undefined;
  private encodedMessage: Uint8Array | undefined;

  constructor({ key, revision }: Pick<Cached<KubeObject>, 'key' | 'revision'>, object: T) {
    this.key = key;
    this.revision = revision;
    Object.freeze(object.metadata);
    this.object = Object.freeze(object);
  }

  get bytes(): Buffer {
    this.encoded ??= Buffer.from(JSON.stringify(this.object));
    return this.encoded;
  }

  message(encode: (object: T) => Uint8Array): Uint8Array {
    this.encodedMessage ??= encode(this.object);
    return this.encodedMessage;
  }
}
