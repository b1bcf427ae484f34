/** Tables of rules: an object that is good, one change to it, and what is then said. */
import assert from 'node:assert/strict';
import type { FieldError } from '../../../api/errors.ts';
import { copyJson } from '../../../api/machinery/json.ts';

export type Json = Record<string, unknown>;

/** What is changed, as `spec.template.spec.restartPolicy`; `undefined` takes it away. Lists are indexed by number. */
export type Change = Readonly<Record<string, unknown>>;
/** The change and each line that is said about it, in order. */
export type Rule = readonly [Change, ...string[]];

export const linesOf = (errors: readonly FieldError[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);

export function changed<T>(object: T, change: Change): T {
  const copy = copyJson(object);
  for (const [path, value] of Object.entries(change)) set(copy as Json, path.split('.'), value);
  return copy;
}

function set(target: Json, [field = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) {
    target[field] ??= {};
    set(target[field] as Json, rest, value);
  } else if (value === undefined) delete target[field];
  else target[field] = value;
}

/** Defaults are applied after the change, as in the API server. */
export function checkRules<T>(
  good: T,
  applyDefaults: (object: T) => void,
  validate: (object: T) => readonly FieldError[],
  rules: readonly Rule[],
): void {
  for (const [change, ...expected] of [[{}] as Rule, ...rules]) {
    const object = changed(good, change);
    applyDefaults(object);
    assert.deepEqual(linesOf(validate(object)), expected, JSON.stringify(change));
  }
}

/** The previous object is the good one, the next one is changed. */
export function checkUpdateRules<T>(
  good: T,
  applyDefaults: (object: T) => void,
  validate: (next: T, previous: T) => readonly FieldError[],
  rules: readonly Rule[],
): void {
  const previous = copyJson(good);
  applyDefaults(previous);
  for (const [change, ...expected] of [[{}] as Rule, ...rules]) {
    const next = changed(previous, change);
    applyDefaults(next);
    assert.deepEqual(linesOf(validate(next, previous)), expected, JSON.stringify(change));
  }
}
