import assert from 'node:assert/strict';
import { Budget } from '../../../api/cel/budget.ts';
import { environment } from '../../../api/cel/environment.ts';
import { escape } from '../../../api/cel/escape.ts';
import { compile, type Compiled } from '../../../api/cel/program.ts';
import { schemaType } from '../../../api/cel/schema-types.ts';
import { DYN, typeName } from '../../../api/cel/types.ts';

const SELF = schemaType(
  {
    type: 'object',
    properties: {
      replicas: { type: 'integer' },
      weight: { type: 'number' },
      port: { 'x-kubernetes-int-or-string': true },
      since: { type: 'string', format: 'date-time' },
      lease: { type: 'string', format: 'duration' },
      data: { type: 'string', format: 'byte' },
      'my-name': { type: 'string' },
      namespace: { type: 'string' },
      names: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      items: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'integer' } } },
      },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      any: { 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  'Widget',
  true,
);

const ENV = environment({ self: SELF ?? DYN, oldSelf: SELF ?? DYN });

function compiled(expression: string): Compiled {
  return compile(expression, ENV);
}

describe('the types of CEL expressions', () => {
  const self = {
    apiVersion: 'a/v1',
    metadata: { name: 'w', labels: { a: 'b' } },
    replicas: 2,
    weight: 3,
    port: 80,
    since: '2026-01-02T03:04:05Z',
    lease: '1h30m',
    data: 'AAE=',
    'my-name': 'm',
    namespace: 'n',
    names: ['a', 'b'],
    items: [
      { name: 'x', value: 1 },
      { name: 'y', value: 2 },
    ],
    labels: { 'a.b/c': 'd' },
    any: { deep: [1, 'a'] },
  };
  const holds = [
    'self.replicas + 1 == 3 && self.weight == 3.0 && self.weight / 2.0 == 1.5',
    'self.port == 80 || self.port == "http"',
    'type(self.port) == int && self.since.getFullYear() == 2026 && self.lease > duration("1h")',
    'self.data == b"\\x00\\x01" && self.my__dash__name == "m" && self.__namespace__ == "n"',
    'self.names == ["b", "a"] && self.names + ["a", "c"] == ["a", "b", "c"]',
    'self.items.filter(i, i.name == "x")[0].value == 1 && self.labels["a.b/c"] == "d"',
    'self.metadata.name == "w" && self.apiVersion == "a/v1" && self.any.deep[0] == 1',
    'self == oldSelf && self.items == oldSelf.items',
    'self.items.map(i, i.value).sum() == 3 && self.items.all(i, has(i.name))',
  ];
  for (const expression of holds) {
    it(expression, () => {
      const result = compiled(expression);
      assert.ok(result.ok, result.ok ? '' : result.message);
      assert.equal(typeName(result.program.type), 'bool');
      const oldSelf = { ...self, items: self.items.toReversed(), names: self.names.toReversed() };
      assert.equal(result.program.evaluate({ self, oldSelf }, new Budget()), true);
    });
  }

  it('says what is wrong and where', () => {
    const cases: [string, string][] = [
      ['self.nope == 1', "<input>:1:5: undefined field 'nope'"],
      ['self.metadata.labels.a == "b"', "undefined field 'labels'"],
      ['nope == 1', "<input>:1:1: undeclared reference to 'nope' (in container '')"],
      ['self.replicas == "1"', "found no matching overload for '_==_' applied to '(int, string)'"],
      ['self.replicas + 1.5 > 1.0', "found no matching overload for '_+_' applied to '(int, double)'"],
      ['self.replicas.startsWith("a")', "found no matching overload for 'startsWith' applied to 'int.(string)'"],
      ['nofunc(1)', "undeclared reference to 'nofunc' (in container '')"],
      ['self.replicas.all(x, x > 1)', "expression of type 'int' cannot be range of a comprehension"],
      ['[1, "a"].size() == 2', "expected type 'int' but found 'string'"],
      ['self.replicas >', "Syntax error: mismatched input '<EOF>'"],
      ['self.names.all(1, true)', 'argument must be a simple name'],
      ['"a".matches("(")', 'invalid matches argument'],
      ['timestamp("yesterday") == self.since', 'invalid timestamp argument'],
      ['duration("1 hour") == self.lease', 'invalid duration argument'],
      ['has(self)', 'invalid argument to has() macro'],
      ['"a\nb"', 'Syntax error: token recognition error'],
      [`${'('.repeat(1000)}1${')'.repeat(1000)}`, 'expression recursion limit exceeded'],
      [`${'!'.repeat(5)}for`, 'reserved identifier: for'],
    ];
    for (const [expression, message] of cases) {
      const result = compiled(expression);
      assert.ok(!result.ok, expression);
      assert.ok(result.message.includes(message), `${expression}: ${result.message}`);
    }
  });

  it('points at the place', () => {
    const result = compiled('self.replicas > 1 &&\n  self.nope');
    assert.equal(
      result.ok ? '' : result.message,
      "compilation failed: ERROR: <input>:2:7: undefined field 'nope'\n |   self.nope\n | ......^",
    );
  });

  it('tells which variables an expression uses', () => {
    const result = compiled('self.replicas >= oldSelf.replicas');
    assert.deepEqual(result.ok && [...result.program.variables], ['self', 'oldSelf']);
  });

  it('escapes names as Kubernetes does', () => {
    const cases: [string, string | undefined][] = [
      ['a.b', 'a__dot__b'],
      ['a-b/c', 'a__dash__b__slash__c'],
      ['a__b', 'a__underscores__b'],
      ['namespace', '__namespace__'],
      ['1a', undefined],
      ['a b', undefined],
    ];
    for (const [name, expected] of cases) assert.equal(escape(name), expected);
  });
});
