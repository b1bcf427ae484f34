/** What is allowed and still worth saying to whoever writes it; in Kubernetes' words. */
import { checkDnsLabel } from '../machinery/names.ts';
import { compareQuantities, parseQuantity } from '../machinery/quantity.ts';
import type { StatefulSet } from '../schema/types/apps.v1.ts';
import type { CronJob } from '../schema/types/batch.v1.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSource,
  PodTemplateSpec,
  ResourceQuota,
} from '../schema/types/core.v1.ts';
import type { ObjectMeta } from '../schema/types/meta.v1.ts';
import { warnOfTemplate } from './pod/warnings.ts';

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

export function warnOfCronJob(next: CronJob, previous: CronJob | undefined): string[] {
  const isSame = previous && previous.metadata.generation === next.metadata.generation;
  const { template } = next.spec.jobTemplate.spec;
  const path = 'spec.jobTemplate.spec.template';
  return [...warnOfPodNames(next, previous), ...(isSame ? [] : warnOfTemplate(template, path))];
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
  const gone = GONE.filter(([source]) => spec[source] !== undefined).map(([, name, why]) => `spec.${name}: ${why}`);
  if (spec.persistentVolumeReclaimPolicy !== 'Recycle') return gone;
  const instead = 'Instead, the recommended approach is to use dynamic provisioning.';
  return [`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${instead}`, ...gone];
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
