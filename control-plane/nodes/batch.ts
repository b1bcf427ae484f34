/** Keys of objects that agents are still to be told of, and the messages that they become. */
import { CHANGES_BYTES, type ObjectChange } from '../../lib/link/proto.ts';

const NOTHING = Buffer.alloc(0);

/** By `resource/key`; in the order in which they are told. */
export type Pending = Map<string, { readonly resource: string; readonly key: string }>;

/** The object's bytes as they go over the wire now; undefined when there is none (any more). */
export type Lookup = (resource: string, key: string) => Buffer | undefined;

export function note(pending: Pending, resource: string, key: string): void {
  pending.set(`${resource}/${key}`, { resource, key });
}

/** Takes as many as one message holds, each as it is now. */
export function takeBatch(pending: Pending, lookup: Lookup): ObjectChange[] {
  const changes: ObjectChange[] = [];
  let bytes = 0;
  for (const [id, { resource, key }] of pending) {
    const object = lookup(resource, key) ?? NOTHING;
    bytes += object.length + key.length;
    if (changes.length > 0 && bytes > CHANGES_BYTES) break;
    changes.push({ resource, key, object });
    pending.delete(id);
  }
  return changes;
}
