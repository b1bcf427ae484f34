/** Tables of validation: a good object, one change, what is said of it. */
import assert from 'node:assert/strict';
import type { FieldError } from '../../../api/errors.ts';
import type { Kind } from '../../../api/kinds.ts';
import { copyJson } from '../../../api/machinery/json.ts';
import { assignPath } from './assign-path.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';

export type Row = readonly [change: Readonly<Record<string, unknown>>, ...lines: string[]];

export interface Table {
  readonly kind: Kind;
  readonly strategy: Strategy<KubeObject>;
  /** The least that is valid; defaults are added. */
  readonly base: object;
}

const lines = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`);

/** The base with fields set by their paths (`spec.rules.0.host`); undefined takes one away. */
export function changed({ strategy, base }: Table, change: Readonly<Record<string, unknown>>): KubeObject {
  const object = copyJson({ metadata: { name: 'x' }, ...base }) as KubeObject;
  for (const [path, value] of Object.entries(change)) assignPath(object, path, value);
  strategy.applyDefaults(object);
  return object;
}

/** What is said of a new object. */
export function onCreate(table: Table, rows: readonly Row[]): void {
  it(`${table.kind.kind}: the base is good`, () => assert.deepEqual(createErrors(table, {}), []));
  for (const [change, ...wanted] of rows) {
    it(`${table.kind.kind}: ${JSON.stringify(change)}`, () => assert.deepEqual(createErrors(table, change), wanted));
  }
}

function createErrors(table: Table, change: Readonly<Record<string, unknown>>): string[] {
  const object = changed(table, change);
  const { strategy } = table;
  return lines([...strategy.validate(object), ...(strategy.validateNew?.(object) ?? [])]);
}

/** What is said of a change to the base. */
export function onUpdate(table: Table, rows: readonly Row[]): void {
  for (const [change, ...wanted] of rows) {
    it(`${table.kind.kind} update: ${JSON.stringify(change)}`, () => {
      const found = table.strategy.validateUpdate?.(changed(table, change), changed(table, {})) ?? [];
      assert.deepEqual(lines(found), wanted);
    });
  }
}

/** What is said of a new status. */
export function onStatus(table: Table, rows: readonly Row[]): void {
  for (const [change, ...wanted] of rows) {
    it(`${table.kind.kind} status: ${JSON.stringify(change)}`, () => {
      const found = table.strategy.validateStatusUpdate?.(changed(table, change), changed(table, {})) ?? [];
      assert.deepEqual(lines(found), wanted);
    });
  }
}
