/** Something made of all objects of a view, made anew when one has changed and it is asked for. */
import type { KubeObject } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';

export class Compiled<T extends KubeObject, R> {
  readonly #views: readonly View<T>[];
  readonly #make: (objects: readonly T[]) => R;
  #made: { readonly result: R } | undefined;

  /** Objects come sorted by name. `make` must not throw. */
  constructor(views: readonly View<T>[], make: (objects: readonly T[]) => R) {
    this.#views = views;
    this.#make = make;
    for (const view of views) view.subscribe(() => (this.#made = undefined));
  }

  get isEmpty(): boolean {
    return this.#views.every(({ size }) => size === 0);
  }

  get(): R {
    this.#made ??= { result: this.#make(this.#views.flatMap((view) => [...view.list()]).toSorted(byName)) };
    return this.#made.result;
  }

  /** What it was made of other things changed. */
  invalidate(): void {
    this.#made = undefined;
  }
}

function byName(a: KubeObject, b: KubeObject): number {
  const [left = '', right = ''] = [a.metadata.name, b.metadata.name];
  return left < right ? -1 : left > right ? 1 : 0;
}
