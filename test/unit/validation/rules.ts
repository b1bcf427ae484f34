/** Tables of rules: an object that is good, one change to it, and what is then said. */
import assert from 'node:assert/strict';
import type { FieldError } from '../../../api/errors.ts';
import type { Kind } from '../../../api/kinds.ts';
import { copyJson } from '../../../api/machinery/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';

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

/** A kind whose rules are asked of its strategy, one test a rule. */
export interface Table {
  readonly kind: Kind;
  readonly strategy: Strategy<KubeObject>;
  /** The least that is valid; defaults are added. */
  readonly base: object;
}

/** What is said of a new object. */
export function onCreate(table: Table, rules: readonly Rule[]): void {
  const { kind, strategy } = table;
  const check = (object: KubeObject): FieldError[] => [
    ...strategy.validate(object),
    ...(strategy.validateNew?.(object) ?? []),
  ];
  it(`${kind.kind}: the base is good`, () => assert.deepEqual(check(made(table, {})), []));
  eachRule(rules, `${kind.kind}:`, (change) => check(made(table, change)));
}

/** What is said of a change to the base. */
export function onUpdate(table: Table, rules: readonly Rule[]): void {
  const { kind, strategy } = table;
  eachRule(rules, `${kind.kind} update:`, (change) => strategy.validateUpdate?.(made(table, change), made(table, {})));
}

/** What is said of a new status. */
export function onStatus(table: Table, rules: readonly Rule[]): void {
  const { kind, strategy } = table;
  const check = (change: Change) => strategy.validateStatusUpdate?.(made(table, change), made(table, {}));
  eachRule(rules, `${kind.kind} status:`, check);
}

function eachRule(
  rules: readonly Rule[],
  what: string,
  check: (change: Change) => readonly FieldError[] | undefined,
): void {
  for (const [change, ...expected] of rules) {
    it(`${what} ${JSON.stringify(change)}`, () => assert.deepEqual(linesOf(check(change) ?? []), expected));
  }
}

function made({ strategy, base }: Table, change: Change): KubeObject {
  const object = changed({ metadata: { name: 'x' }, ...base }, change) as KubeObject;
  strategy.applyDefaults(object);
  return object;
}
