/** Subscribing to several views at once, and naming owners by key. */
import type { KubeObject } from '../../api/object.ts';
import { objectKey } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';
import { controllerOf } from './owners.ts';

/**
 * A view, and what to do with each object as it was before and as it is after every change. With `existing` also with
 * what is there already.
 */
type Followed<T> = readonly [view: View<T>, visit: (object: T) => void, from?: 'existing'];

/** Follows all of them; returns what ends it. */
export function follow<A, B = A, C = B, D = C>(
  views: readonly [Followed<A>, Followed<B>?, Followed<C>?, Followed<D>?],
): () => void {
  const ends = (views as readonly Followed<unknown>[]).map(([view, visit, from]) => {
    const end = view.subscribe(({ object, previous, type }) => {
      if (previous !== undefined && type === 'updated') visit(previous);
      visit(object);
    });
    if (from === 'existing') for (const object of view.list()) visit(object);
    return end;
  });
  return () => ends.forEach((end) => end());
}

/** The key of an object's controller, if that is of this kind and of the object's namespace. */
export function ownerKey(object: KubeObject, kind: string): string | undefined {
  const owner = controllerOf(object);
  return owner?.kind === kind ? objectKey(object.metadata.namespace, owner.name) : undefined;
}
