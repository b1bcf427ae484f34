import type { KubeObject } from '../../api/object.ts';
import { insertVersion, replaceVersion, type VersionedJson } from './encoding.ts';
import type { Cached } from './port.ts';

/** What the store holds under a key, after decryption. */
export interface StoredValue {
  readonly key: string;
  readonly json: Buffer;
  readonly revision: number;
}

export type Parse<T> = (json: Buffer) => T;

/** An object of the cache. It and its metadata are frozen. */
export class CacheEntry<T extends KubeObject> implements Cached<T>, VersionedJson {
  readonly key: string;
  readonly object: T;
  readonly revision: number;
  readonly bytes: Buffer;
  readonly versionAt: number;
  private encodedMessage: Uint8Array | undefined;

  private constructor(key: string, object: T, revision: number, encoded: VersionedJson) {
    this.key = key;
    this.object = object;
    this.revision = revision;
    this.bytes = encoded.bytes;
    this.versionAt = encoded.versionAt;
  }

  /** `known` is what the JSON says, when that is known. Throws when the value is not the JSON of an object with metadata. */
  static decode<T extends KubeObject>({ key, json, revision }: StoredValue, parse: Parse<T>, known?: T): CacheEntry<T> {
    const encoded = insertVersion(json, revision);
    if (!encoded) throw new Error('the stored object has no metadata');
    return new CacheEntry(key, freeze(withVersion(known ?? parse(json), revision)), revision, encoded);
  }

  message(encode: (object: T) => Uint8Array): Uint8Array {
    this.encodedMessage ??= encode(this.object);
    return this.encodedMessage;
  }

  /** The same state under another revision: how the last state of a deleted object is shown. */
  at(revision: number): CacheEntry<T> {
    const object = freeze(withVersion(this.object, revision));
    return new CacheEntry(this.key, object, revision, replaceVersion(this, revision));
  }
}

function withVersion<T extends KubeObject>(object: T, revision: number): T {
  if (object.metadata.resourceVersion === String(revision)) return object;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

export function freeze<T extends KubeObject>(object: T): T {
  Object.freeze(object.metadata);
  return Object.freeze(object);
}
