import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { StrategicMerge } from '../../../api/patch/strategic.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';

const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const DEPLOYMENT_SPEC = 'io.k8s.api.apps.v1.DeploymentSpec';
const merge = new StrategicMerge({ table: loadSchemaTable() });

interface Case {
  name: string;
  type: string;
  original: object;
  patch: object;
  result: object;
}

const containers = (...items: (object | string)[]): object => ({
  containers: items.map((item) => (typeof item === 'string' ? { name: item } : item)),
});

const cases: Case[] = [
  {
    name: 'sets, adds and deletes fields',
    type: META,
    original: { name: 'a', labels: { x: '1', y: '2' } },
    patch: { labels: { x: null, z: '3' }, annotations: { n: '1', gone: null } },
    result: { name: 'a', labels: { y: '2', z: '3' }, annotations: { n: '1' } },
  },
  {
    name: 'merges elements by their key and puts new ones first, as the patch has them',
    type: POD_SPEC,
    original: containers({ name: 'a', image: '1' }, 'b'),
    patch: containers(
      { name: 'a', image: '2' },
      { name: 'c', image: '3', env: [{ name: 'X', value: '1', $patch: 'delete' }] },
    ),
    result: containers({ name: 'a', image: '2' }, { name: 'c', image: '3', env: [] }, 'b'),
  },
  {
    name: 'merges lists within elements of lists',
    type: POD_SPEC,
    original: containers({
      name: 'a',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
    }),
    patch: containers({
      name: 'a',
      env: [
        { name: 'Y', value: '3' },
        { name: 'X', $patch: 'delete' },
      ],
    }),
    result: containers({ name: 'a', env: [{ name: 'Y', value: '3' }] }),
  },
  {
    name: 'replaces lists that have no strategy',
    type: POD_SPEC,
    original: { ...containers({ name: 'a', command: ['x', 'y'] }), tolerations: [{ key: 'a' }] },
    patch: { ...containers({ name: 'a', command: ['z'] }), tolerations: [{ key: 'b' }] },
    result: { ...containers({ name: 'a', command: ['z'] }), tolerations: [{ key: 'b' }] },
  },
  {
    name: 'deletes an element that is not there',
    type: POD_SPEC,
    original: containers('a'),
    patch: containers({ name: 'z', $patch: 'delete' }),
    result: containers('a'),
  },
  {
    name: 'replaces a list when told to',
    type: POD_SPEC,
    original: containers('a', 'b'),
    patch: containers('c', { $patch: 'replace' }),
    result: containers('c'),
  },
  {
    name: 'replaces and empties maps when told to',
    type: POD_SPEC,
    original: { nodeSelector: { a: '1', b: '2' }, securityContext: { runAsUser: 1 } },
    patch: { nodeSelector: { $patch: 'replace', c: '3' }, securityContext: { $patch: 'delete' } },
    result: { nodeSelector: { c: '3' }, securityContext: {} },
  },
  {
    name: 'puts elements in the given order, and others where they were among them',
    type: POD_SPEC,
    original: containers('a', 'server', 'b', 'c'),
    patch: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], ...containers({ name: 'b', image: '2' }) },
    result: containers('server', { name: 'b', image: '2' }, 'a', 'c'),
  },
  {
    name: 'only reorders when the patch has no list',
    type: POD_SPEC,
    original: containers('a', 'b', 'c'),
    patch: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] },
    result: containers('b', 'c', 'a'),
  },
  {
    name: 'orders what it merges and adds',
    type: POD_SPEC,
    original: containers('a', 'x', 'b'),
    patch: {
      '$setElementOrder/containers': [{ name: 'new' }, { name: 'b' }, { name: 'a' }],
      ...containers({ name: 'new' }, { name: 'b', image: '2' }, { name: 'x', $patch: 'delete' }),
    },
    result: containers('new', { name: 'b', image: '2' }, 'a'),
  },
  {
    name: 'merges lists of primitives without doubles',
    type: META,
    original: { finalizers: ['a', 'b'] },
    patch: { finalizers: ['c', 'a'] },
    result: { finalizers: ['c', 'a', 'b'] },
  },
  {
    name: 'deletes from lists of primitives',
    type: META,
    original: { finalizers: ['a', 'b', 'c'] },
    patch: {
      '$deleteFromPrimitiveList/finalizers': ['b', 'z'],
      '$setElementOrder/finalizers': ['c', 'a', 'd'],
      finalizers: ['d'],
    },
    result: { finalizers: ['c', 'a', 'd'] },
  },
  {
    name: 'keeps only the named members of a union',
    type: DEPLOYMENT_SPEC,
    original: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
    patch: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
    result: { strategy: { type: 'Recreate' } },
  },
  {
    name: 'keeps only the named members within a list of unions',
    type: POD_SPEC,
    original: {
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'w', emptyDir: {} },
      ],
    },
    patch: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] },
    result: {
      volumes: [
        { name: 'v', hostPath: { path: '/x' } },
        { name: 'w', emptyDir: {} },
      ],
    },
  },
  {
    name: 'takes a list that was not there without its directives',
    type: POD_SPEC,
    original: {},
    patch: {
      '$setElementOrder/containers': [{ name: 'a' }],
      ...containers({ name: 'a', image: null, '$setElementOrder/env': [] }, { name: 'b', $patch: 'delete' }),
    },
    result: containers('a'),
  },
  {
    name: 'replaces a value of another type',
    type: POD_SPEC,
    original: { nodeName: 'a' },
    patch: { nodeName: { x: null, y: 1 } },
    result: { nodeName: { y: 1 } },
  },
  {
    name: 'uses the key that the type declares',
    type: 'io.k8s.api.core.v1.ServiceSpec',
    original: { ports: [{ port: 80, targetPort: 1 }, { port: 81 }] },
    patch: { ports: [{ port: 80, targetPort: 2 }] },
    result: { ports: [{ port: 80, targetPort: 2 }, { port: 81 }] },
  },
];

