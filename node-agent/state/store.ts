/**
 * The agent's desired state: views filled by the link, and a copy of them on disk, so that an agent that starts while no
 * server can be reached goes on with what it last knew.
 */
import type { DesiredState } from './port.ts';
import type { NodeClaim, VolumeRemoval } from '../../api/node-volumes.ts';
import type { ConfigMap, Node, Pod, Secret, Service } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { ServiceCIDR } from '../../api/types/networking.v1.ts';
import type { RuntimeClass } from '../../api/types/node.v1.ts';
import { MapView } from '../../lib/view.ts';

export const RESOURCES = [
  'pods',
  'secrets',
  'configmaps',
  'services',
  'endpointslices',
  'nodes',
  'runtimeclasses',
  'servicecidrs',
  'claims',
  'removals',
] as const;
export type ResourceName = (typeof RESOURCES)[number];

const SERVICE_LABEL = 'kubernetes.io/service-name';

/** One object as it came down: its bytes are kept for the copy on disk. */
export interface StateEntry {
  resource: ResourceName;
  key: string;
  bytes: Buffer;
}

export class DesiredStateStore implements DesiredState {
  readonly pods = new MapView<Pod>();
  readonly secrets = new MapView<Secret>();
  readonly configmaps = new MapView<ConfigMap>();
  readonly services = new MapView<Service>();
  readonly nodes = new MapView<Node>();
  readonly runtimeclasses = new MapView<RuntimeClass>();
  readonly servicecidrs = new MapView<ServiceCIDR>();
  readonly claims = new MapView<NodeClaim>();
  /** Volumes of this node. */
  readonly removals = new MapView<VolumeRemoval>();
  readonly endpointslices = new MapView<EndpointSlice>({
    service: (slice) => {
      const name = slice.metadata.labels?.[SERVICE_LABEL];
      return name ? [`${slice.metadata.namespace}/${name}`] : [];
    },
  });

  private readonly stored = new Map<ResourceName, Map<string, Buffer>>(RESOURCES.map((name) => [name, new Map()]));
  /** While a full state comes in: what it has named so far. */
  private arriving: Map<ResourceName, Set<string>> | undefined;

  /** A full state follows; until {@link completeFull} nothing that it does not name is forgotten. */
  beginFull(): void {
    this.arriving = new Map(RESOURCES.map((name) => [name, new Set()]));
  }

  set(resource: ResourceName, key: string, bytes: Buffer): void {
    this.arriving?.get(resource)?.add(key);
    const stored = this.stored.get(resource);
    if (stored?.get(key)?.equals(bytes)) return;
    stored?.set(key, bytes);
    this.view(resource).set(key, JSON.parse(bytes.toString()));
  }

  delete(resource: ResourceName, key: string): void {
    this.stored.get(resource)?.delete(key);
    this.view(resource).delete(key);
  }

  completeFull(): void {
    const named = this.arriving;
    this.arriving = undefined;
    for (const resource of RESOURCES) {
      const unnamed = [...this.view(resource).keys()].filter((key) => !named?.get(resource)?.has(key));
      for (const key of unnamed) this.delete(resource, key);
    }
    for (const resource of RESOURCES) this.view(resource).markSynced();
  }

  /** For the copy on disk. What is to be removed is not in it: an agent that starts asks again, for it may have been saved. */
  *entries(): Iterable<StateEntry> {
    for (const [resource, objects] of this.stored) {
      if (resource === 'removals') continue;
      for (const [key, bytes] of objects) yield { resource, key, bytes };
    }
  }

  private view(resource: ResourceName): MapView<unknown> {
    return this[resource] as MapView<unknown>;
  }
}

export function isResourceName(name: string): name is ResourceName {
  return (RESOURCES as readonly string[]).includes(name);
}
