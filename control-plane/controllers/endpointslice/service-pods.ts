/** Which pods, and which of their nodes' facts, a service's endpoints are made from; and which services a change concerns. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromMap } from '../../../api/machinery/selectors.ts';
import { keyOf, splitKey } from '../../../api/object.ts';
import type { Node, Pod, Service } from '../../../api/types/core.v1.ts';
import type { Change } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import { isReady } from '../conditions.ts';
import { labelIndexValue } from '../indexes.ts';
import { follow } from '../watching.ts';
import type { NodeFacts } from './endpoints.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';

function factsOf(node: Node): NodeFacts {
  return { ready: isReady(node), zone: node.metadata.labels?.[ZONE_LABEL] };
}

export class ServicePods {
  private readonly registry: Registry;

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** Calls `enqueue` with the keys of services whose endpoints a pod or a node may have changed. Returns what ends that. */
  watch(enqueue: (key: string) => void): () => void {
    const nodes = this.registry.resource(kinds.nodes).view;
    const endFollowing = follow([
      [this.registry.resource(kinds.services).view, (service: Service) => enqueue(keyOf(service)), 'existing'],
      [this.registry.resource(kinds.pods).view, (pod: Pod) => this.servicesOf(pod).forEach(enqueue)],
    ]);
    const endNodes = nodes.subscribe((change) => this.nodeChanged(change).forEach(enqueue));
    return () => {
      endFollowing();
      endNodes();
    };
  }

  /** Pods that have the first label of the selector. */
  candidates({ metadata, spec }: Service): readonly Pod[] {
    const first = Object.entries(spec.selector ?? {})[0];
    if (!first) return [];
    const value = labelIndexValue(metadata.namespace ?? '', ...first);
    return [...this.registry.resource(kinds.pods).view.byIndex('label', value)];
  }

  nodeOf(name: string): NodeFacts | undefined {
    const node = this.registry.resource(kinds.nodes).view.get(name);
    return node && factsOf(node);
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
