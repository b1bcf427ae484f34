/** Sets of fields: their algebra, and what of a value and between two values is in them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalElement, pathText } from '../../../api/apply/elements.ts';
import { compare } from '../../../api/apply/compare.ts';
import {
  contains,
  difference,
  intersection,
  LEAF,
  pathsOf,
  setOf,
  sorted,
  union,
  without,
  type Fields,
} from '../../../api/apply/field-set.ts';
import { configProblems } from '../../../api/apply/check-config.ts';
import { structuralType } from '../../../api/apply/structural-types.ts';
import { fieldsOf } from '../../../api/apply/fields-of.ts';
import { schemaTypes } from './types.ts';

const SERVICE = schemaTypes.type('io.k8s.api.core.v1.ServiceSpec');
const DEPLOYMENT = schemaTypes.type('io.k8s.api.apps.v1.Deployment');

const anySet: fc.Arbitrary<Fields> = fc
  .array(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }), { maxLength: 12 })
  .map((paths) => setOf(...paths));

function texts(set: Fields): string[] {
  return pathsOf(set)
    .map((path) => path.join('/'))
    .toSorted();
}

describe('a set of fields', () => {
  it('is a set: union, intersection and difference by the fields that are in it', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const [inA, inB] = [texts(a), texts(b)];
        assert.deepEqual(texts(union(a, b)), [...new Set([...inA, ...inB])].toSorted());
        assert.deepEqual(
          texts(intersection(a, b)),
          inA.filter((path) => inB.includes(path)),
        );
        assert.deepEqual(
          texts(difference(a, b)),
          inA.filter((path) => !inB.includes(path)),
        );
      }),
    );
  });

  it('is left as it is when nothing is taken out of it, so that nothing is written anew', () => {
    fc.assert(fc.property(anySet, (a) => assert.equal(difference(a, setOf(['elsewhere'])), a)));
  });

  it('has nothing below what was taken out with all below it', () => {
    const set = setOf(['a'], ['a', 'b'], ['a', 'b', 'c'], ['d']);
    assert.deepEqual(texts(without(set, setOf(['a', 'b']))), ['f:a', 'f:d']);
    assert.deepEqual(texts(difference(set, setOf(['a', 'b']))), ['f:a', 'f:a/f:b/f:c', 'f:d']);
  });

  it('tells a field from one that something is below', () => {
    assert.equal(contains(setOf(['a', 'b']), ['f:a']), false);
    assert.equal(contains(setOf(['a', 'b']), ['f:a', 'f:b']), true);
    assert.equal(contains(setOf(['a']), []), false);
  });
});

describe('an element of a path', () => {
  it('has one form', () => {
    assert.equal(
      canonicalElement('k:{"protocol":"TCP", "containerPort":80}'),
      'k:{"containerPort":80,"protocol":"TCP"}',
    );
    assert.equal(canonicalElement('v: "a"'), 'v:"a"');
    assert.equal(canonicalElement('f:spec'), 'f:spec');
    assert.equal(canonicalElement('x:new'), undefined);
    for (const bad of ['', 'f', 'spec', 'k:[]', 'k:{', 'v:', 'i:x']) assert.throws(() => canonicalElement(bad), bad);
  });

  it('is told as Kubernetes tells it', () => {
    const path = ['f:spec', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:x', 'v:"y"', 'i:3'];
    assert.equal(pathText(path), '.spec.ports[containerPort=80,protocol="TCP"].x[="y"][3]');
  });
});

describe('the fields of a value', () => {
  it('are its leaves, the items of its lists by their keys, and the entries of its maps', () => {
    const spec = {
      ports: [{ port: 80, name: 'web' }],
      selector: { app: 'a' },
      externalIPs: ['1.2.3.4'],
      type: 'NodePort',
    };
    assert.deepEqual(fieldsOf(SERVICE, spec), {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:name': {} } },
      'f:selector': {},
      'f:externalIPs': {},
      'f:type': {},
    });
    const metadata = { labels: { a: '1' }, finalizers: ['f/x'], annotations: {} };
    assert.deepEqual(fieldsOf(DEPLOYMENT, { metadata }), {
      'f:metadata': { 'f:labels': { 'f:a': {} }, 'f:finalizers': { 'v:"f/x"': {} }, 'f:annotations': {} },
    });
  });

  it('are one field where items have the same key', () => {
    const spec = { ports: [{ port: 80 }, { port: 80, name: 'x' }] };
    assert.deepEqual(fieldsOf(SERVICE, spec), { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': {} } });
  });

  it('of a type that nobody knows go down through maps', () => {
    const value = { a: { b: [1, { c: 2 }], d: {} } };
    assert.deepEqual(fieldsOf({ shape: 'deduced' }, value), { 'f:a': { '.': {}, 'f:b': {}, 'f:d': {} } });
  });
});

describe('the difference of two values', () => {
  it('says what came, changed and went', () => {
    const before = { type: 'ClusterIP', ports: [{ port: 80, name: 'a' }, { port: 81 }], selector: { a: '1' } };
    const after = { type: 'NodePort', ports: [{ port: 80, name: 'b' }, { port: 82 }], selector: { a: '2' } };
    assert.deepEqual(compare(SERVICE, before, after), {
      changed: {
        'f:type': {},
        'f:ports': {
          'k:{"port":80,"protocol":"TCP"}': { 'f:name': {} },
          'k:{"port":82,"protocol":"TCP"}': { '.': {}, 'f:port': {} },
        },
        'f:selector': {},
      },
      removed: { 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
    });
  });

  it('counts structs and maps that are new as fields too', () => {
    const changed = { 'f:metadata': { '.': {}, 'f:labels': { '.': {}, 'f:a': LEAF } } };
    assert.deepEqual(compare(DEPLOYMENT, {}, { metadata: { labels: { a: '1' } } }), { changed, removed: undefined });
  });

  it('takes items of the same key as one', () => {
    const one = { ports: [{ port: 80, name: 'a' }] };
    const two = {
      ports: [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
      ],
    };
    const element = 'k:{"port":80,"protocol":"TCP"}';
    assert.deepEqual(compare(SERVICE, one, two)?.changed, { 'f:ports': { [element]: {} } });
    assert.deepEqual(compare(SERVICE, two, { ports: two.ports.toReversed() })?.changed, {
      'f:ports': { [element]: {} },
    });
    assert.equal(compare(SERVICE, two, structuredClone(two)), undefined);
  });

  it('is nothing between equal values, however they are written', () => {
    const spec = { type: 'ClusterIP', ports: [{ port: 80 }], selector: { a: '1', b: '2' } };
    assert.equal(
      compare(SERVICE, spec, { selector: { b: '2', a: '1' }, ports: [{ port: 80 }], type: 'ClusterIP' }),
      undefined,
    );
  });
});

describe('the order in which a set is written', () => {
  it('is that of Kubernetes: fields, then keys, then values; numbers by their size', () => {
    const names = [
      'v:"b"',
      'k:{"port":443}',
      'f:b',
      'k:{"port":80}',
      'v:"a"',
      'f:a',
      'k:{"port":8080}',
      'k:{"name":"ab"}',
      'k:{"name":"a"}',
    ];
    const set = Object.fromEntries(names.map((name) => [name, LEAF]));
    assert.deepEqual(Object.keys(sorted({ ...set, '.': LEAF })), [
      '.',
      'f:a',
      'f:b',
      'k:{"name":"a"}',
      'k:{"name":"ab"}',
      'k:{"port":80}',
      'k:{"port":443}',
      'k:{"port":8080}',
      'v:"a"',
      'v:"b"',
    ]);
    fc.assert(
      fc.property(fc.shuffledSubarray(names), (some) => {
        const order = (list: string[]): string[] =>
          Object.keys(sorted(Object.fromEntries(list.map((name) => [name, LEAF]))));
        assert.deepEqual(order(some), order(some.toReversed()));
      }),
    );
  });
});

describe('the type of a custom resource', () => {
  const metadata = schemaTypes.type('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  const text = { type: 'string' };
  const ports = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    items: {
      type: 'object',
      properties: { containerPort: { type: 'integer' }, protocol: { ...text, default: 'TCP' }, name: text },
    },
  };
  const properties = {
    ports,
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    steps: { type: 'array', items: text },
    whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: text },
    labels: { type: 'object', additionalProperties: text },
  };
  const structural = structuralType(
    {
      type: 'object',
      properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties } },
    },
    metadata,
  );

  it('has owners where its schema says so', () => {
    const spec = {
      ports: [{ containerPort: 80, name: 'x' }],
      tags: ['a'],
      steps: ['b'],
      whole: { c: 'd' },
      labels: { e: 'f' },
      free: { g: 1 },
    };
    assert.deepEqual(fieldsOf(structural, { metadata: { finalizers: ['x/y'] }, spec }), {
      'f:metadata': { 'f:finalizers': { 'v:"x/y"': {} } },
      'f:spec': {
        'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:name': {} } },
        'f:tags': { 'v:"a"': {} },
        'f:steps': {},
        'f:whole': {},
        'f:labels': { 'f:e': {} },
        'f:free': { '.': {}, 'f:g': {} },
      },
    });
  });

  it('does not know what its schema does not declare', () => {
    assert.deepEqual(
      configProblems(structural, {
        spec: { any: 1, ports: [{ containerPort: 1, more: 2 }] },
        unknownField: 1,
        metadata: { nope: 1 },
      }),
      [
        '.spec.ports[containerPort=1,protocol="TCP"].more: field not declared in schema',
        '.unknownField: field not declared in schema',
        '.metadata.nope: field not declared in schema',
      ],
    );
  });
});
