/** Whatever a decoder lets through (right types, anything missing), defaults and validation answer and never throw. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { copyJson } from '../../../api/machinery/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import { cellsOf } from '../../../api/printing/table.ts';
import type { ServiceAllocator } from '../../../control-plane/registry/allocation/service-allocator.ts';
import { strategiesOf } from '../../../control-plane/registry/strategies/all.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';
import { sequence } from '../registry/harness.ts';

interface Shape {
  type?: string;
  ref?: string;
  list?: Shape;
  map?: Shape;
}

interface Field extends Shape {
  name: string;
  inline?: boolean;
}
const table = JSON.parse(
  readFileSync(new URL('../../../api/schema/kubernetes-v1.35.json', import.meta.url), 'utf8'),
) as {
  types: Record<string, { fields: Field[] }>;
  special: Record<string, unknown>;
};
const TEXTS = [
  '',
  'a',
  'A b',
  '10.0.0.1',
  '../x',
  '25%',
  '100m',
  '-1Gi',
  'x/y',
  'TCP',
  'Always',
  'In',
  'Exists',
  '-',
  'ü',
];
const NUMBERS = [0, 1, -1, 80, 70_000, 2 ** 31];
const MAX_DEPTH = 9;

type Pick = (bound: number) => number;

function valueOf({ list, map, ...shape }: Shape, pick: Pick, depth: number): unknown {
  if (list) return Array.from({ length: pick(3) }, () => valueOf(list, pick, depth));
  if (map) return Object.fromEntries(Array.from({ length: pick(3) }, () => [text(pick), valueOf(map, pick, depth)]));
  return scalarOrObject(shape, pick, depth);
}

function text(pick: Pick): string {
  return TEXTS[pick(TEXTS.length)] ?? '';
}

function scalarOrObject({ type = '', ref = '' }: Shape, pick: Pick, depth: number): unknown {
  if (ref in table.types && !(ref in table.special)) return objectOf(ref, pick, depth + 1);
  if (ref.endsWith('.Time') || ref.endsWith('.MicroTime')) return '2026-01-01T00:00:00Z';
  if (ref.endsWith('.IntOrString')) return pick(2) ? NUMBERS[pick(NUMBERS.length)] : text(pick);
  if (/bool/.test(type)) return pick(2) === 1;
  if (/int|double/.test(type)) return NUMBERS[pick(NUMBERS.length)];
  if (ref.endsWith('.FieldsV1') || ref.endsWith('.RawExtension')) return {};
  return text(pick);
}

function objectOf(name: string, pick: Pick, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of table.types[name]?.fields ?? []) {
    if (field.inline && field.ref) Object.assign(result, objectOf(field.ref, pick, depth));
    else if (depth < MAX_DEPTH && pick(2) === 0) result[field.name] = valueOf(field, pick, depth);
  }
  return result;
}

describe('validation: whatever decodes', () => {
  const strategies = strategiesOf({} as ServiceAllocator) as unknown as Record<string, Strategy<KubeObject>>;
  for (const [plural, kind] of Object.entries(kinds) as [string, Kind][]) {
    it(`${plural} are judged, not stumbled over`, () => {
      const strategy = strategies[plural]!;
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const pick = sequence(seed);
          const make = (): KubeObject => {
            const object = { metadata: { name: 'x' }, ...objectOf(kind.schema, pick, 0) } as KubeObject;
            strategy.applyDefaults(object);
            return object;
          };
          const object = make();
          const once = JSON.stringify(object);
          strategy.applyDefaults(object);
          assert.equal(JSON.stringify(object), once, 'defaults of defaults');
          const errors = strategy.validate(object);
          assert.ok(errors.every(({ field, message }) => typeof field === 'string' && message !== ''));
          const other = make();
          strategy.prepareForCreate?.(object);
          if (errors.length === 0) {
            strategy.completeNew?.(object);
            cellsOf(kind, object, new Date());
          }
          strategy.prepareForUpdate?.(other, copyJson(object));
          strategy.validate(other);
          if (errors.length === 0) strategy.validateUpdate?.(other, object);
          const status = { ...object, status: (other as { status?: unknown }).status ?? {} };
          strategy.validateStatusUpdate?.(status, object);
        }),
        { numRuns: 300 },
      );
    });
  }
});
