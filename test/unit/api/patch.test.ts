import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { applyJsonPatch } from '../../../api/patch/json.ts';
import { applyMergePatch } from '../../../api/patch/merge.ts';

const rejected = (why: string): object => ({
  name: 'StatusError',
  code: 422,
  reason: 'Invalid',
  message: `the server rejected our request due to an error in our request: ${why}`,
});

describe('JSON patch', () => {
  const document = { spec: { replicas: 1, list: ['a', 'b'] }, 'a/b': { 'c~d': 1 } };
  const cases: [string, object[], unknown][] = [
    [
      'adds a field',
      [{ op: 'add', path: '/spec/x', value: null }],
      { ...document, spec: { ...document.spec, x: null } },
    ],
    [
      'inserts and appends',
      [
        { op: 'add', path: '/spec/list/1', value: 'x' },
        { op: 'add', path: '/spec/list/-', value: 'y' },
      ],
      { ...document, spec: { replicas: 1, list: ['a', 'x', 'b', 'y'] } },
    ],
    [
      'removes',
      [
        { op: 'remove', path: '/spec/list/0' },
        { op: 'remove', path: '/a~1b' },
      ],
      { spec: { replicas: 1, list: ['b'] } },
    ],
    [
      'replaces behind escapes',
      [{ op: 'replace', path: '/a~1b/c~0d', value: 2 }],
      { ...document, 'a/b': { 'c~d': 2 } },
    ],
    [
      'moves',
      [{ op: 'move', from: '/spec/replicas', path: '/n' }],
      { spec: { list: ['a', 'b'] }, 'a/b': document['a/b'], n: 1 },
    ],
    [
      'copies',
      [
        { op: 'copy', from: '/spec/list', path: '/spec/more' },
        { op: 'add', path: '/spec/more/0', value: 'z' },
      ],
      { ...document, spec: { replicas: 1, list: ['a', 'b'], more: ['z', 'a', 'b'] } },
    ],
    [
      'tests',
      [
        { op: 'test', path: '/spec/list', value: ['a', 'b'] },
        { op: 'test', path: '/nothing', value: null },
      ],
      document,
    ],
    ['replaces all', [{ op: 'replace', path: '', value: { x: 1 } }], { x: 1 }],
  ];
  for (const [name, patch, expected] of cases) {
    it(name, () => assert.deepEqual(applyJsonPatch(document, patch), expected));
  }

  const failures: [string, object, string][] = [
    [
      'a failed test',
      { op: 'test', path: '/spec/replicas', value: 2 },
      'test operation does not apply: testing value /spec/replicas failed',
    ],
    [
      'a missing path',
      { op: 'replace', path: '/spec/x', value: 2 },
      'replace operation does not apply: doc is missing path: "/spec/x": missing value',
    ],
    [
      'a missing parent',
      { op: 'add', path: '/x/y', value: 2 },
      'add operation does not apply: doc is missing path: "/x/y"',
    ],
    [
      'an index out of bounds',
      { op: 'add', path: '/spec/list/3', value: 2 },
      'add operation does not apply: unable to access invalid index: "3": invalid index referenced',
    ],
    ['an unknown operation', { op: 'twist', path: '/spec' }, 'twist operation does not apply: Unexpected kind: twist'],
    ['a bad pointer', { op: 'remove', path: 'spec' }, 'remove operation does not apply: invalid JSON pointer "spec"'],
    [
      'a move into itself',
      { op: 'move', from: '/spec', path: '/spec/x' },
      'move operation does not apply: a value cannot be moved into itself',
    ],
    [
      'what is only inherited',
      { op: 'copy', from: '/constructor', path: '/x' },
      'copy operation does not apply: doc is missing path: "/constructor": missing value',
    ],
  ];
  for (const [name, operation, why] of failures) {
    it(`refuses ${name}`, () => assert.throws(() => applyJsonPatch(document, [operation]), rejected(why)));
  }

  it('refuses what is no patch, and too long a one', () => {
    assert.throws(() => applyJsonPatch(document, {}), { code: 400 });
    assert.throws(() => applyJsonPatch(document, [{ op: 'add' }]), { code: 400 });
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: document }));
    assert.throws(() => applyJsonPatch(document, many), {
      code: 413,
      message: 'The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  it('does not let copies grow without bound', () => {
    const doubling = Array.from({ length: 60 }, (_, step) => ({ op: 'copy', from: '', path: `/c${step}` }));
    assert.throws(
      () => applyJsonPatch(document, doubling),
      rejected('copy operation does not apply: the operations copy too much'),
    );
  });

  it('keeps away from prototypes', () => {
    const patched = applyJsonPatch({}, JSON.parse('[{"op":"add","path":"/__proto__","value":{"evil":1}}]')) as object;
    assert.equal(Object.getPrototypeOf(patched), Object.prototype);
    assert.throws(() => applyJsonPatch({}, [{ op: 'add', path: '/__proto__/evil', value: 1 }]), { code: 422 });
    assert.equal(Reflect.get({}, 'evil'), undefined);
  });

  it('changes neither argument, and throws nothing but StatusErrors', () => {
    const pointer = fc
      .array(fc.constantFrom('a', 'b', '0', '1', '-', '__proto__', 'length'), { maxLength: 3 })
      .map((steps) => steps.map((step) => `/${step}`).join(''));
    const operation = fc.record(
      {
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
        path: pointer,
        from: pointer,
        value: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: ['op', 'path'] },
    );
    fc.assert(
      fc.property(small(), fc.array(operation, { maxLength: 5 }), (object, patch) =>
        unharmed(object, patch, applyJsonPatch),
      ),
    );
  });
});

describe('merge patch', () => {
  // The examples of RFC 7386, appendix A, whose outcome is an object.
  const cases: [object, object, object][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [original, patch, expected] of cases) {
    it(`${JSON.stringify(original)} with ${JSON.stringify(patch)}`, () => {
      assert.deepEqual(applyMergePatch(original, patch), expected);
    });
  }

  it('is an object', () => assert.throws(() => applyMergePatch({}, []), { code: 400 }));

  it('changes neither argument, and does the same when done twice', () => {
    fc.assert(
      fc.property(small(), small(), (object, patch) => {
        unharmed(object, patch, applyMergePatch);
        const once = applyMergePatch(object, patch);
        assert.deepEqual(applyMergePatch(once, patch), once);
      }),
    );
  });
});

function small(): fc.Arbitrary<object> {
  return fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.jsonValue({ maxDepth: 2 }), {
    noNullPrototype: true,
  });
}

function unharmed(object: object, patch: object, apply: (object: object, patch: unknown) => unknown): void {
  const before = [JSON.stringify(object), JSON.stringify(patch)];
  try {
    apply(object, patch);
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
  }
  assert.deepEqual([JSON.stringify(object), JSON.stringify(patch)], before);
}
