/** From a service of the cluster to one of its ready endpoints, out of the caches. */
import { notFound, serviceUnavailable } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { objectKey } from '../../api/object.ts';
import type { Service } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { View } from '../../lib/view.ts';
import type { DialTarget } from './dialer.ts';

export interface ServiceEndpointsOptions {
  services: View<Service>;
  /** With the index `service`. */
  endpointSlices: View<EndpointSlice>;
  /** From 0 up to 1. */
  random: () => number;
}

export class ServiceEndpoints {
  private readonly options: ServiceEndpointsOptions;

  constructor(options: ServiceEndpointsOptions) {
    this.options = options;
  }

  /** `port` is the service's. Throws NotFound or ServiceUnavailable. */
  resolve(namespace: string, name: string, port: number): DialTarget {
    const service = this.options.services.get(objectKey(namespace, name));
    if (!service) throw notFound({ ...kinds.services, plural: 'service' }, name);
    if (service.spec.type === 'ExternalName') return { address: service.spec.externalName ?? '', port, guarded: true };
    const wanted = service.spec.ports?.find((each) => each.port === port);
    if (!wanted) throw serviceUnavailable(`no service port ${port} found for service "${name}"`);
    const slices = this.options.endpointSlices.byIndex('service', objectKey(namespace, name));
    const targets = readyTargets(slices, wanted.name ?? '');
    const chosen = targets[Math.floor(this.options.random() * targets.length)];
    if (!chosen) throw serviceUnavailable(`no endpoints available for service "${name}"`);
    return chosen;
  }
}

/** Where whoever is ready to serve the port of that name listens. */
export function readyTargets(slices: Iterable<EndpointSlice>, portName: string): DialTarget[] {
  const targets: DialTarget[] = [];
  for (const slice of slices) {
    const port = slice.ports?.find(({ name }) => (name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, nodeName } of slice.endpoints) {
      const [address] = addresses;
      if (address === undefined || conditions?.ready === false) continue;
      targets.push({ address, port, ...(nodeName ? { nodeName } : { guarded: true }) });
    }
  }
  return targets;
}
