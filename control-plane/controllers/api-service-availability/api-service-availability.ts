/** Keeps in every APIService whether it can be reached: looked at when something about it changes, and from time to time. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { timestamp } from '../../registry/metadata.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import { type Controller, type Failure, type Moment, NOTHING, type Plan } from '../controller.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';
import { planAvailability, planUnavailable } from './plan.ts';

export class ApiServiceAvailability implements Controller {
  readonly name = 'api-service-availability';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this;
    const { view } = registry.resource(kinds.apiservices);
    const enqueueOf = (service: string): void => {
      for (const apiService of view.byIndex('service', service)) enqueue(keyOf(apiService));
    };
    const ends = [
      view.subscribe(({ key }) => enqueue(key)),
      registry.resource(kinds.services).view.subscribe(({ key }) => enqueueOf(key)),
      registry.resource(kinds.endpointslices).view.subscribe(({ object }) => enqueueOf(serviceOf(object))),
    ];
    for (const apiService of view.list()) enqueue(keyOf(apiService));
    return () => ends.forEach((end) => end());
  }

  plan(key: string, { date }: Moment): Plan {
    const { registry } = this;
    const apiService = registry.resource(kinds.apiservices).view.get(key);
    if (!apiService) return NOTHING;
    const { namespace, name = '' } = apiService.spec.service ?? {};
    const service = objectKey(namespace, name);
    return planAvailability(
      {
        apiService,
        service: registry.resource(kinds.services).view.get(service),
        slices: [...registry.resource(kinds.endpointslices).view.byIndex('service', service)],
      },
      timestamp(date),
    );
  }

  planFailure(key: string, { action, error }: Failure, { date }: Moment): readonly Action[] {
    const apiService = this.registry.resource(kinds.apiservices).view.get(key);
    if (!apiService || action.do !== 'probe') return [];
    return planUnavailable(apiService, error.message, timestamp(date));
  }
}

function serviceOf({ metadata }: EndpointSlice): string {
  return objectKey(metadata.namespace, metadata.labels?.[SERVICE_NAME_LABEL] ?? '');
}
