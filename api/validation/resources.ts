/** Amounts of resources that containers ask for. */
import { compareQuantities, parseQuantity, type Quantity, QuantityError } from '../machinery/quantity.ts';
import type { ResourceRequirements } from '../types/core.v1.ts';
import { FieldErrors } from './field-errors.ts';
import {
  isHugePages,
  isIntegerResource,
  isOvercommitted,
  pageSizeOf,
  validateContainerResourceName,
} from './resource-names.ts';

const NANOS_PER_UNIT = 1_000_000_000n;

export function validateResources(errors: FieldErrors, resources: ResourceRequirements, path: string): void {
  const limits = validateList(errors, resources.limits, `${path}.limits`);
  const requests = validateList(errors, resources.requests, `${path}.requests`);
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    const at = `${path}.requests`;
    const shown = resources.requests?.[name] ?? '';
    if (limit === undefined) {
      if (!isOvercommitted(name))
        errors.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    } else if (!isOvercommitted(name) && compareQuantities(request, limit) !== 0) {
      errors.invalid(at, shown, `must be equal to ${name} limit of ${resources.limits?.[name]}`);
    } else if (compareQuantities(request, limit) > 0) {
      errors.invalid(at, shown, `must be less than or equal to ${name} limit of ${resources.limits?.[name]}`);
    }
  }
  const names = Object.keys({ ...resources.limits, ...resources.requests });
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.forbidden(path, 'HugePages require cpu or memory');
  }
}

function validateList(
  errors: FieldErrors,
  list: Record<string, string> | undefined,
  path: string,
): Map<string, Quantity> {
  const quantities = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(list ?? {})) {
    const at = `${path}[${name}]`;
    validateContainerResourceName(errors, name, at);
    const quantity = validateQuantity(errors, text, at);
    if (!quantity) continue;
    if (isIntegerResource(name) && !isWhole(quantity)) errors.invalid(at, text, 'must be an integer');
    if (isHugePages(name) && !isMultiple(quantity, name)) {
      errors.invalid(at, text, `${text} is not positive integer multiple of ${name}`);
    }
    quantities.set(name, quantity);
  }
  return quantities;
}

export function isWhole({ nanos }: Quantity): boolean {
  return nanos % NANOS_PER_UNIT === 0n;
}

/** Of the size of the page, which is part of the resource's name. */
function isMultiple(quantity: Quantity, name: string): boolean {
  const page = readQuantity(new FieldErrors(), pageSizeOf(name), '');
  return page !== undefined && page.nanos > 0n && isWhole(page) && quantity.nanos % page.nanos === 0n;
}

/** The amount, when it is one. */
export function readQuantity(errors: FieldErrors, text: string, path: string): Quantity | undefined {
  try {
    return parseQuantity(String(text));
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    errors.invalid(path, text, error.message);
    return undefined;
  }
}

/** The amount, when it is one and not negative. */
export function validateQuantity(errors: FieldErrors, text: string, path: string): Quantity | undefined {
  const quantity = readQuantity(errors, text, path);
  if (!quantity || quantity.nanos >= 0n) return quantity;
  errors.invalid(path, text, 'must be greater than or equal to 0');
  return undefined;
}

/** The amount is more than nothing. */
export function validatePositiveQuantity(errors: FieldErrors, text: string, path: string): void {
  const quantity = readQuantity(errors, text, path);
  if (quantity && quantity.nanos <= 0n) errors.invalid(path, text, 'must be greater than zero');
}
