/** The registry as one part of this program sees it: what that part writes, it owns. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';
import type { DeleteOptions, MutateOptions, Registry, Resource, WriteOptions } from './port.ts';

/** `manager` stands in managedFields, such as `dure-controllers`. Events are records, which nobody goes on to apply: they have no owner. */
export function managedBy(registry: Registry, manager: string): Registry {
  return {
    resource: (kind) => {
      const resource = registry.resource(kind);
      return kind.kind === 'Event' ? resource : new ManagedResource(resource, manager);
    },
    kinds: () => registry.kinds(),
    kindOf: (apiVersion, kind) => registry.kindOf(apiVersion, kind),
    followKinds: (visit) => registry.followKinds(visit),
  };
}

class ManagedResource<T extends KubeObject> implements Resource<T> {
  private readonly inner: Resource<T>;
  private readonly manager: string;

  constructor(inner: Resource<T>, manager: string) {
    this.inner = inner;
    this.manager = manager;
  }

  get kind(): Kind<T> {
    return this.inner.kind;
  }

  get view(): View<T> {
    return this.inner.view;
  }

  get(namespace: string, name: string): Promise<T> {
    return this.inner.get(namespace, name);
  }

  create(object: T, options?: WriteOptions): Promise<T> {
    return this.inner.create(object, { manager: this.manager, ...options });
  }

  update(object: T, options?: MutateOptions): Promise<T> {
    return this.inner.update(object, { manager: this.manager, ...options });
  }

  mutate(namespace: string, name: string, change: (current: T) => T | undefined, options?: MutateOptions): Promise<T> {
    return this.inner.mutate(namespace, name, change, { manager: this.manager, ...options });
  }

  rewrite(namespace: string, name: string, change: (current: T) => T): Promise<T> {
    return this.inner.rewrite(namespace, name, change);
  }

  delete(namespace: string, name: string, options?: DeleteOptions): Promise<T> {
    return this.inner.delete(namespace, name, options);
  }
}
