/** HorizontalPodAutoscaler, as autoscaling/v2 has it. */
import type { FieldError } from '../errors.ts';
import { checkDnsLabel } from '../machinery/names.ts';
import { parseQuantity, QuantityError } from '../machinery/quantity.ts';
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '../types/autoscaling.v2.ts';
import { FieldErrors } from './field-errors.ts';
import { validateContainerResourceName } from './resource-names.ts';
import { validateQuantity } from './resources.ts';

const MAX_WINDOW_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];
/** Each type's field, in the order in which they are looked at. */
const SOURCES = [
  ['Object', 'object'],
  ['External', 'external'],
  ['Pods', 'pods'],
  ['Resource', 'resource'],
  ['ContainerResource', 'containerResource'],
] as const;

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors = new FieldErrors();
  const { minReplicas, maxReplicas = 0, metrics = [], behavior } = spec as Partial<typeof spec>;
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1');
  }
  if (maxReplicas < 1) errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0');
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  validateReference(errors, spec.scaleTargetRef, 'spec.scaleTargetRef');
  metrics.forEach((metric, index) => validateMetric(errors, metric, `spec.metrics[${index}]`));
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const detail = 'must specify at least one Object or External metric to support scaling to zero replicas';
    errors.forbidden('spec.metrics', detail);
  }
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = behavior?.[direction];
    if (rules) validateRules(errors, rules, `spec.behavior.${direction}`);
  }
  return errors.list;
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const errors = new FieldErrors();
  errors.notNegative('status.currentReplicas', status.currentReplicas);
  errors.notNegative('status.desiredReplicas', status.desiredReplicas);
  return errors.list;
}

function validateReference(
  errors: FieldErrors,
  reference: Partial<CrossVersionObjectReference> | undefined,
  path: string,
): void {
  const { kind, name, apiVersion = '' } = reference ?? {};
  if (!kind) errors.required(`${path}.kind`);
  else errors.check(`${path}.kind`, kind, checkPathSegment);
  if (!name) errors.required(`${path}.name`);
  else errors.check(`${path}.name`, name, checkPathSegment);
  if (apiVersion.split('/').length > 2) {
    errors.invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  }
}

/** What stands between two slashes of a path. */
function checkPathSegment(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%']
    .filter((character) => name.includes(character))
    .map((character) => `may not contain '${character}'`);
}

function validateMetric(errors: FieldErrors, metric: MetricSpec, path: string): void {
  const { type } = metric;
  if (!type) errors.required(`${path}.type`, 'must specify a metric source type');
  if (!TYPES.includes(type)) errors.notSupported(`${path}.type`, type ?? '', TYPES);
  const there = SOURCES.filter(([, field]) => metric[field] !== undefined);
  const first = there[0]?.[1];
  if (first !== undefined) validateSource(errors, metric, first, `${path}.${first}`);
  const expected = SOURCES.find(([name]) => name === type)?.[1];
  if (expected !== undefined && metric[expected] === undefined) {
    errors.required(`${path}.${expected}`, 'must populate information for the given metric source');
  }
  if (there.length === 1) return;
  for (const [, field] of there) {
    if (field !== expected) errors.forbidden(`${path}.${field}`, 'must populate the given metric source only');
  }
}

function validateSource(
  errors: FieldErrors,
  metric: MetricSpec,
  field: (typeof SOURCES)[number][1],
  path: string,
): void {
  const { object, containerResource } = metric;
  const source = metric[field] as { name?: string; metric?: MetricIdentifier; target?: MetricTarget };
  if (field === 'object') validateReference(errors, object?.describedObject, `${path}.describedObject`);
  if (field === 'resource' || field === 'containerResource') {
    if (!source.name) errors.required(`${path}.name`, 'must specify a resource name');
    else if (field === 'containerResource') validateContainerResourceName(errors, source.name, `${path}.name`);
  } else validateIdentifier(errors, source.metric, `${path}.metric`);
  if (field === 'containerResource') {
    if (!containerResource?.container) errors.required(`${path}.container`, 'must specify a container');
    else errors.check(`${path}.container`, containerResource.container, checkDnsLabel);
  }
  validateTarget(errors, source.target ?? {}, `${path}.target`);
  validateAmounts(errors, source.target ?? {}, field, `${path}.target`);
}

