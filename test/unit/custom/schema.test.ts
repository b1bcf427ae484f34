import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NONE } from '../../../api/custom/correlate.ts';
import { compareVersions } from '../../../api/custom/definition.ts';
import { defaulted } from '../../../api/custom/defaults.ts';
import { hasFormat } from '../../../api/custom/formats.ts';
import { validateListTypes } from '../../../api/custom/list-types.ts';
import { pruned } from '../../../api/custom/prune.ts';
import { SchemaRules } from '../../../api/custom/rules.ts';
import type { JsonObject, Schema } from '../../../api/custom/schema.ts';
import { SchemaValidator } from '../../../api/custom/validate.ts';
import { copyJson } from '../../../api/machinery/json.ts';

const NAMES = ['a', 'b', 'c', '__proto__', 'constructor'];

const schemas: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Schema>(
      { type: 'string', default: 'x' },
      { type: 'integer', default: 3, nullable: true },
      { type: 'boolean' },
      { 'x-kubernetes-preserve-unknown-fields': true },
    ),
    fc
      .dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 4, noNullPrototype: true })
      .map((properties): Schema => ({ type: 'object', properties })),
    fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }) as fc.Arbitrary<Schema>,
    fc.record({ type: fc.constant('array'), items: tie('schema') }) as fc.Arbitrary<Schema>,
    fc
      .dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 3, noNullPrototype: true })
      .map((properties): Schema => ({ type: 'object', default: {}, properties })),
  ),
})).schema;

const objects = fc.dictionary(fc.constantFrom(...NAMES), fc.jsonValue({ maxDepth: 3 }), {
  maxKeys: 4,
}) as fc.Arbitrary<JsonObject>;

