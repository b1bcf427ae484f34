/** Gives definitions their names, establishes them, and sees to it that nothing of them is left when they end. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions.v1.ts';
import type { View } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, type Moment, NOTHING, type Plan } from '../controller.ts';
import { planDefinition } from './plan.ts';

export class CustomResourceDefinitionController implements Controller {
  readonly name = 'custom-resource-definition';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const view = this.definitions();
    const changed = ({ object }: { object: CustomResourceDefinition }): void => {
      // A name that it has given up may be what another one waits for.
      for (const other of view.list()) if (other.spec.group === object.spec.group) enqueue(keyOf(other));
    };
    const ends = [
      view.subscribe(changed),
      this.registry.followKinds((kind) => {
        if (kind.form === undefined) return () => {};
        const name = `${kind.plural}.${kind.group}`;
        enqueue(name);
        return this.registry.resource(kind).view.subscribe(({ type }) => {
          if (type === 'deleted') enqueue(name);
        });
      }),
    ];
    for (const definition of view.list()) enqueue(keyOf(definition));
    return () => ends.forEach((end) => end());
  }

  plan(key: string, moment: Moment): Plan {
    const view = this.definitions();
    const definition = view.get(key);
    if (!definition) return NOTHING;
    const { group } = definition.spec;
    const siblings = [...view.list()].filter((other) => other.spec.group === group && other !== definition);
    return planDefinition({ definition, siblings, content: this.contentOf(definition) }, moment);
  }

  private definitions(): View<CustomResourceDefinition> {
    return this.registry.resource(kinds.customresourcedefinitions).view;
  }

  private contentOf({ spec, metadata }: CustomResourceDefinition) {
    if (metadata.deletionTimestamp === undefined) return undefined;
    const kind = [...this.registry.kinds()].find((row) => isOf(row, spec.group, spec.names.plural));
    return kind && { kind, objects: [...this.registry.resource(kind).view.list()] };
  }
}

function isOf(kind: Kind, group: string, plural: string): boolean {
  return kind.group === group && kind.plural === plural && kind.form !== undefined;
}
