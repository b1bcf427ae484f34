/** What concerns mirrored Endpoints: they themselves, the service of their name, and the slices made from them. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';
import { follow } from '../watching.ts';
import { planMirror } from './plan.ts';

export class EndpointSliceMirroring implements Controller {
  readonly name = 'endpointslice-mirroring';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    return follow([
      [this.registry.resource(kinds.endpoints).view, (endpoints) => enqueue(keyOf(endpoints)), 'existing'],
      [this.registry.resource(kinds.services).view, (service) => enqueue(keyOf(service)), 'existing'],
      [
        this.registry.resource(kinds.endpointslices).view,
        ({ metadata }) => {
          const service = metadata.labels?.[SERVICE_NAME_LABEL];
          if (service) enqueue(`${metadata.namespace}/${service}`);
        },
        'existing',
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const service = this.registry.resource(kinds.services).view.get(key);
    const endpoints = this.registry.resource(kinds.endpoints).view.get(key);
    const slices = [...this.registry.resource(kinds.endpointslices).view.byIndex('service', key)];
    return planMirror({ service, endpoints, slices }, moment);
  }
}
