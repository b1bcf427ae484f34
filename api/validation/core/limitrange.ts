/** LimitRange: bounds and defaults of what one pod, container or claim asks for. */
import type { FieldError } from '../../errors.ts';
import { checkQualifiedName } from '../../machinery/names.ts';
import { compareQuantities, type Quantity, toNumber } from '../../machinery/quantity.ts';
import type { LimitRange, LimitRangeItem } from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { readQuantity } from '../resources.ts';
import { isOvercommitted, validateContainerResourceName, validateResourceName } from '../resource-names.ts';

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
const ONE: Quantity = { nanos: 1_000_000_000n, format: 'DecimalSI' };

type List = (typeof LISTS)[number];
/** What an item says of one resource. */
type Bounds = Partial<Record<List, { readonly text: string; readonly value: Quantity }>>;

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const errors = new FieldErrors();
  const types = new Set<string>();
  spec.limits.forEach((item, index) => {
    const path = `spec.limits[${index}]`;
    validateType(errors, item.type, `${path}.type`);
    if (types.has(item.type)) errors.duplicate(`${path}.type`, item.type);
    types.add(item.type);
    validateItem(errors, item, path);
  });
  return errors.list;
}

function validateType(errors: FieldErrors, type: string, path: string): void {
  const wrong = checkQualifiedName(type ?? '');
  errors.invalidEach(path, type ?? '', wrong);
  if (wrong.length === 0 && !type.includes('/') && !TYPES.includes(type)) {
    errors.invalid(path, type, 'must be a standard limit type or fully qualified');
  }
}

function validateItem(errors: FieldErrors, item: LimitRangeItem, path: string): void {
  const isPod = item.type === 'Pod';
  const resources = new Map<string, Bounds>();
  for (const list of LISTS) {
    if (isPod && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(item[list] ?? {}).length > 0) {
        errors.forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'");
      }
      continue;
    }
    for (const [name, text] of Object.entries(item[list] ?? {})) {
      validateName(errors, item.type, name, `${path}.${list}[${name}]`);
      const value = readQuantity(errors, text, `${path}.${list}[${name}]`);
      if (value) resources.set(name, { ...resources.get(name), [list]: { text, value } });
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage']) {
    const detail = 'either minimum or maximum storage value is required, but neither was provided';
    errors.required(`${path}.limits`, detail);
  }
  for (const [name, bounds] of resources) validateBounds(errors, name, bounds, path);
}

function validateName(errors: FieldErrors, type: string, name: string, path: string): void {
  if (type === 'Pod' || type === 'Container') validateContainerResourceName(errors, name, path);
  else validateResourceName(errors, name, path);
}

/** One must not be greater than the other; the error is about `field` and shows `shown`. */
const ORDER: readonly {
  readonly low: List;
  readonly high: List;
  readonly field: List;
  readonly shown: List;
  readonly detail: (low: string, high: string) => string;
}[] = [
  {
    low: 'min',
    high: 'max',
    field: 'min',
    shown: 'min',
    detail: (low, high) => `min value ${low} is greater than max value ${high}`,
  },
  {
    low: 'min',
    high: 'defaultRequest',
    field: 'defaultRequest',
    shown: 'defaultRequest',
    detail: (low, high) => `min value ${low} is greater than default request value ${high}`,
  },
  {
    low: 'defaultRequest',
    high: 'max',
    field: 'defaultRequest',
    shown: 'defaultRequest',
    detail: (low, high) => `default request value ${low} is greater than max value ${high}`,
  },
  {
    low: 'defaultRequest',
    high: 'default',
    field: 'defaultRequest',
    shown: 'defaultRequest',
    detail: (low, high) => `default request value ${low} is greater than default limit value ${high}`,
  },
  {
    low: 'min',
    high: 'default',
    field: 'default',
    shown: 'min',
    detail: (low, high) => `min value ${low} is greater than default value ${high}`,
  },
  {
    low: 'default',
    high: 'max',
    field: 'default',
    shown: 'max',
    detail: (low, high) => `default value ${low} is greater than max value ${high}`,
  },
];

function validateBounds(errors: FieldErrors, name: string, bounds: Bounds, path: string): void {
  for (const { low, high, field, shown, detail } of ORDER) {
    const [below, above] = [bounds[low], bounds[high]];
    if (!below || !above || compareQuantities(below.value, above.value) <= 0) continue;
    errors.invalid(`${path}.${field}[${name}]`, bounds[shown]?.text, detail(below.text, above.text));
  }
  validateRatio(errors, bounds, `${path}.maxLimitRequestRatio[${name}]`);
  const [limit, request] = [bounds.default, bounds.defaultRequest];
  if (!limit || !request || isOvercommitted(name) || compareQuantities(limit.value, request.value) === 0) return;
  const detail = `default value ${limit.text} must equal to defaultRequest value ${request.text} in ${name}`;
  errors.invalid(`${path}.defaultRequest[${name}]`, request.text, detail);
}

function validateRatio(errors: FieldErrors, { maxLimitRequestRatio: ratio, min, max }: Bounds, path: string): void {
  if (!ratio) return;
  if (compareQuantities(ratio.value, ONE) < 0) errors.invalid(path, ratio.text, `ratio ${ratio.text} is less than 1`);
  if (!min || !max) return;
  const most = toNumber(max.value) / toNumber(min.value);
  if (toNumber(ratio.value) <= most) return;
  errors.invalid(path, ratio.text, `ratio ${ratio.text} is greater than max/min = ${most.toFixed(6)}`);
}
