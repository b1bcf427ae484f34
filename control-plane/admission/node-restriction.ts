/** An agent changes its own Node and what runs there, and nothing else, whatever it writes into it. */
import { forbidden, notFound } from '../../api/errors.ts';
import { kinds, qualifiedResource } from '../../api/kinds.ts';
import { sameJson } from '../../api/machinery/json.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import type { Node, PersistentVolumeClaim, Pod } from '../../api/types/core.v1.ts';
import type { View } from '../../lib/view.ts';
import { nodeNameOf } from '../user.ts';
import { mirrorPodFault } from './mirror-pods.ts';
import { forbiddenLabels } from './node-labels.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

/** Why the node may not, or undefined. */
type Rule = (node: string, request: AdmissionRequest) => string | undefined;

export interface NodeRestrictionOptions {
  readonly nodes: () => View<Node>;
  readonly pods: () => View<Pod>;
}

const LEASE_NAMESPACE = 'kube-node-lease';

export class NodeRestriction implements AdmissionPlugin {
  readonly name = 'NodeRestriction';
  private readonly options: NodeRestrictionOptions;
  private readonly rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
    ['pods', (node, request) => this.pod(node, request)],
    ['nodes', ownNode],
    ['persistentvolumeclaims', claim],
    ['leases.coordination.k8s.io', ownLease],
    ['csinodes.storage.k8s.io', ownCsiNode],
    ['resourceslices.resource.k8s.io', ownSlice],
  ]);

  constructor(options: NodeRestrictionOptions) {
    this.options = options;
  }

  handles({ user }: AdmissionRequest): boolean {
    return user !== undefined && nodeNameOf(user) !== undefined;
  }

  /** Also of an update that changes nothing: its answer would show the object. */
  mutate(request: AdmissionRequest): void {
    this.check(request);
  }

  validate(request: AdmissionRequest): void {
    if (request.operation === 'DELETE') this.check(request);
  }

  private check(request: AdmissionRequest): void {
    const node = request.user && nodeNameOf(request.user);
    const rule = this.rules.get(qualifiedResource(request.kind));
    const why = node === undefined || !rule ? undefined : rule(node, request);
    if (why !== undefined) throw forbidden(request.kind, request.name, why);
  }

  private pod(
    node: string,
    { operation, subresource, namespace, name, object, previous }: AdmissionRequest,
  ): string | undefined {
    if (subresource === 'status') return podStatus(node, object as Pod | undefined, previous as Pod | undefined);
    if (subresource === 'eviction') {
      const evicted = this.options.pods().get(objectKey(namespace, name));
      if (!evicted) throw notFound(kinds.pods, name);
      const isOwn = evicted.spec.nodeName === node;
      return isOwn ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
    }
    if (subresource !== undefined) {
      return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
    }
    if (operation === 'CREATE')
      return mirrorPodFault(node, object as KubeObject as Pod, this.options.nodes().get(node));
    if (operation === 'UPDATE') {
      return `unexpected operation "UPDATE", node "${node}" can only create and delete mirror pods`;
    }
    const isOwn = (previous as KubeObject as Pod).spec.nodeName === node;
    return isOwn ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`;
  }
}

function podStatus(node: string, next: Pod | undefined, previous: Pod | undefined): string | undefined {
  if (!next || !previous) return 'unexpected operation "DELETE"';
  if (previous.spec.nodeName !== node) {
    return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  }
  if (!sameJson(next.metadata.labels ?? {}, previous.metadata.labels ?? {})) {
    return `node "${node}" cannot update labels through pod status`;
  }
  const claims = ({ status }: Pod): unknown => status.resourceClaimStatuses ?? [];
  return sameJson(claims(next), claims(previous)) ? undefined : `node "${node}" cannot update resource claim statuses`;
}

function ownNode(node: string, { name, object, previous }: AdmissionRequest): string | undefined {
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  if (!object) return undefined;
  const next = object as KubeObject as Node;
  const before = previous as Node | undefined;
  if (next.spec?.configSource && !sameJson(next.spec.configSource, before?.spec?.configSource)) {
    return before
      ? `node "${node}" is not allowed to update configSource to a new non-nil configSource`
      : `node "${node}" is not allowed to create pods with a non-nil configSource`;
  }
  const labels = forbiddenLabels(next.metadata.labels, before?.metadata.labels);
  if (!before) {
    return labels.length === 0
      ? undefined
      : `node "${node}" is not allowed to set the following labels: ${labels.join(', ')}`;
  }
  if (!sameJson(next.spec?.taints ?? [], before.spec?.taints ?? [])) {
    return `node "${node}" is not allowed to modify taints`;
  }
  if (!sameJson(next.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) {
    return `node "${node}" is not allowed to modify ownerReferences`;
  }
  return labels.length === 0 ? undefined : `is not allowed to modify labels: ${labels.join(', ')}`;
}

function claim(node: string, { operation, subresource, object, previous }: AdmissionRequest): string | undefined {
  if (subresource !== 'status' || operation !== 'UPDATE' || !object || !previous) return 'may only update PVC status';
  if (sameJson(fixedPart(object), fixedPart(previous))) return undefined;
  return `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`;
}

/** What a node leaves as it is: all but the capacity, the conditions and the progress of a resize. */
function fixedPart(object: KubeObject): unknown {
  const { metadata, status, ...rest } = object as PersistentVolumeClaim;
  const { resourceVersion: _version, managedFields: _fields, ...fixed } = metadata;
  const {
    capacity: _c,
    conditions: _n,
    allocatedResources: _a,
    allocatedResourceStatuses: _s,
    ...fixedStatus
  } = status;
  return { ...rest, metadata: fixed, status: fixedStatus };
}

function ownLease(node: string, { namespace, name }: AdmissionRequest): string | undefined {
  if (namespace !== LEASE_NAMESPACE) return `can only access leases in the "${LEASE_NAMESPACE}" system namespace`;
  return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

function ownCsiNode(node: string, { name }: AdmissionRequest): string | undefined {
  return name === node ? undefined : 'can only access CSINode with the same name as the requesting node';
}

function ownSlice(node: string, { object, previous, operation }: AdmissionRequest): string | undefined {
  const { spec } = (object ?? previous) as { spec?: { nodeName?: string } };
  if (spec?.nodeName === node) return undefined;
  return operation === 'DELETE'
    ? 'can only delete ResourceSlice with the same NodeName as the requesting node'
    : 'can only create ResourceSlice with the same NodeName as the requesting node';
}