describe('structural schemas', () => {
  it('prune once and for all, and change nothing else', () => {
    fc.assert(
      fc.property(objects, schemas, (value, schema) => {
        const before = JSON.stringify(value);
        const once = pruned(value, schema);
        assert.equal(pruned(once, schema), once);
        assert.equal(JSON.stringify(value), before);
      }),
    );
  });

  it('default once and for all, and change nothing that was given', () => {
    fc.assert(
      fc.property(objects, schemas, (value, schema) => {
        const before = JSON.stringify(value);
        const once = defaulted(value, schema);
        assert.equal(JSON.stringify(defaulted(copyJson(once), schema)), JSON.stringify(once));
        assert.equal(JSON.stringify(value), before);
      }),
    );
  });

  it('drop nulls where none may be, unless there is a default', () => {
    const schema: Schema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string', default: 'd' }, c: { type: 'string', nullable: true } },
    };
    assert.deepEqual(defaulted({ a: null, b: null, c: null }, schema), { b: 'd', c: null });
  });

  it('leave alone what is in lists of anything', () => {
    const open: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
    const value = { any: [{ a: 1 }], some: [{ a: 1, b: 2 }], none: [{ a: 1 }] };
    const items: Schema = { type: 'object', properties: { a: { type: 'object' } } };
    const schema: Schema = {
      type: 'object',
      properties: { any: open, some: { ...open, items }, none: { type: 'array', items: { type: 'object' } } },
    };
    assert.deepEqual(pruned(value, schema), { ...value, none: [{}] });
  });

  it('name what they leave out', () => {
    const schema: Schema = {
      type: 'object',
      properties: { list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } } },
    };
    const unknown: string[] = [];
    const value = pruned({ metadata: { any: 1 }, list: [{ a: 'x' }, { b: 1 }], more: {} }, schema, unknown);
    assert.deepEqual(value, { metadata: { any: 1 }, list: [{ a: 'x' }, {}] });
    assert.deepEqual(unknown, ['list[1].b', 'more']);
  });

  const cases: [string, Schema, unknown, string[]][] = [
    [
      'a type',
      { type: 'integer' },
      'x',
      ['spec: Invalid value: "string": spec in body must be of type integer: "string"'],
    ],
    ['null', { type: 'string' }, null, ['spec: Invalid value: "null": spec in body must be of type string: "null"']],
    ['whole numbers as numbers', { type: 'number' }, 1, []],
    [
      'int-or-string',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"'],
    ],
    [
      'a minimum',
      { type: 'integer', minimum: 0 },
      -1,
      ['spec: Invalid value: -1: spec in body should be greater than or equal to 0'],
    ],
    [
      'an exclusive maximum',
      { type: 'number', maximum: 2, exclusiveMaximum: true },
      2,
      ['spec: Invalid value: 2: spec in body should be less than 2'],
    ],
    ['a multiple', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      'characters, not bytes',
      { type: 'string', maxLength: 2 },
      'äöü',
      ['spec: Too long: may not be more than 2 bytes'],
    ],
    [
      'a pattern',
      { type: 'string', pattern: '^a+$' },
      'b',
      ['spec: Invalid value: "b": spec in body should match \'^a+$\''],
    ],
    [
      'a format',
      { type: 'string', format: 'ipv4' },
      'x',
      ['spec: Invalid value: "x": spec in body must be of type ipv4: "x"'],
    ],
    ['unknown formats', { type: 'string', format: 'nonsense' }, 'x', []],
    [
      'too many items',
      { type: 'array', maxItems: 1, items: { type: 'string' } },
      ['a', 'b'],
      ['spec: Too many: 2: must have at most 1 items'],
    ],
    ['required fields', { type: 'object', required: ['a'] }, {}, ['spec.a: Required value']],
    [
      'any of',
      { type: 'string', anyOf: [{ enum: ['a'] }, { enum: ['b'] }] },
      'c',
      [
        '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
        'spec: Unsupported value: "c": supported values: "a"',
      ],
    ],
    [
      'one of',
      { type: 'integer', oneOf: [{ minimum: 1 }, { maximum: 9 }] },
      5,
      ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
  ];
  for (const [what, schema, value, expected] of cases) {
    it(`check ${what}`, () => {
      const errors = new SchemaValidator({ type: 'object', properties: { spec: schema } }).validate(
        { spec: value },
        NONE,
      );
      assert.deepEqual(
        errors.map(({ field, message }) => `${field}: ${message}`),
        expected,
      );
    });
  }

  it('take no longer for a pattern than its text is long', () => {
    const validator = new SchemaValidator({ type: 'string', pattern: '^(a+)+$' });
    assert.equal(validator.validate(`${'a'.repeat(5000)}b`, NONE).length, 1);
  });

  it('tolerate what was wrong before, in keyed lists item by item', () => {
    const schema: Schema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: { type: 'string' }, n: { type: 'integer' } } },
    };
    const former = [
      { k: 'a', n: 'wrong' },
      { k: 'b', n: 1 },
    ];
    const next = [
      { k: 'b', n: 2 },
      { k: 'a', n: 'wrong' },
    ];
    const validator = new SchemaValidator(schema);
    assert.equal(validator.validate(next, former).length, 0);
    assert.equal(validator.validate(next, NONE).length, 1);
  });

  it('hold nothing twice in sets', () => {
    const schema: Schema = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } };
    assert.deepEqual(
      validateListTypes(['a', 'b', 'a', 'a'], schema, 'spec.set').map(({ field, message }) => [field, message]),
      [['spec.set[2]', 'Duplicate value: "a"']],
    );
  });

  it('know formats', () => {
    const good = {
      uuid: '123e4567-e89b-12d3-a456-426614174000',
      cidr: '10.0.0.0/8',
      date: '2024-02-29',
      isbn: '0321751043',
      mac: '01:23:45:67:89:ab',
      duration: '1h3m',
    };
    const bad = {
      uuid: 'x',
      cidr: '10.0.0.0/33',
      date: '2023-02-29',
      isbn: '0321751044',
      mac: '01-23',
      duration: 'soon',
    };
    for (const [format, text] of Object.entries(good)) assert.ok(hasFormat(text, format), format);
    for (const [format, text] of Object.entries(bad)) assert.ok(!hasFormat(text, format), format);
  });

  it('ask the rules of new list items without a past, and stop when the budget is spent', () => {
    const rules = (rule: string): SchemaRules =>
      SchemaRules.of({
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'integer' }, 'x-kubernetes-validations': [{ rule }] },
        },
      })!;
    const list = Array.from({ length: 3000 }, (_, index) => index);
    assert.deepEqual(
      rules('self.size() < 2')
        .validate({ list: [1, 2] }, NONE)
        .map(({ field, message }) => [field, message]),
      [['list', 'Invalid value: failed rule: self.size() < 2']],
    );
    const [error] = rules('self.all(a, self.all(b, a + b >= 0))').validate({ list }, NONE);
    assert.match(error!.message, /call cost exceeds limit/);
    assert.deepEqual(rules('self.size() >= oldSelf.size()').validate({ list: [] }, NONE), []);
  });
});

describe('names of versions', () => {
  it('stand in the order of their stability and age', () => {
    const names = ['v1', 'foo10', 'v10', 'v2', 'v11alpha2', 'v3beta1', 'v12alpha1', 'v11beta2', 'foo1', 'v10beta3'];
    const sorted = ['v10', 'v2', 'v1', 'v11beta2', 'v10beta3', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10'];
    assert.deepEqual(names.toSorted(compareVersions), sorted);
  });
});
