/** Keeps an APIService for each version of each group that is served here, those of custom resources too. */
import { kinds } from '../../../api/kinds.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Plan } from '../controller.ts';
import { follow } from '../watching.ts';
import { builtInApis, customApi, planRegistration } from './plan.ts';

export class ApiServiceRegistration implements Controller {
  readonly name = 'api-service-registration';
  private readonly registry: Registry;
  private readonly builtIn = builtInApis();

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  /** A key is the name of an APIService. */
  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this;
    const { view } = registry.resource(kinds.apiservices);
    const visit = ({ spec }: CustomResourceDefinition): void => {
      for (const { name } of spec.versions) enqueue(`${name}.${spec.group}`);
    };
    const ends = [
      view.subscribe(({ key }) => enqueue(key)),
      follow([[registry.resource(kinds.customresourcedefinitions).view, visit, 'existing']]),
    ];
    for (const name of this.builtIn.keys()) enqueue(name);
    for (const { metadata } of view.list()) enqueue(metadata.name ?? '');
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    const { registry } = this;
    const dot = key.indexOf('.');
    const [version, group] = [key.slice(0, dot), key.slice(dot + 1)];
    const definitions = registry.resource(kinds.customresourcedefinitions).view.byIndex('group', group);
    const wanted = this.builtIn.get(key) ?? customApi(group, version, definitions);
    return planRegistration(key, wanted, registry.resource(kinds.apiservices).view.get(key));
  }
}
