/** The indexes that controllers and authorizers ask of the views. Whoever makes a kind's cache gives it `indexesOf(kind)`. */
import type { Kind } from '../../api/kinds.ts';
import { kinds } from '../../api/kinds.ts';
import { HOSTNAME_LABEL, hostnameOf, isToBeRemoved } from '../../api/machinery/local-volumes.ts';
import { claimKeyOf, classOfClaim, classOfVolume } from '../../api/machinery/persistent-volumes.ts';
import { claimsOf } from '../../api/machinery/pod-claims.ts';
import { type KubeObject, objectKey } from '../../api/object.ts';
import type { CustomResourceDefinition } from '../../api/types/apiextensions.v1.ts';
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import type { Job } from '../../api/types/batch.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Service } from '../../api/types/core.v1.ts';
import type { LabelSelector } from '../../api/types/meta.v1.ts';
import { clusterAddressesOf } from '../../api/validation/service.ts';
import type { IndexFunction } from '../../lib/view.ts';
import { NODE_REFERENCE_INDEX, nodeReferences } from '../auth/node/references.ts';
import { bindingIndex, SUBJECT_INDEX } from '../auth/rbac/subjects.ts';
import { controllerOf } from './owners.ts';

/** Of services, by their cluster addresses. */
export const ADDRESS_INDEX = 'address';

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

const byNamespace: IndexFunction<KubeObject> = ({ metadata }) => (metadata.namespace ? [metadata.namespace] : []);

const byOwner: IndexFunction<KubeObject> = ({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? [];

const byController: IndexFunction<KubeObject> = (object) => {
  const owner = controllerOf(object);
  return owner ? [owner.uid] : [];
};

/** Namespaces of what has no controller, and so could be adopted. */
const byLoose: IndexFunction<KubeObject> = (object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']);

/** `namespace/label=value` for every label: what a selector's first requirement narrows the search to. */
const byLabel: IndexFunction<KubeObject> = ({ metadata }) =>
  Object.entries(metadata.labels ?? {}).map(([label, value]) =>
    labelIndexValue(metadata.namespace ?? '', label, value),
  );

/**
 * Of a job's selector the first label that it asks for, as `label` has it of pods, so that a pod's labels lead to the jobs
 * that may select it; the namespace alone when it asks for none by name.
 */
const bySelector: IndexFunction<Job> = ({ metadata, spec }) => [
  selectorIndexValue(metadata.namespace ?? '', spec.selector),
];

const byNode: IndexFunction<Pod> = ({ spec }) => (spec.nodeName ? [spec.nodeName] : []);

/** Of pods, by the keys of the claims that they use. */
const byUsedClaim: IndexFunction<Pod> = (pod) => claimsOf(pod).map((name) => objectKey(pod.metadata.namespace, name));

const byService: IndexFunction<EndpointSlice> = ({ metadata }) => {
  const service = metadata.labels?.[SERVICE_NAME_LABEL];
  return service ? [`${metadata.namespace}/${service}`] : [];
};

const byApiService: IndexFunction<APIService> = ({ spec: { service } }) =>
  service ? [`${service.namespace}/${service.name}`] : [];

const byClusterAddress: IndexFunction<Service> = ({ spec }) => clusterAddressesOf(spec);

const byHostname: IndexFunction<Node> = ({ metadata }) => {
  const hostname = metadata.labels?.[HOSTNAME_LABEL];
  return hostname === undefined ? [] : [hostname];
};

/** Of volumes whose node is to remove their data, by that node's hostname label. */
const byRemoval: IndexFunction<PersistentVolume> = (volume) => {
  const hostname = isToBeRemoved(volume) ? hostnameOf(volume) : undefined;
  return hostname === undefined ? [] : [hostname];
};

/** Of volumes that can be used on one node only, by that node's hostname label. */
const byReach: IndexFunction<PersistentVolume> = (volume) => {
  const hostname = hostnameOf(volume);
  return hostname === undefined ? [] : [hostname];
};

/** Of volumes that are kept for a claim, by its key. */
const byClaim: IndexFunction<PersistentVolume> = (volume) => {
  const claim = claimKeyOf(volume);
  return claim === undefined ? [] : [claim];
};

/** Of volumes that are kept for nobody, by their class; '' for none. */
const byFreeClass: IndexFunction<PersistentVolume> = (volume) => (volume.spec.claimRef ? [] : [classOfVolume(volume)]);

const byVolume: IndexFunction<PersistentVolumeClaim> = ({ spec }) => (spec.volumeName ? [spec.volumeName] : []);

/** Of claims that name no volume, by their class; '' for none. */
const byPendingClass: IndexFunction<PersistentVolumeClaim> = (claim) =>
  claim.spec.volumeName ? [] : [classOfClaim(claim) ?? ''];

const byGroup: IndexFunction<CustomResourceDefinition> = ({ spec }) => [spec.group];

export function labelIndexValue(namespace: string, label: string, value: string): string {
  return `${namespace}/${label}=${value}`;
}

export function selectorIndexValue(namespace: string, selector: LabelSelector | undefined): string {
  const [first] = Object.entries(selector?.matchLabels ?? {});
  return first ? labelIndexValue(namespace, ...first) : namespace;
}

const everyKind = { namespace: byNamespace, owner: byOwner };

const ownKinds = new Map<Kind, Record<string, IndexFunction<never>>>([
  [
    kinds.pods,
    {
      controller: byController,
      loose: byLoose,
      label: byLabel,
      node: byNode,
      claim: byUsedClaim,
      [NODE_REFERENCE_INDEX]: nodeReferences,
    },
  ],
  [kinds.nodes, { hostname: byHostname }],
  [kinds.persistentvolumes, { removal: byRemoval, hostname: byReach, claim: byClaim, free: byFreeClass }],
  [kinds.persistentvolumeclaims, { volume: byVolume, pending: byPendingClass }],
  [kinds.replicasets, { controller: byController, loose: byLoose }],
  [kinds.replicationcontrollers, { controller: byController }],
  [kinds.controllerrevisions, { controller: byController, loose: byLoose }],
  [kinds.services, { [ADDRESS_INDEX]: byClusterAddress }],
  [kinds.jobs, { controller: byController, selector: bySelector }],
  [kinds.endpointslices, { service: byService }],
  [kinds.apiservices, { service: byApiService }],
  [kinds.customresourcedefinitions, { group: byGroup }],
  [kinds.rolebindings, { [SUBJECT_INDEX]: bindingIndex }],
  [kinds.clusterrolebindings, { [SUBJECT_INDEX]: bindingIndex }],
]);

/** All indexes of a kind's view, by name. */
export function indexesOf<T extends KubeObject>(kind: Kind<T>): Record<string, IndexFunction<T>> {
  return { ...everyKind, ...(ownKinds.get(kind) as Record<string, IndexFunction<T>> | undefined) };
}
