/** What concerns a namespace's end: itself and everything in it. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import type { Elsewhere } from '../elsewhere.ts';
import type { Content, NamespaceSnapshot } from './plan.ts';
import { planFailure, planNamespace } from './plan.ts';

export class NamespaceController implements Controller {
  readonly name = 'namespace';
  private readonly registry: Registry;
  private readonly elsewhere: Elsewhere;

  constructor({ registry, elsewhere }: { registry: Registry; elsewhere: Elsewhere }) {
    this.registry = registry;
    this.elsewhere = elsewhere;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { view } = this.registry.resource(kinds.namespaces);
    const isEnding = (name: string): boolean => view.get(name)?.metadata.deletionTimestamp !== undefined;
    const onContent = ({ object }: { object: KubeObject }): void => {
      const { namespace = '' } = object.metadata;
      if (isEnding(namespace)) enqueue(namespace);
    };
    const ending = (): void => {
      for (const { metadata } of view.list()) if (metadata.deletionTimestamp) enqueue(metadata.name ?? '');
    };
    const ends = [
      this.elsewhere.onChange(ending),
      this.registry.followKinds((kind) =>
        kind.namespaced ? this.registry.resource(kind).view.subscribe(onContent) : () => {},
      ),
      view.subscribe(({ key }) => enqueue(key)),
    ];
    for (const namespace of view.list()) enqueue(keyOf(namespace));
    return () => ends.forEach((end) => end());
  }

  plan(key: string, moment: Moment): Plan {
    const snapshot = this.snapshotOf(key);
    return snapshot ? planNamespace(snapshot, moment) : NOTHING;
  }

  planFailure(key: string, failure: Failure, moment: Moment): readonly Action[] {
    const snapshot = this.snapshotOf(key);
    return snapshot ? planFailure(snapshot, failure, moment) : [];
  }

  /** undefined for a namespace that is not being deleted. */
  private snapshotOf(key: string): NamespaceSnapshot | undefined {
    const namespace = this.registry.resource(kinds.namespaces).view.get(key);
    if (!namespace?.metadata.deletionTimestamp) return undefined;
    const { elsewhere } = this;
    return {
      namespace,
      contents: this.contentsOf(key),
      elsewhere: elsewhere.deletable(),
      silent: elsewhere.silent(),
    };
  }

  private contentsOf(namespace: string): readonly Content[] {
    return [...this.registry.kinds()]
      .filter(({ namespaced }) => namespaced)
      .map((kind) => ({ kind, objects: [...this.registry.resource(kind).view.byIndex('namespace', namespace)] }))
      .filter(({ objects }) => objects.length > 0);
  }
}
