/** What a job writes on its pods, and reads there again. */
import { kinds } from '../../../api/kinds.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Container, Pod, PodSpec } from '../../../api/types/core.v1.ts';
import { ownerReferenceTo } from '../actions.ts';

/** A pod that has it is not counted yet, and stays until it is. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
/** Annotation and label. */
const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
/** How often pods of the same index have failed before: counted failures, and ignored ones. */
const FAILURES_OF_INDEX = 'batch.kubernetes.io/job-index-failure-count';
const IGNORED_FAILURES_OF_INDEX = 'batch.kubernetes.io/job-index-ignored-failure-count';
const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** What a pod's name can hold: 63 characters with the suffix. */
const MAX_PREFIX = 58;

export interface IndexFailures {
  readonly counted: number;
  readonly ignored: number;
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) === true;
}

/** Undefined when nothing, or nothing sensible, says it. */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX];
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

export function failuresBefore({ metadata }: Pod): IndexFailures {
  const count = (annotation: string): number => {
    const text = metadata.annotations?.[annotation] ?? '';
    return /^\d{1,9}$/.test(text) ? Number(text) : 0;
  };
  return { counted: count(FAILURES_OF_INDEX), ignored: count(IGNORED_FAILURES_OF_INDEX) };
}

/** Which pod to make: of an indexed job for which index, and if failures of indexes count, how many there were of it. */
export interface Wanted {
  readonly index?: number;
  readonly failures?: IndexFailures;
}

/** `id` is a fresh suffix. */
export function makePod(
  job: Job,
  { index, failures }: Wanted,
  id: string,
): Omit<Pod, 'status'> & { metadata: { name: string } } {
  const { name: jobName = '', namespace } = job.metadata;
  const { metadata, spec } = job.spec.template;
  const ending = index === undefined ? '-' : `-${index}-`;
  const generateName = `${jobName.slice(0, MAX_PREFIX - ending.length)}${ending}`;
  const finalizers = metadata.finalizers ?? [];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...unlessEmpty('labels', {
        ...metadata.labels,
        ...(index === undefined ? {} : { [COMPLETION_INDEX]: `${index}` }),
      }),
      ...unlessEmpty('annotations', { ...metadata.annotations, ...indexAnnotations(index, failures) }),
      finalizers: finalizers.includes(TRACKING_FINALIZER) ? finalizers : [...finalizers, TRACKING_FINALIZER],
      name: `${generateName}${id}`,
      generateName,
      namespace,
      ownerReferences: [ownerReferenceTo(kinds.jobs, job)],
    },
    spec: index === undefined ? spec : withIndex(spec, `${jobName}-${index}`),
  };
}

function unlessEmpty(field: 'labels' | 'annotations', map: Record<string, string>): Partial<Pod['metadata']> {
  return Object.keys(map).length > 0 ? { [field]: map } : {};
}

function indexAnnotations(index: number | undefined, failures: IndexFailures | undefined): Record<string, string> {
  if (index === undefined) return {};
  return {
    [COMPLETION_INDEX]: `${index}`,
    ...(failures ? { [FAILURES_OF_INDEX]: `${failures.counted}` } : {}),
    ...(failures && failures.ignored > 0 ? { [IGNORED_FAILURES_OF_INDEX]: `${failures.ignored}` } : {}),
  };
}

function withIndex(spec: PodSpec, hostname: string): PodSpec {
  const { initContainers, containers } = spec;
  return {
    ...spec,
    hostname,
    ...(initContainers ? { initContainers: initContainers.map(withVariable) } : {}),
    containers: containers.map(withVariable),
  };
}

/** One that the container has already stays. */
function withVariable<T extends Pick<Container, 'env'>>(container: T): T {
  const { env = [] } = container;
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.labels['${COMPLETION_INDEX}']` };
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef } }] };
}