describe('strategic merge patch', () => {
  for (const { name, type, original, patch, result } of cases) {
    it(name, () => assert.deepEqual(merge.apply(type, original, patch), result));
  }

  const refused: [string, string, object, object, RegExp][] = [
    [
      'an element without its key',
      POD_SPEC,
      containers('a'),
      { containers: [{ image: 'x' }] },
      /does not contain declared merge key: name/,
    ],
    ['an unknown directive', POD_SPEC, containers('a'), { $patch: 'twist' }, /unknown patch type: "twist"/],
    [
      'an unknown directive in a list',
      POD_SPEC,
      containers('a'),
      containers({ name: 'a', $patch: 'twist' }),
      /unknown patch type: "twist"/,
    ],
    [
      'a merge directive in a list',
      POD_SPEC,
      containers('a'),
      containers({ name: 'a', $patch: 'merge' }),
      /merging lists cannot yet be specified/,
    ],
    ['mixed elements', META, { finalizers: ['a'] }, { finalizers: [1] }, /list element types are not identical/],
    ['lists of lists', META, { finalizers: ['a'] }, { finalizers: [['a']] }, /lists of lists are not supported/],
    [
      'an order that is no list',
      POD_SPEC,
      containers('a'),
      { '$setElementOrder/containers': 'a' },
      /invalid patch format of setElementOrder list/,
    ],
    [
      'an order without an element of the patch',
      POD_SPEC,
      containers('a'),
      { '$setElementOrder/containers': [{ name: 'a' }], ...containers('b') },
      /order in patch list doesn't match/,
    ],
    [
      'an order for an unknown field',
      POD_SPEC,
      containers('a'),
      { '$setElementOrder/foo': ['a'] },
      /unable to find api field/,
    ],
    [
      'retained keys that miss one of the patch',
      DEPLOYMENT_SPEC,
      { strategy: {} },
      { strategy: { $retainKeys: ['x'], type: 'y' } },
      /invalid patch format of retainKeys/,
    ],
    [
      'deletions that are no list',
      META,
      { finalizers: ['a'] },
      { '$deleteFromPrimitiveList/finalizers': 'a' },
      /invalid patch format of primitive list/,
    ],
  ];
  for (const [name, type, original, patch, message] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => merge.apply(type, original, patch),
        (error) => {
          assert.ok(error instanceof StatusError);
          assert.equal(error.code, 400);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  const container = fc.record(
    {
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      image: fc.constantFrom('1', '2', null),
      $patch: fc.constantFrom('delete', 'replace'),
    },
    { requiredKeys: ['name'], noNullPrototype: true },
  );
  const spec = fc.record(
    {
      containers: fc.uniqueArray(container, { selector: ({ name }) => name }),
      nodeSelector: fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), fc.constantFrom('1', null), {
        noNullPrototype: true,
      }),
      hostAliases: fc.jsonValue({ maxDepth: 2 }),
      '$setElementOrder/containers': fc.subarray([{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }]),
      $retainKeys: fc.subarray(['containers', 'nodeSelector', 'hostAliases']),
    },
    { requiredKeys: [], noNullPrototype: true },
  );

  it('changes neither argument, leaves no directive, and throws nothing but StatusErrors', () => {
    fc.assert(
      fc.property(spec, spec, (first, patch) => {
        const original = attempt(() => merge.apply(POD_SPEC, {}, first)) ?? {};
        const before = [JSON.stringify(original), JSON.stringify(patch)];
        const patched = attempt(() => merge.apply(POD_SPEC, original, patch));
        assert.deepEqual([JSON.stringify(original), JSON.stringify(patch)], before);
        assert.ok(patched === undefined || !JSON.stringify({ ...patched, hostAliases: 0 }).includes('$'));
      }),
    );
  });

  it('does the same when done twice', () => {
    const plain = fc.record({
      containers: fc.uniqueArray(
        fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.constantFrom('1', '2') }),
        { selector: ({ name }) => name },
      ),
    });
    fc.assert(
      fc.property(plain, plain, (original, patch) => {
        const once = merge.apply(POD_SPEC, original, patch);
        assert.deepEqual(merge.apply(POD_SPEC, once, patch), once);
      }),
    );
  });
});

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return undefined;
  }
}
