/** Job: what it says, and what may change of it. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel } from '../../machinery/names.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import type { Job, JobSpec } from '../../types/batch.v1.ts';
import type { PodTemplateSpec } from '../../types/core.v1.ts';
import type { LabelSelector } from '../../types/meta.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateLabelSelector } from '../selectors.ts';
import { validateSelection } from '../templates.ts';
import { validateJobSpec } from './job-spec.ts';

export const JOB_LABELS = {
  controllerUid: 'batch.kubernetes.io/controller-uid',
  jobName: 'batch.kubernetes.io/job-name',
  legacyControllerUid: 'controller-uid',
  legacyJobName: 'job-name',
} as const;

export function validateJob(job: Job): FieldError[] {
  const errors = new FieldErrors();
  validateGeneratedSelector(errors, job);
  validateSpec(errors, job.spec);
  validatePodNames(errors, job);
  return errors.list;
}

function validateSpec(errors: FieldErrors, spec: JobSpec): void {
  validateJobSpec(errors, spec, 'spec');
  if (!spec.selector) errors.required('spec.selector');
  validateSelection(errors, spec);
}

/** A selector that was not chosen by hand is one that finds this job's pods and no others. */
function validateGeneratedSelector(errors: FieldErrors, { metadata, spec }: Job): void {
  if (spec.manualSelector || !spec.selector) return;
  const { name = '', uid = '' } = metadata;
  const expected = {
    [JOB_LABELS.legacyControllerUid]: uid,
    [JOB_LABELS.legacyJobName]: name,
    [JOB_LABELS.controllerUid]: uid,
    [JOB_LABELS.jobName]: name,
  };
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const path = 'spec.template.metadata.labels';
    if (!Object.hasOwn(labels, key)) errors.required(`${path}[${key}]`, `must be '${value}'`);
    else if (labels[key] !== value) errors.invalid(`${path}[${key}]`, labels, `must be '${value}'`);
  }
  if (isWellFormed(spec.selector) && !selectorFromObject(spec.selector).matches(expected)) {
    errors.invalid('spec.selector', spec.selector, '`selector` not auto-generated');
  }
}

/** One that is not is told of elsewhere. */
function isWellFormed(selector: LabelSelector): boolean {
  const errors = new FieldErrors();
  validateLabelSelector(errors, selector, 'spec.selector');
  return errors.list.length === 0;
}

/** Each pod of an indexed job is called after its index; the longest name must be one. */
function validatePodNames(errors: FieldErrors, { metadata: { name = '' }, spec }: Job): void {
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return;
  const last = `${name}-${spec.completions - 1}`;
  if (checkDnsLabel(last).length === 0) return;
  errors.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`);
}

const FIXED = [
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const satisfies readonly (keyof JobSpec)[];

/** Neither labels that were generated nor names of pods to come are asked for again. */
export function validateJobUpdate(next: Job, previous: Job): FieldError[] {
  const errors = new FieldErrors();
  const { spec } = next;
  const before = previous.spec;
  validateSpec(errors, spec);
  validateCompletions(errors, spec, before);
  errors.immutable('spec.selector', sameJson(spec.selector, before.selector), spec.selector);
  const template = isUnstarted(previous) ? withSchedulingOf(before.template, spec.template) : before.template;
  errors.immutable('spec.template', sameJson(spec.template, template), spec.template);
  for (const field of FIXED) errors.immutable(`spec.${field}`, sameJson(spec[field], before[field]), spec[field]);
  return errors.list;
}

function validateCompletions(errors: FieldErrors, next: JobSpec, previous: JobSpec): void {
  const { completions } = next;
  if (completions === previous.completions) return;
  if (next.completionMode !== 'Indexed') errors.immutable('spec.completions', false, completions);
  else if (completions !== undefined && completions !== next.parallelism) {
    errors.invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism');
  }
}

/** While a suspended job has not begun, somebody may still decide where its pods go. */
function isUnstarted({ spec, status }: Job): boolean {
  return spec.suspend === true && status.startTime === undefined;
}

function withSchedulingOf(template: PodTemplateSpec, other: PodTemplateSpec): PodTemplateSpec {
  const { nodeAffinity: _nodeAffinity, ...affinity } = template.spec.affinity ?? {};
  const nodeAffinity = other.spec.affinity?.nodeAffinity;
  const merged = { ...affinity, ...(nodeAffinity ? { nodeAffinity } : {}) };
  const hasAffinity = Object.keys(merged).length > 0 || other.spec.affinity !== undefined;
  return {
    ...template,
    metadata: {
      ...template.metadata,
      ...pick(other.metadata ?? {}, 'labels', 'annotations'),
    },
    spec: {
      ...template.spec,
      affinity: hasAffinity ? merged : undefined,
      ...pick(other.spec, 'nodeSelector', 'tolerations', 'schedulingGates'),
    } as PodTemplateSpec['spec'],
  };
}

/** Also those that are not there, so that they take away what is. */
function pick<T extends object>(object: T, ...fields: (keyof T & string)[]): Partial<T> {
  return Object.fromEntries(fields.map((field) => [field, object[field]])) as unknown as Partial<T>;
}
