/** Where objects live in the store. */
import { type Kind, storedKindOf } from '../../api/kinds.ts';

export const REGISTRY_PREFIX = '/registry/';

/**
 * `/registry/<group or "core">/<plural>/`, and with a namespace `…/<namespace>/`: the prefix of a kind's keys, which are the
 * same for all of its versions.
 * It ends in a slash, so that no kind's prefix is a prefix of another's.
 */
export function storagePrefix(kind: Kind, namespace?: string): string {
  const { group, plural } = storedKindOf(kind);
  const prefix = `${REGISTRY_PREFIX}${group || 'core'}/${plural}/`;
  return namespace ? `${prefix}${namespace}/` : prefix;
}

/** The key of one object. */
export function storageKey(kind: Kind, namespace: string, name: string): string {
  return storagePrefix(kind, kind.namespaced ? namespace : undefined) + name;
}
