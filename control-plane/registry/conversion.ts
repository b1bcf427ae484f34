import type { KubeObject } from '../../api/object.ts';

/**
 * Between the version in which a resource is stored and one in which it is served. All verbs go through it, as it stands at
 * the edge of the store: what is behind it (validation, admission, patches) sees objects of the served version only.
 *
 * Pure: what it is given is never edited, and of the metadata only labels and annotations may come out changed. A conversion
 * that returns no promise costs a cached object one call in its life, and the bytes made of it are shared by everybody who
 * reads or watches that version; an object that is returned as it came is not even encoded again.
 */
export interface Conversion<T extends KubeObject = KubeObject> {
  /** Stored objects, each in whatever version it was written in; one for each, in the same order. Throws a StatusError. */
  toServed(stored: readonly KubeObject[]): readonly T[] | Promise<readonly T[]>;
  toStored(served: T): KubeObject | Promise<KubeObject>;
}

/** JSON of what the store holds under a key, such as with defaults that the object was stored without. */
export type DecodeStored = (value: Buffer, key: string) => Buffer;