function validateIdentifier(errors: FieldErrors, metric: MetricIdentifier | undefined, path: string): void {
  if (!metric?.name) errors.required(`${path}.name`, 'must specify a metric name');
  else errors.check(`${path}.name`, metric.name, checkPathSegment);
}

function validateTarget(errors: FieldErrors, target: Partial<MetricTarget>, path: string): void {
  const { type = '', averageUtilization } = target;
  if (type === '') errors.required(`${path}.type`, 'must specify a metric target type');
  if (!TARGET_TYPES.includes(type)) {
    errors.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    if (amount !== undefined && !isPositive(amount)) errors.invalid(`${path}.${field}`, amount, 'must be positive');
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0');
  }
}

function isPositive(text: string): boolean {
  try {
    return parseQuantity(text).nanos > 0n;
  } catch (error) {
    // What is no quantity is no positive one either.
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** What each source needs to be aimed at, and what excludes what. */
function validateAmounts(errors: FieldErrors, target: Partial<MetricTarget>, field: string, path: string): void {
  const { value, averageValue, averageUtilization } = target;
  const hasValue = value !== undefined;
  const hasAverage = averageValue !== undefined;
  const hasUtilization = averageUtilization !== undefined;
  switch (field) {
    case 'object':
      if (!hasValue && !hasAverage) {
        errors.required(`${path}.averageValue`, 'must set either a target value or averageValue');
      }
      break;
    case 'external': {
      const both = 'may not set both a target value for metric and a per-pod target';
      if (!hasValue && !hasAverage) {
        errors.required(`${path}.averageValue`, 'must set either a target value for metric or a per-pod target');
      }
      if (hasValue && hasAverage) errors.forbidden(`${path}.value`, both);
      break;
    }
    case 'pods':
      if (!hasAverage) errors.required(`${path}.averageValue`, 'must specify a positive target averageValue');
      break;
    default: {
      const either = 'must set either a target raw value or a target utilization';
      if (!hasUtilization && !hasAverage) errors.required(`${path}.averageUtilization`, either);
      if (hasUtilization && hasAverage) {
        errors.forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization');
      }
    }
  }
}

function validateRules(errors: FieldErrors, rules: HPAScalingRules, path: string): void {
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules;
  const at = `${path}.stabilizationWindowSeconds`;
  if (window < 0) errors.invalid(at, window, 'must be greater than or equal to zero');
  if (window > MAX_WINDOW_SECONDS) errors.invalid(at, window, `must be less than or equal to ${MAX_WINDOW_SECONDS}`);
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy)) {
    errors.notSupported(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES);
  }
  if (policies.length === 0) errors.required(`${path}.policies`, 'must specify at least one Policy');
  policies.forEach((policy, index) => validatePolicy(errors, policy, `${path}.policies[${index}]`));
  if (tolerance !== undefined) validateQuantity(errors, tolerance, `${path}.tolerance`);
}

function validatePolicy(errors: FieldErrors, policy: Partial<HPAScalingPolicy>, path: string): void {
  const { type = '', value = 0, periodSeconds = 0 } = policy;
  if (!POLICY_TYPES.includes(type)) errors.notSupported(`${path}.type`, type, POLICY_TYPES);
  if (value <= 0) errors.invalid(`${path}.value`, value, 'must be greater than zero');
  const at = `${path}.periodSeconds`;
  if (periodSeconds <= 0) errors.invalid(at, periodSeconds, 'must be greater than zero');
  if (periodSeconds > MAX_PERIOD_SECONDS) {
    errors.invalid(at, periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`);
  }
}
