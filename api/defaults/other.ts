/** Defaults of the kinds that have few. */
import type { Lease } from '../types/coordination.v1.ts';
import type { Namespace, Node, Secret } from '../types/core.v1.ts';
import type { EndpointSlice } from '../types/discovery.v1.ts';

export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

export function defaultNamespace(namespace: Namespace): void {
  namespace.spec ??= {};
  namespace.status ??= {};
  const { metadata } = namespace;
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAMESPACE_NAME_LABEL]: metadata.name };
}

export function defaultNode(node: Node): void {
  node.spec ??= {};
  node.status ??= {} as Node['status'];
  node.status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } };
  node.status.nodeInfo ??= {} as Node['status']['nodeInfo'];
  if (node.status.capacity) node.status.allocatable ??= { ...node.status.capacity };
}

/** `stringData` is a way to write `data` without base64; it is never stored. */
export function defaultSecret(secret: Secret): void {
  secret.type ||= 'Opaque';
  for (const [key, text] of Object.entries(secret.stringData ?? {})) {
    secret.data = { ...secret.data, [key]: Buffer.from(text, 'utf8').toString('base64') };
  }
  delete secret.stringData;
}

export function defaultEndpointSlice(slice: EndpointSlice): void {
  slice.endpoints ??= [];
  for (const endpoint of slice.endpoints) endpoint.conditions ??= {};
  slice.ports ??= [];
  for (const port of slice.ports) {
    port.name ??= '';
    port.protocol ||= 'TCP';
  }
}

export function defaultLease(lease: Lease): void {
  lease.spec ??= {};
}
