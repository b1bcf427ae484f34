/** What is allowed and still worth saying to whoever writes it; in Kubernetes' words. */
import { checkDnsLabel } from '../machinery/names.ts';
import { compareQuantities, parseQuantity } from '../machinery/quantity.ts';
import type { StatefulSet } from '../types/apps.v1.ts';
import type { CronJob, Job, JobSpec } from '../types/batch.v1.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSource,
  PodTemplateSpec,
  ResourceQuota,
  ServiceAccount,
} from '../types/core.v1.ts';
import type { ObjectMeta } from '../types/meta.v1.ts';
import type { Ingress, NetworkPolicy, NetworkPolicyPeer } from '../types/networking.v1.ts';
import type { RuntimeClass } from '../types/node.v1.ts';
import type { CSIStorageCapacity, StorageClass } from '../types/storage.v1.ts';
import { warnOfCidr } from './addresses.ts';
import { oldLabel, warnOfNodeLabelSelector, warnOfNodeSelector } from './node-label-warnings.ts';
import { warnOfTemplate } from './pod/warnings.ts';

const INGRESS_CLASS = 'kubernetes.io/ingress.class';
const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
const NANOS_PER_UNIT = 1_000_000_000n;
const GONE: readonly (readonly [keyof PersistentVolumeSource, string, string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

/** Of what gives its name to pods; only a new one can be given another. */
export function warnOfPodNames({ metadata }: { metadata: ObjectMeta }, previous: object | undefined): string[] {
  const wrong = previous ? [] : checkDnsLabel(metadata.name ?? '');
  if (wrong.length === 0) return [];
  const what = 'this is used in Pod names and hostnames, which can result in surprising behavior';
  return [`metadata.name: ${what}; a DNS label is recommended: [${wrong.join(' ')}]`];
}

interface Workload {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly template?: PodTemplateSpec };
}

/** Of what makes pods of a template: an update says nothing of a template when it changes nothing that is wanted. */
export function warnOfWorkload(next: Workload, previous: Workload | undefined): string[] {
  const isSame = previous && previous.metadata.generation === next.metadata.generation;
  const { template } = next.spec;
  return [...warnOfPodNames(next, previous), ...(isSame || !template ? [] : warnOfTemplate(template, 'spec.template'))];
}

export function warnOfJob(next: Job, previous: Job | undefined): string[] {
  return [...warnOfManyIndexes(next.spec, 'spec'), ...warnOfWorkload(next, previous)];
}

export function warnOfCronJob(next: CronJob, previous: CronJob | undefined): string[] {
  const isSame = previous && previous.metadata.generation === next.metadata.generation;
  const { spec } = next.spec.jobTemplate;
  const path = 'spec.jobTemplate.spec';
  return [
    ...warnOfPodNames(next, previous),
    ...warnOfManyIndexes(spec, path),
    ...(isSame ? [] : warnOfTemplate(spec.template, `${path}.template`)),
  ];
}

function warnOfManyIndexes({ completionMode, completions = 0, parallelism = 0 }: JobSpec, path: string): string[] {
  if (completionMode !== 'Indexed' || completions <= 100_000 || parallelism <= 10_000) return [];
  const many = 'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4';
  return [`${path}: ${many}, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`];
}

/** All valid: they are asked only of objects that are. */
export function warnOfStatefulSet(next: StatefulSet, previous: StatefulSet | undefined): string[] {
  const { spec, metadata } = next;
  const isSame = previous && previous.metadata.generation === metadata.generation;
  return [...(isSame ? [] : warnOfTemplate(spec.template, 'spec.template')), ...warnOfStatefulSetSpec(spec)];
}

function warnOfStatefulSetSpec(spec: StatefulSet['spec']): string[] {
  const claims = (spec.volumeClaimTemplates ?? []).flatMap((claim, index) =>
    warnOfClaimSpec(claim.spec, `spec.volumeClaimTemplates[${index}]`),
  );
  if ((spec.revisionHistoryLimit ?? 0) >= 0) return claims;
  const why = 'a negative value retains all historical revisions; a value >= 0 is recommended';
  return [...claims, `spec.revisionHistoryLimit: ${why}`];
}

export function warnOfClaim({ spec }: PersistentVolumeClaim): string[] {
  return warnOfClaimSpec(spec, 'spec');
}

function warnOfClaimSpec({ resources }: PersistentVolumeClaimSpec, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((list) => {
    const amount = resources[list]?.['storage'];
    if (amount === undefined || parseQuantity(amount).nanos % NANOS_PER_UNIT === 0n) return [];
    const field = `${path}.resources.${list}[storage]`;
    return [`${field}: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`];
  });
}

export function warnOfVolume({ spec }: PersistentVolume): string[] {
  const { required } = spec.nodeAffinity ?? {};
  const gone = [
    ...(required ? warnOfNodeSelector(required, 'spec.nodeAffinity.required') : []),
    ...GONE.filter(([source]) => spec[source] !== undefined).map(([, name, why]) => `spec.${name}: ${why}`),
  ];
  if (spec.persistentVolumeReclaimPolicy !== 'Recycle') return gone;
  const instead = 'Instead, the recommended approach is to use dynamic provisioning.';
  return [`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${instead}`, ...gone];
}

export function warnOfStorageClass({ allowedTopologies = [] }: StorageClass): string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, term) =>
    matchLabelExpressions.flatMap(({ key }, index) => {
      const why = oldLabel(key);
      return why === undefined ? [] : [`allowedTopologies[${term}].matchLabelExpressions[${index}].key: ${why}`];
    }),
  );
}

