/** The specification of a Job, alone or in the template of a CronJob. */
import { checkDnsSubdomain } from '../../machinery/names.ts';
import type { JobSpec } from '../../types/batch.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validatePodTemplate } from '../pod/spec.ts';
import { validatePodFailurePolicy, validateSuccessPolicy } from './job-policies.ts';

const MAX_INDEXED = 100_000;
const MAX_WITH_MANY_COMPLETIONS = 10_000;
const MAX_MANAGED_BY = 63;
const NEEDS_INDEXED = 'requires indexed completion mode';
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const satisfies readonly (keyof JobSpec)[];

export function validateJobSpec(errors: FieldErrors, spec: JobSpec, path: string): void {
  for (const field of COUNTS) errors.notNegative(`${path}.${field}`, spec[field]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  }
  if (spec.managedBy !== undefined) validateManagedBy(errors, spec.managedBy, `${path}.managedBy`);
  validateCompletionMode(errors, spec, path);
  validatePodFailurePolicy(errors, spec, `${path}.podFailurePolicy`);
  if (spec.successPolicy) {
    if (spec.completionMode === 'Indexed') validateSuccessPolicy(errors, spec, `${path}.successPolicy`);
    else errors.invalid(`${path}.successPolicy`, spec.successPolicy, NEEDS_INDEXED);
  }
  validateReplacement(errors, spec, `${path}.podReplacementPolicy`);
  validatePodTemplate(errors, spec.template, `${path}.template`);
  validateRestarts(errors, spec, `${path}.template.spec.restartPolicy`);
}

/** Who else does the job's work: a domain and a path. */
function validateManagedBy(errors: FieldErrors, managedBy: string, path: string): void {
  const slash = managedBy.indexOf('/');
  if (managedBy === '') errors.required(path);
  else if (slash <= 0 || slash === managedBy.length - 1) {
    errors.invalid(path, managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")');
  } else {
    const domain = managedBy.slice(0, slash);
    errors.invalidEach(path, domain, checkDnsSubdomain(domain));
    const rest = managedBy.slice(slash + 1);
    if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest))
      errors.invalid(path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
  if (managedBy.length > MAX_MANAGED_BY) errors.tooLong(path, MAX_MANAGED_BY);
}

function validateCompletionMode(errors: FieldErrors, spec: JobSpec, path: string): void {
  const { completionMode: mode = 'NonIndexed' } = spec;
  if (mode !== 'NonIndexed' && mode !== 'Indexed') {
    errors.notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']);
  }
  if (mode === 'Indexed') validateIndexed(errors, spec, path);
  if (mode !== 'NonIndexed') return;
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[field] !== undefined) errors.invalid(`${path}.${field}`, spec[field], NEEDS_INDEXED);
  }
}

/** What is kept of each index must fit into one object. */
function validateIndexed(errors: FieldErrors, spec: JobSpec, path: string): void {
  const { completions, parallelism = 0, maxFailedIndexes = 0 } = spec;
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', value: number, most: number, when = ''): void => {
    if (value > most) errors.invalid(`${path}.${field}`, value, `must be less than or equal to ${most}${when}`);
  };
  if (completions === undefined) errors.required(`${path}.completions`, 'when completion mode is Indexed');
  atMost('parallelism', parallelism, MAX_INDEXED, ' when completion mode is Indexed');
  if (completions !== undefined && maxFailedIndexes > completions) {
    errors.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions');
  }
  atMost('maxFailedIndexes', maxFailedIndexes, MAX_INDEXED);
  if (completions === undefined || completions <= MAX_INDEXED || spec.backoffLimitPerIndex === undefined) return;
  if (spec.maxFailedIndexes === undefined) {
    errors.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MAX_INDEXED}`);
  }
  const when = ` when completions are above ${MAX_INDEXED} and used with backoff limit per index`;
  atMost('parallelism', parallelism, MAX_WITH_MANY_COMPLETIONS, when);
  atMost('maxFailedIndexes', maxFailedIndexes, MAX_WITH_MANY_COMPLETIONS, when);
}

function validateReplacement(errors: FieldErrors, spec: JobSpec, path: string): void {
  const { podReplacementPolicy: policy, podFailurePolicy } = spec;
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (policy !== undefined && !supported.includes(policy)) errors.notSupported(path, policy, supported);
}

function validateRestarts(errors: FieldErrors, { template, podFailurePolicy }: JobSpec, path: string): void {
  const policy = template.spec.restartPolicy;
  if (!policy || policy === 'Always') errors.required(path, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.notSupported(path, policy, ['OnFailure', 'Never']);
  else if (podFailurePolicy && policy !== 'Never') {
    errors.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}
