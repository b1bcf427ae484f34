/** What concerns a namespace's end: itself and everything in it. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import type { Content } from './plan.ts';
import { planNamespace, reportFailure } from './plan.ts';

export class NamespaceController implements Controller {
  readonly name = 'namespace';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { view } = this.registry.resource(kinds.namespaces);
    const isEnding = (name: string): boolean => view.get(name)?.metadata.deletionTimestamp !== undefined;
    const onContent = ({ object }: { object: KubeObject }): void => {
      const { namespace = '' } = object.metadata;
      if (isEnding(namespace)) enqueue(namespace);
    };
    const ends = [
      this.registry.followKinds((kind) =>
        kind.namespaced ? this.registry.resource(kind).view.subscribe(onContent) : () => {},
      ),
      view.subscribe(({ key }) => enqueue(key)),
    ];
    for (const namespace of view.list()) enqueue(keyOf(namespace));
    return () => ends.forEach((end) => end());
  }

  plan(key: string, moment: Moment): Plan {
    const namespace = this.registry.resource(kinds.namespaces).view.get(key);
    if (!namespace?.metadata.deletionTimestamp) return NOTHING;
    return planNamespace({ namespace, contents: this.contentsOf(key) }, moment);
  }

  planFailure(key: string, { action, error }: Failure, { date }: Moment): readonly Action[] {
    const namespace = this.registry.resource(kinds.namespaces).view.get(key);
    return namespace && action.do === 'delete' ? reportFailure(namespace, error.message, date) : [];
  }

  private contentsOf(namespace: string): readonly Content[] {
    return [...this.registry.kinds()]
      .filter(({ namespaced }) => namespaced)
      .map((kind) => ({ kind, objects: [...this.registry.resource(kind).view.byIndex('namespace', namespace)] }))
      .filter(({ objects }) => objects.length > 0);
  }
}
