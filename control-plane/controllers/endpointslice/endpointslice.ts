/** What concerns a service's endpoints: itself, the pods it selects, the nodes they are on, and its slices. */
import { kinds } from '../../../api/kinds.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';
import { follow } from '../watching.ts';
import { planEndpointSlices } from './plan.ts';
import { ServicePods } from './service-pods.ts';

export class EndpointSliceController implements Controller {
  readonly name = 'endpointslice';
  private readonly registry: Registry;
  private readonly pods: ServicePods;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
    this.pods = new ServicePods(registry);
  }

  watch(enqueue: (key: string) => void): () => void {
    const endPods = this.pods.watch(enqueue);
    const endSlices = follow([
      [
        this.registry.resource(kinds.endpointslices).view,
        ({ metadata }) => {
          const service = metadata.labels?.[SERVICE_NAME_LABEL];
          if (service) enqueue(`${metadata.namespace}/${service}`);
        },
      ],
    ]);
    return () => {
      endPods();
      endSlices();
    };
  }

  plan(key: string, moment: Moment): Plan {
    const service = this.registry.resource(kinds.services).view.get(key);
    if (!service) return NOTHING;
    const slices = [...this.registry.resource(kinds.endpointslices).view.byIndex('service', key)];
    const nodeOf = this.pods.nodeOf.bind(this.pods);
    return planEndpointSlices({ service, slices, pods: this.pods.candidates(service), nodeOf }, moment);
  }
}
