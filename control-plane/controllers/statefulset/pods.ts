/** The pods of a stateful set: their ordinals and names, what they look like, and what is theirs of a set's status. */
import { kinds } from '../../../api/kinds.ts';
import { IDENTITY_ANNOTATION, POD_NAME_LABEL } from '../../../api/machinery/identity.ts';
import type { ControllerRevision, StatefulSet } from '../../../api/types/apps.v1.ts';
import type { Pod, PodTemplateSpec, Volume } from '../../../api/types/core.v1.ts';
import { ownerReferenceTo } from '../actions.ts';
import { isReady, untilAvailable } from '../conditions.ts';
import { claimName } from './claims.ts';

export const REVISION_LABEL = 'controller-revision-hash';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';
/** Outlives the owner and the labels, either of which a user may take away while the pod runs. */
const IDENTITY_ANNOTATIONS = { [IDENTITY_ANNOTATION]: 'true' };
const MAX_ORDINAL = 2 ** 31 - 1;

/** The number at the end of a pod's name; undefined when it is not a name that the set would give. */
export function ordinalOf({ metadata }: StatefulSet, { metadata: { name = '' } }: Pod): number | undefined {
  const prefix = `${metadata.name}-`;
  const digits = name.slice(prefix.length);
  if (!name.startsWith(prefix) || !/^(0|[1-9]\d{0,9})$/.test(digits)) return undefined;
  const ordinal = Number(digits);
  return ordinal <= MAX_ORDINAL ? ordinal : undefined;
}

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** The first ordinal, and the one after the last. More replicas than there are ordinals from the first on get no pod. */
export function ordinalRange({ spec }: StatefulSet): { start: number; end: number } {
  const start = spec.ordinals?.start ?? 0;
  return { start, end: Math.min(start + (spec.replicas ?? 1), MAX_ORDINAL + 1) };
}

/** How many pods it can have, of those that it asks for. */
export function replicasOf(statefulSet: StatefulSet): number {
  const { start, end } = ordinalRange(statefulSet);
  return end - start;
}

export function isInRange(statefulSet: StatefulSet, ordinal: number): boolean {
  const { start, end } = ordinalRange(statefulSet);
  return ordinal >= start && ordinal < end;
}

/** The name of the revision that a pod was made of. */
export function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL];
}

export function makePod(
  statefulSet: StatefulSet,
  ordinal: number,
  { revision, template }: { revision: ControllerRevision; template: PodTemplateSpec },
): Omit<Pod, 'status'> {
  const name = podName(statefulSet, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${statefulSet.metadata.name}-`,
      namespace: statefulSet.metadata.namespace,
      labels: { ...labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision.metadata.name ?? '' },
      annotations: { ...annotations, ...IDENTITY_ANNOTATIONS },
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [ownerReferenceTo(kinds.statefulsets, statefulSet)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(statefulSet.spec.serviceName ? { subdomain: statefulSet.spec.serviceName } : {}),
      volumes: volumesFor(statefulSet, ordinal, template),
    },
  };
}

function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [POD_NAME_LABEL]: name, [INDEX_LABEL]: String(ordinal) };
}

export interface Marks {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** What tells which pod of a set it is, as far as it lacks that: it was adopted, or somebody took it away. */
export function missingMarks({ metadata }: Pod, ordinal: number): Marks {
  const labels = missingIn(metadata.labels, identityLabels(metadata.name ?? '', ordinal));
  const annotations = missingIn(metadata.annotations, IDENTITY_ANNOTATIONS);
  return { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
}

function missingIn(
  there: Record<string, string> | undefined,
  wanted: Record<string, string>,
): Record<string, string> | undefined {
  const missing = Object.entries(wanted).filter(([key, value]) => there?.[key] !== value);
  return missing.length > 0 ? Object.fromEntries(missing) : undefined;
}

/** Those of the claims come first and in the place of the template's own of the same name. */
function volumesFor(statefulSet: StatefulSet, ordinal: number, { spec }: PodTemplateSpec): Volume[] {
  const claims = (statefulSet.spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(statefulSet, claim, ordinal) },
  }));
  const names = new Set(claims.map(({ name }) => name));
  return [...claims, ...(spec.volumes ?? []).filter(({ name }) => !names.has(name))];
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Ready for long enough, also if it is on its way out. */
export function isAvailable(statefulSet: StatefulSet, pod: Pod, date: Date): boolean {
  return isRunningAndReady(pod) && untilAvailable(pod, statefulSet.spec.minReadySeconds ?? 0, date) === 0;
}

/** Whether the set can count on it. */
export function isHealthy(statefulSet: StatefulSet, pod: Pod | undefined, date: Date): boolean {
  return pod !== undefined && !isTerminating(pod) && isAvailable(statefulSet, pod, date);
}
