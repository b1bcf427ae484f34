/** PriorityClass: a name for how much a pod matters. */
import type { FieldError } from '../../errors.ts';
import type { PriorityClass } from '../../types/scheduling.v1.ts';
import { FieldErrors } from '../field-errors.ts';

const SYSTEM_PREFIX = 'system-';
/** Beyond it lie the priorities of the system itself. */
const HIGHEST_OF_USERS = 1_000_000_000;
const POLICIES = ['PreemptLowerPriority', 'Never'];

/** The classes that every cluster has, and their values. */
export const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

export function validatePriorityClass({ preemptionPolicy }: PriorityClass): FieldError[] {
  const errors = new FieldErrors();
  if (preemptionPolicy !== undefined) errors.oneOf('preemptionPolicy', preemptionPolicy, POLICIES);
  return errors.list;
}

/** Which names and values a new class may have. */
export function validateNewPriorityClass({ metadata, value, globalDefault }: PriorityClass): FieldError[] {
  const errors = new FieldErrors();
  const name = metadata.name ?? '';
  if (name.startsWith(SYSTEM_PREFIX)) {
    const wrong = systemMistake(name, value, globalDefault === true);
    if (wrong !== undefined) {
      const why = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${wrong}`;
      errors.forbidden('metadata.name', why);
    }
  } else if (value > HIGHEST_OF_USERS) {
    errors.forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_OF_USERS}`);
  }
  return errors.list;
}

function systemMistake(name: string, value: number, globalDefault: boolean): string | undefined {
  const wanted = SYSTEM_PRIORITIES.get(name);
  if (wanted === undefined) return `${name} is not a known system priority class`;
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(next: PriorityClass, previous: PriorityClass): FieldError[] {
  const errors = new FieldErrors();
  if (next.value !== previous.value) errors.forbidden('value', 'may not be changed in an update.');
  const { preemptionPolicy } = next;
  errors.immutable('preemptionPolicy', preemptionPolicy === previous.preemptionPolicy, preemptionPolicy);
  return errors.list;
}
