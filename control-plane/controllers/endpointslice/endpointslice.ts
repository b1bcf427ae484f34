/** What concerns a service's endpoints: itself, the pods it selects, the nodes they are on, and its slices. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromMap } from '../../../api/machinery/selectors.ts';
import { keyOf, splitKey } from '../../../api/object.ts';
import type { Node, Pod, Service } from '../../../api/schema/types/core.v1.ts';
import type { Change } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import { isReady } from '../conditions.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { SERVICE_NAME_LABEL, labelIndexValue } from '../indexes.ts';
import { follow } from '../watching.ts';
import type { NodeFacts } from './endpoints.ts';
import { planEndpointSlices } from './plan.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';

function factsOf(node: Node): NodeFacts {
  return { ready: isReady(node), zone: node.metadata.labels?.[ZONE_LABEL] };
}

export class EndpointSliceController implements Controller {
  readonly name = 'endpointslice';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const services = this.registry.resource(kinds.services).view;
    const nodes = this.registry.resource(kinds.nodes).view;
    const endFollowing = follow([
      [services, (service: Service) => enqueue(keyOf(service)), 'existing'],
      [this.registry.resource(kinds.pods).view, (pod: Pod) => this.servicesOf(pod).forEach(enqueue)],
      [
        this.registry.resource(kinds.endpointslices).view,
        ({ metadata }) => {
          const service = metadata.labels?.[SERVICE_NAME_LABEL];
          if (service) enqueue(`${metadata.namespace}/${service}`);
        },
      ],
    ]);
    const endNodes = nodes.subscribe((change) => this.nodeChanged(change).forEach(enqueue));
    return () => {
      endFollowing();
      endNodes();
    };
  }

  plan(key: string, moment: Moment): Plan {
    const service = this.registry.resource(kinds.services).view.get(key);
    if (!service) return NOTHING;
    const nodes = this.registry.resource(kinds.nodes).view;
    const nodeOf = (name: string): NodeFacts | undefined => {
      const node = nodes.get(name);
      return node && factsOf(node);
    };
    const slices = [...this.registry.resource(kinds.endpointslices).view.byIndex('service', key)];
    return planEndpointSlices({ service, slices, pods: this.candidates(service), nodeOf }, moment);
  }

  /** Pods that have the first label of the selector. */
  private candidates({ metadata, spec }: Service): readonly Pod[] {
    const first = Object.entries(spec.selector ?? {})[0];
    if (!first) return [];
    const value = labelIndexValue(metadata.namespace ?? '', ...first);
    return [...this.registry.resource(kinds.pods).view.byIndex('label', value)];
  }

  private servicesOf({ metadata }: Pod): readonly string[] {
    const keys: string[] = [];
    for (const service of this.registry.resource(kinds.services).view.byIndex('namespace', metadata.namespace ?? '')) {
      const selector = service.spec.selector ?? {};
      if (Object.keys(selector).length > 0 && selectorFromMap(selector).matches(metadata.labels))
        keys.push(keyOf(service));
    }
    return keys;
  }

  /** A node's heartbeat changes nothing here; its readiness and its zone do. */
  private nodeChanged({ type, object, previous, key }: Change<Node>): readonly string[] {
    const [now, before] = [factsOf(object), previous && factsOf(previous)];
    if (type === 'updated' && before?.ready === now.ready && before.zone === now.zone) return [];
    const pods = this.registry.resource(kinds.pods).view.byIndex('node', splitKey(key).name);
    return [...new Set([...pods].flatMap((pod) => this.servicesOf(pod)))];
  }
}
