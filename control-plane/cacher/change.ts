import type { KubeObject } from '../../api/object.ts';
import type { CacheEntry } from './entry.ts';
import type { Cached, WatchEvent } from './port.ts';

type EventType = WatchEvent<KubeObject>['type'];

/** One event as watchers get it; its frames are made when the first of them asks and then shared by all. */
export class EncodedEvent<T extends KubeObject> implements WatchEvent<T> {
  readonly type: EventType;
  readonly entry: Cached<T>;
  readonly previous: Cached<T> | undefined;
  private encoded: Buffer | undefined;
  private readonly others = new Map<string, Buffer>();

  constructor(type: EventType, entry: Cached<T>, previous?: Cached<T>) {
    this.type = type;
    this.entry = entry;
    this.previous = previous;
  }

  frame(): Buffer {
    this.encoded ??= Buffer.concat([
      Buffer.from(`{"type":"${this.type}","object":`),
      this.entry.bytes,
      Buffer.from('}\n'),
    ]);
    return this.encoded;
  }

  framedAs(form: string, make: () => Buffer): Buffer {
    const known = this.others.get(form);
    if (known) return known;
    const frame = make();
    this.others.set(form, frame);
    return frame;
  }

  /** Lets go of the frames, which whoever is told later makes again. */
  forget(): void {
    this.encoded = undefined;
    this.others.clear();
  }
}

export interface ChangeFields<T extends KubeObject> {
  key: string;
  revision: number;
  /** The state before; undefined when the object is new. */
  previous: CacheEntry<T> | undefined;
  /** The state now; undefined when the object is gone. */
  current: CacheEntry<T> | undefined;
  /** Whether the revision holds other changes of this resource too. */
  shared: boolean;
}

/** What one commit did to one object, from which each watcher gets its own kind of event. */
export class CacheChange<T extends KubeObject> {
  readonly key: string;
  readonly revision: number;
  readonly previous: CacheEntry<T> | undefined;
  readonly current: CacheEntry<T> | undefined;
  readonly shared: boolean;
  private readonly events: Partial<Record<EventType, EncodedEvent<T>>> = {};

  constructor({ key, revision, previous, current, shared }: ChangeFields<T>) {
    this.key = key;
    this.revision = revision;
    this.previous = previous;
    this.current = current;
    this.shared = shared;
  }

  /** Bytes that the change holds on to while it waits in the window, counting the object's message as made. */
  get size(): number {
    return 2 * ((this.current ?? this.previous)?.bytes.length ?? 0) + 256;
  }

  /** Everybody who watches has been told. */
  told(): void {
    for (const event of Object.values(this.events)) event.forget();
  }

  /** The event for a watcher that sees the objects for which `matches` is true; undefined when it sees nothing of it. */
  eventFor(matches: (object: T) => boolean): WatchEvent<T> | undefined {
    const before = this.previous !== undefined && matches(this.previous.object);
    const now = this.current !== undefined && matches(this.current.object);
    if (now && this.current) return this.event(before ? 'MODIFIED' : 'ADDED', this.current);
    if (before && this.previous) return this.event('DELETED', this.previous);
    return undefined;
  }

  private event(type: EventType, entry: CacheEntry<T>): WatchEvent<T> {
    this.events[type] ??= new EncodedEvent(type, type === 'DELETED' ? entry.at(this.revision) : entry, this.previous);
    return this.events[type];
  }
}
