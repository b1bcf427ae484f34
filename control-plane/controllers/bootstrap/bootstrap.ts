/** What concerns the cluster's own objects: they themselves, and the servers that serve the API. */
import { kinds } from '../../../api/kinds.ts';
import { objectKey } from '../../../api/object.ts';
import { checkNonSpecialIP } from '../../../api/validation/addresses.ts';
import type { View } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Plan } from '../controller.ts';
import { SERVICE, SERVICE_NAMESPACE, SYSTEM_NAMESPACES, planKubernetesService, planSystemNamespace } from './plan.ts';

/** A server that serves the API now. */
export interface ApiServer {
  /** An IP address that pods can reach. */
  readonly address: string;
}

export interface BootstrapOptions {
  readonly registry: Registry;
  readonly servers: View<ApiServer>;
  /** The port that all servers serve the API on. */
  readonly port: number;
  readonly serviceCidr: string;
}

/** No namespace's name holds parentheses. */
const SERVICE_KEY = '(service)';

export class Bootstrap implements Controller {
  readonly name = 'bootstrap';
  private readonly options: BootstrapOptions;

  constructor(options: BootstrapOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry, servers } = this.options;
    const key = objectKey(SERVICE_NAMESPACE, SERVICE);
    const onOwn = (change: { key: string }): void => {
      if (change.key === key) enqueue(SERVICE_KEY);
    };
    const ends = [
      registry.resource(kinds.namespaces).view.subscribe(({ key: name }) => {
        if (SYSTEM_NAMESPACES.some((own) => own === name)) enqueue(name);
        if (name === SERVICE_NAMESPACE) enqueue(SERVICE_KEY);
      }),
      registry.resource(kinds.services).view.subscribe(onOwn),
      registry.resource(kinds.endpointslices).view.subscribe(onOwn),
      registry.resource(kinds.endpoints).view.subscribe(onOwn),
      servers.subscribe(() => enqueue(SERVICE_KEY)),
    ];
    for (const name of SYSTEM_NAMESPACES) enqueue(name);
    enqueue(SERVICE_KEY);
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    const { registry, servers, port, serviceCidr } = this.options;
    const namespaces = registry.resource(kinds.namespaces).view;
    if (key !== SERVICE_KEY) return planSystemNamespace(key, namespaces.get(key));
    const own = objectKey(SERVICE_NAMESPACE, SERVICE);
    return planKubernetesService({
      namespace: namespaces.get(SERVICE_NAMESPACE),
      service: registry.resource(kinds.services).view.get(own),
      slice: registry.resource(kinds.endpointslices).view.get(own),
      endpoints: registry.resource(kinds.endpoints).view.get(own),
      // A server of a single machine may say that it is at 127.0.0.1, where every pod finds itself.
      addresses: [...servers.list()]
        .map(({ address }) => address)
        .filter((each) => checkNonSpecialIP(each).length === 0),
      port,
      serviceCidr,
    });
  }
}