export function warnOfStorageCapacity({ nodeTopology }: CSIStorageCapacity): string[] {
  return nodeTopology ? warnOfNodeLabelSelector(nodeTopology, 'nodeTopology') : [];
}

export function warnOfRuntimeClass({ scheduling }: RuntimeClass): string[] {
  return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
    const why = oldLabel(key);
    return why === undefined ? [] : [`scheduling.nodeSelector: ${why}`];
  });
}

/** Of new ones: who has it already was told. */
export function warnOfIngress({ metadata, spec }: Ingress, previous: object | undefined): string[] {
  const isOld = metadata.annotations?.[INGRESS_CLASS] !== undefined && spec.ingressClassName === undefined;
  if (previous || !isOld) return [];
  return [`annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`];
}

/** Once: whoever leaves it as it is was told. */
export function warnOfServiceAccount({ metadata }: ServiceAccount, previous: ServiceAccount | undefined): string[] {
  const wasThere = previous?.metadata.annotations?.[MOUNTABLE] !== undefined;
  if (wasThere || metadata.annotations?.[MOUNTABLE] === undefined) return [];
  const instead = 'prefer separate namespaces to isolate access to mounted secrets';
  return [`metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; ${instead}`];
}

export function warnOfNetworkPolicy({ spec: { ingress = [], egress = [] } }: NetworkPolicy): string[] {
  return [
    ...ingress.flatMap(({ from = [] }, index) => warnOfPeers(from, `spec.ingress[${index}].from`)),
    ...egress.flatMap(({ to = [] }, index) => warnOfPeers(to, `spec.egress[${index}].to`)),
  ];
}

function warnOfPeers(peers: readonly NetworkPolicyPeer[], path: string): string[] {
  return peers.flatMap(({ ipBlock }, index) => {
    if (!ipBlock) return [];
    const at = `${path}[${index}].ipBlock`;
    const except = ipBlock.except ?? [];
    return [
      ...warnOfCidr(ipBlock.cidr, `${at}.cidr`),
      ...except.flatMap((cidr, place) => warnOfCidr(cidr, `${at}.except[${place}]`)),
    ];
  });
}

export function warnOfQuota({ spec: { hard = {} } }: ResourceQuota, previous: object | undefined): string[] {
  if (previous) return [];
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((name) => {
    const asked = [`requests.${name}`, ...(name === 'cpu' || name === 'memory' ? [name] : [])];
    const request = asked.find((each) => hard[each] !== undefined);
    const limit = `limits.${name}`;
    const [least, most] = [request && hard[request], hard[limit]];
    if (!least || !most || compareQuantities(parseQuantity(least), parseQuantity(most)) <= 0) return [];
    return [`ResourceQuota ${request} (${least}) should be less than ${limit} (${most})`];
  });
}
