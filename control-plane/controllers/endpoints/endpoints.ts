/** What concerns the Endpoints object of a service: the service, what it selects, and the object itself. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { Endpoints } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { ServicePods } from '../endpointslice/service-pods.ts';
import { planEndpoints, planLeftover } from './plan.ts';

/** Before a key: its service was deleted, or may have been while nobody led. No namespace's name begins so. */
const LEFTOVER = '-';

export class EndpointsController implements Controller {
  readonly name = 'endpoints';
  private readonly registry: Registry;
  private readonly pods: ServicePods;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
    this.pods = new ServicePods(registry);
  }

  watch(enqueue: (key: string) => void): () => void {
    const services = this.registry.resource(kinds.services).view;
    const endpoints = this.registry.resource(kinds.endpoints).view;
    const ends = [
      this.pods.watch(enqueue),
      services.subscribe(({ type, key }) => {
        if (type === 'deleted') enqueue(`${LEFTOVER}${key}`);
      }),
      endpoints.subscribe(({ key }) => enqueue(key)),
    ];
    for (const object of endpoints.list()) {
      if (!services.get(keyOf(object))) enqueue(`${LEFTOVER}${keyOf(object)}`);
    }
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    const isLeftover = key.startsWith(LEFTOVER);
    const own = isLeftover ? key.slice(LEFTOVER.length) : key;
    const service = this.registry.resource(kinds.services).view.get(own);
    const endpoints: Endpoints | undefined = this.registry.resource(kinds.endpoints).view.get(own);
    if (service) {
      const nodeOf = this.pods.nodeOf.bind(this.pods);
      return isLeftover ? NOTHING : planEndpoints({ service, endpoints, pods: this.pods.candidates(service), nodeOf });
    }
    // Endpoints that somebody makes before, or without, a service are his.
    return endpoints && isLeftover ? planLeftover(endpoints) : NOTHING;
  }
}
