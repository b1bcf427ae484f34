/**
 * What controllers, the scheduler and the handlers ask of the registry. One {@link Resource} a kind, all of them made by
 * the same generic code from the kind's row in `api/kinds.ts`, its strategy, its cache and the store.
 *
 * Every call rejects with a `StatusError` of `api/errors.ts` and nothing else.
 */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';

export interface WriteOptions {
  /** Go the whole way, admission and validation included, but write nothing. */
  dryRun?: boolean;
  /** Who is put down as the owner of what changes. Nobody's fields change hands where it is absent. */
  manager?: string;
}

/** What is written by itself, with rules of its own; a kind has some of them. */
export type Subresource = 'status' | 'approval' | 'ephemeralcontainers' | 'finalize' | 'resize';

export interface MutateOptions extends WriteOptions {
  /** Which part may change; the rest of what `change` returns is ignored, as for the subresource in HTTP. */
  subresource?: Subresource;
  /** Refuse (Conflict) when the object has another uid: it was deleted and made again. */
  uid?: string;
}

export interface DeleteOptions extends WriteOptions {
  /** Seconds; 0 deletes at once. Kinds without grace ignore it. */
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
  /** Refuse (Conflict) while the store has this key, decided in the commit that deletes. */
  absent?: string;
}

export interface Resource<T extends KubeObject> {
  readonly kind: Kind<T>;
  /** Read from here wherever the latest known state is enough. Key: `namespace/name` or `name`. */
  readonly view: View<T>;
  /** The committed state, asked of the store. NotFound when there is none. */
  get(namespace: string, name: string): Promise<T>;
  /** Defaults, validates, stores; returns what was stored. AlreadyExists, Invalid, … */
  create(object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the object, guarded by its resourceVersion. */
  update(object: T, options?: MutateOptions): Promise<T>;
  /**
   * Reads (from the view first), lets `change` decide, writes guarded, and begins again when somebody else wrote in
   * between. `change` must be pure: it may run several times. `undefined` from it means: leave it; so does a result
   * equal to the input, which writes nothing. Returns the object as it then is.
   */
  mutate(namespace: string, name: string, change: (current: T) => T | undefined, options?: MutateOptions): Promise<T>;
  /**
   * As `mutate`, for a change that whoever calls answers for (binding a pod): neither admission nor the kind's update rules
   * are asked.
   */
  rewrite(namespace: string, name: string, change: (current: T) => T, options?: WriteOptions): Promise<T>;
  /** Deletes, or marks as being deleted when there is grace or a finalizer. Returns the object as it then is. */
  delete(namespace: string, name: string, options?: DeleteOptions): Promise<T>;
}

export interface Registry {
  /** Throws NotFound for a kind that is not there, such as a custom resource whose definition is gone by now. */
  resource<T extends KubeObject>(kind: Kind<T>): Resource<T>;
  /** The row as which each resource is stored, one a resource, whatever versions it is served in. They come and go. */
  kinds(): Iterable<Kind>;
  /** The stored row of a type that is served, such as `apps/v1` and `Deployment`. */
  kindOf(apiVersion: string, kind: string): Kind | undefined;
  /**
   * Calls `visit` for every stored kind there is and for each that is added later; what it returns is called when the kind
   * goes, or when the returned function ends it all. A kind whose definition changes goes and comes again.
   */
  followKinds(visit: (kind: Kind) => () => void): () => void;
}
