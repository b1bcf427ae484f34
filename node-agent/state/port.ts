/** What the control plane wants of this node, and what it must know of the others: kept by the link, read by everyone else. */
import type { NodeClaim } from '../../api/node-volumes.ts';
import type { ConfigMap, Node, Pod, Secret, Service } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { ServiceCIDR } from '../../api/types/networking.v1.ts';
import type { RuntimeClass } from '../../api/types/node.v1.ts';
import type { View } from '../../lib/view.ts';

/** Views synced from the control plane, or from the last known state on disk when no server can be reached. */
export interface DesiredState {
  /** This node's pods, also those that are being deleted. */
  readonly pods: View<Pod>;
  /** Those that this node's pods use. */
  readonly secrets: View<Secret>;
  readonly configmaps: View<ConfigMap>;
  readonly claims: View<NodeClaim>;
  /** All of the cluster's. */
  readonly services: View<Service>;
  /** All of the cluster's; indexed as `service` by `namespace/name` of their service. */
  readonly endpointslices: View<EndpointSlice>;
  /** All of the cluster's. */
  readonly nodes: View<Node>;
  /** All of the cluster's. */
  readonly runtimeclasses: View<RuntimeClass>;
  /** All of the cluster's. */
  readonly servicecidrs: View<ServiceCIDR>;
}

/** The cluster's settings, told by the server that welcomed the agent and kept across restarts. */
export interface ClusterSettings {
  clusterDomain: string;
  /** The address on which every node answers DNS. */
  clusterDns: string;
  clusterCidr: string;
  /** Where the addresses of services come from, besides all blocks that there are objects of. */
  serviceCidr: string;
}

/** The way up. Nothing is lost: the newest state of each is kept until the server has it. */
export interface Reporter {
  podStatus(pod: Pod, status: Pod['status']): void;
  /** Nothing of this pod is left on the node. */
  podGone(pod: Pod, status: Pod['status']): void;
  /** An event about an object, as kubectl describe shows it. Repeats of the same are counted, not stored again. */
  event(
    about: { kind: string; namespace: string; name: string; uid: string; fieldPath?: string },
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void;
}
