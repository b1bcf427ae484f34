/** How rules look up the objects they depend on. */
import { isStatusError } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import type { Registry } from '../registry/port.ts';

/** Objects of one kind. */
export interface Lookup<T extends KubeObject> {
  /** As the cache knows it; asked of the store when the cache has none. undefined when there is none. */
  find(namespace: string, name: string): Promise<T | undefined>;
  /** As the cache knows them. For kinds of which a cluster has few. */
  all(): Iterable<T>;
  /** Those of a namespace, as the cache knows them. */
  within(namespace: string): Iterable<T>;
}

export function lookupOf<T extends KubeObject>(registry: Registry, kind: Kind<T>): Lookup<T> {
  return {
    async find(namespace, name) {
      const resource = registry.resource(kind);
      const known = resource.view.get(objectKey(namespace, name));
      if (known) return known;
      try {
        return await resource.get(namespace, name);
      } catch (error) {
        if (isStatusError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
    all: () => registry.resource(kind).view.list(),
    within: (namespace) => registry.resource(kind).view.byIndex('namespace', namespace),
  };
}
