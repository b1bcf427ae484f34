/** When a Job has failed before its time, and when it has succeeded before its time. */
import { countIndexes, IndexRangeError, parseIndexRanges } from '../../machinery/index-ranges.ts';
import { checkQualifiedName } from '../../machinery/names.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../../types/batch.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_EXIT_CODES = 255;
const MAX_INDEXES_TEXT = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];

export function validatePodFailurePolicy(errors: FieldErrors, spec: JobSpec, path: string): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > MAX_RULES) errors.tooMany(`${path}.rules`, rules.length, MAX_RULES);
  rules.forEach((rule, index) => validateFailureRule(errors, spec, rule, `${path}.rules[${index}]`));
}

function validateFailureRule(errors: FieldErrors, spec: JobSpec, rule: PodFailurePolicyRule, path: string): void {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  requireOneOf(errors, action, ACTIONS, `${path}.action`);
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set');
  }
  if (onExitCodes) validateExitCodes(errors, onExitCodes, containersOf(spec), `${path}.onExitCodes`);
  validateConditions(errors, onPodConditions, `${path}.onPodConditions`);
  if (onExitCodes && onPodConditions.length > 0) {
    errors.inconsistent(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    errors.inconsistent(path, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

function containersOf({ template: { spec } }: JobSpec): ReadonlySet<string> {
  return new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
}

/** A missing value is told what it may be. */
function requireOneOf(errors: FieldErrors, value: string, supported: readonly string[], path: string): void {
  const quoted = supported.map((each) => JSON.stringify(each)).join(' ');
  if (!value) errors.required(path, `valid values: [${quoted}]`);
  else if (!supported.includes(value)) errors.notSupported(path, value, supported);
}

function validateConditions(
  errors: FieldErrors,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  path: string,
): void {
  if (patterns.length > MAX_PATTERNS) errors.tooMany(path, patterns.length, MAX_PATTERNS);
  patterns.forEach(({ type, status }, index) => {
    errors.check(`${path}[${index}].type`, type, checkQualifiedName);
    requireOneOf(errors, status, STATUSES, `${path}[${index}].status`);
  });
}

function validateExitCodes(
  errors: FieldErrors,
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  path: string,
): void {
  requireOneOf(errors, operator, OPERATORS, `${path}.operator`);
  if (containerName !== undefined && !containers.has(containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.invalid(`${path}.containerName`, containerName, detail);
  }
  const at = `${path}.values`;
  if (values.length === 0) errors.invalid(at, values, 'at least one value is required');
  else if (values.length > MAX_EXIT_CODES) errors.tooMany(at, values.length, MAX_EXIT_CODES);
  const seen = new Set<number>();
  values.forEach((code, index) => {
    if (operator === 'In' && code === 0) errors.invalid(`${at}[${index}]`, code, 'must not be 0 for the In operator');
    if (seen.has(code)) errors.duplicate(`${at}[${index}]`, code);
    seen.add(code);
  });
  if (values.some((code, index) => code < (values[index - 1] ?? code))) errors.invalid(at, values, 'must be ordered');
}

/** Only of an indexed job; one without completions is told so elsewhere. */
export function validateSuccessPolicy(errors: FieldErrors, spec: JobSpec, path: string): void {
  const rules = spec.successPolicy?.rules ?? [];
  const at = `${path}.rules`;
  if (rules.length === 0)
    errors.required(at, 'at least one rules must be specified when the successPolicy is specified');
  if (rules.length > MAX_RULES) errors.tooMany(at, rules.length, MAX_RULES);
  rules.forEach((rule, index) => validateSuccessRule(errors, rule, spec.completions ?? 0, `${at}[${index}]`));
}

function validateSuccessRule(
  errors: FieldErrors,
  { succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule,
  completions: number,
  path: string,
): void {
  if (count === undefined && indexes === undefined) {
    errors.required(path, 'at least one of succeededCount or succeededIndexes must be specified');
  }
  const total = indexes === undefined ? undefined : validateIndexes(errors, indexes, completions, path);
  if (count === undefined) return;
  const at = `${path}.succeededCount`;
  errors.notNegative(at, count);
  const atMost = (most: number, what: string): void => {
    if (count > most) errors.invalid(at, count, `must be less than or equal to ${most} (the number of ${what})`);
  };
  atMost(completions, 'specified completions');
  if (total !== undefined) atMost(total, 'indexes in the specified succeededIndexes field');
}

/** Returns how many they are. */
function validateIndexes(errors: FieldErrors, indexes: string, completions: number, path: string): number {
  const at = `${path}.succeededIndexes`;
  if (indexes.length > MAX_INDEXES_TEXT) errors.tooLong(at, MAX_INDEXES_TEXT);
  try {
    return countIndexes(parseIndexRanges(indexes, completions));
  } catch (error) {
    if (!(error instanceof IndexRangeError)) throw error;
    errors.invalid(at, indexes, `error parsing succeededIndexes: ${error.message}`);
    return 0;
  }
}
