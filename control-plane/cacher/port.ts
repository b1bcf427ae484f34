/** What the registry and the handlers ask of a resource's watch cache. */
import type { KubeObject } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';

/** An object as it entered the cache: parsed once, encoded once. */
export interface Cached<T extends KubeObject> {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  /** With resourceVersion set. Never edited. */
  readonly object: T;
  readonly revision: number;
  /** The object as JSON, as it goes over the wire. */
  readonly bytes: Buffer;
  /** The object as a message without an envelope: made by `encode` when first asked for, and kept. */
  message(encode: (object: T) => Uint8Array): Uint8Array;
}

export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED the last state, with the revision of its deletion as its resourceVersion. */
  readonly entry: Cached<T>;
  /** What the change replaced; absent for new objects and for the state that a watch begins with. */
  readonly previous?: Cached<T> | undefined;
  /** `{"type":…,"object":…}` and a newline, encoded once for all watchers. */
  frame(): Buffer;
  /** The event in another form, made when the first watcher asks and shared by those that are told at the same time. */
  framedAs(form: string, make: () => Buffer): Buffer;
}

export interface WatchRequest<T extends KubeObject> {
  /** Events after this revision; undefined: the present state as ADDED events first, in no order, then what follows. */
  after: number | undefined;
  /** Which objects this watcher sees. One that stops matching is DELETED for it, one that begins to is ADDED. */
  matches(object: T): boolean;
  /** Narrows what is looked at: only keys of this namespace. */
  namespace: string | undefined;
  /** Narrows it further: only this key. */
  key?: string | undefined;
  /** All of the present state has been sent, as it was at `revision`; only when there is no `after`. */
  onStateSent?(revision: number): void;
  /** Never called before `watch` has returned. */
  onEvent(event: WatchEvent<T>): void;
  /** Asked between slices of what is replayed (the present state, past events): resolves when more can be taken. */
  ready?(): Promise<void>;
  /** The watcher has seen everything up to `revision`. Called about once a minute, and before the cache ends the watch in an orderly way. */
  onBookmark(revision: number): void;
  /**
   * Ended by the cache. The error is a StatusError: Expired when the start revision is no longer held or the cache had to
   * start anew. undefined when the server stops.
   */
  onEnd(error: Error | undefined): void;
}

/** What handlers and writers read: the cache of a resource as one of its versions shows it. */
export interface ServedCache<T extends KubeObject> {
  /** The objects as they are stored, whatever version that is. */
  readonly view: View<KubeObject>;
  /** The cache holds everything up to and including this revision of the store. */
  readonly revision: number;
  /** How many would be told of a change of this key; '' stands for the name that a new object will get. */
  watchersOf(key: string): number;
  /** Rejects (or throws) with a StatusError when the object can't be converted to the version; so do `list` and `show`. */
  get(key: string): Cached<T> | undefined | Promise<Cached<T> | undefined>;
  /** In the order of their keys; all namespaces when undefined. A consistent copy: later changes don't touch it. */
  list(namespace: string | undefined): readonly Cached<T>[] | Promise<readonly Cached<T>[]>;
  /** What was read elsewhere as it is stored, as this cache shows it; one for each, in the same order. */
  show(stored: readonly Cached<KubeObject>[]): readonly Cached<T>[] | Promise<readonly Cached<T>[]>;
  /** Resolves with a revision at least as new as the store's at the time of the call, once the cache holds it. Concurrent calls share one question to the store. Rejects with a StatusError (Timeout) after 10 seconds. */
  whenFresh(signal?: AbortSignal): Promise<number>;
  /** Resolves once the cache holds `revision`; rejects with a StatusError (Timeout, cause ResourceVersionTooLarge) after 3 seconds. */
  waitFor(revision: number, signal?: AbortSignal): Promise<void>;
  watch(request: WatchRequest<T>): { close(): void };
  /**
   * `value`, the JSON of `object`, is about to be stored under this key: then the cache holds the object itself and need
   * not parse it. Nobody may edit it any more. Absent where what is stored is of another version.
   */
  expect?(key: string, value: Buffer, object: T): void;
  /** That write has happened. Returns the object as the cache holds it or is going to; `object` has its resourceVersion. */
  landed?(key: string, value: Buffer, object: T): T;
  /** The JSON of an object that the cache holds or that has just landed; undefined for any other, alike as it may be. */
  bytesOf?(object: T): Buffer | undefined;
  /** The write of `value` did not happen. */
  forget?(key: string, value: Buffer): void;
}

/** The cache of a resource in the version in which it is stored: nothing needs converting, so nothing is waited for. */
export interface ResourceCache<T extends KubeObject> extends ServedCache<T> {
  readonly view: View<T>;
  get(key: string): Cached<T> | undefined;
  list(namespace: string | undefined): readonly Cached<T>[];
  show(stored: readonly Cached<KubeObject>[]): readonly Cached<T>[];
}
