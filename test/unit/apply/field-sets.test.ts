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
  union,
  without,
  type Fields,
} from '../../../api/apply/field-set.ts';
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
