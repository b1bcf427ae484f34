/** What holds for whoever applies whatever, in whatever order. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { compare } from '../../../api/apply/compare.ts';
import { entriesOf, parseEntries } from '../../../api/apply/entries.ts';
import {
  contains,
  difference,
  isMember,
  pathsOf,
  setOf,
  union,
  type Fields,
  type FieldSet,
} from '../../../api/apply/field-set.ts';
import { fieldsOf } from '../../../api/apply/fields-of.ts';
import type { KubeObject } from '../../../api/object.ts';
import { managerOf, schemaTypes } from './types.ts';

const pods = managerOf(kinds.pods, ['metadata.ownerReferences']);
const POD = schemaTypes.type(kinds.pods.schema);

/** `least` is how much there must be in each list and map. */
function configs(least: 0 | 1): fc.Arbitrary<KubeObject> {
  const container = fc.record(
    {
      name: fc.constantFrom('a', 'b', 'c'),
      image: fc.constantFrom('x:1', 'x:2'),
      command: fc.array(fc.constantFrom('run', 'it'), { minLength: least, maxLength: 2 }),
      env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B'), value: fc.constantFrom('1', '2') }), {
        minLength: least,
        selector: ({ name }) => name,
      }),
      ports: fc.uniqueArray(fc.record({ containerPort: fc.constantFrom(80, 443) }), {
        minLength: least,
        selector: ({ containerPort }) => containerPort,
      }),
      securityContext: fc.record({ privileged: fc.boolean() }, least ? {} : { requiredKeys: [] }),
    },
    { requiredKeys: ['name'] },
  );
  const spec = fc.record(
    {
      containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: least, maxLength: 3 }),
      hostname: fc.constantFrom('h1', 'h2'),
      nodeSelector: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('1', '2'), { minKeys: least, maxKeys: 2 }),
      tolerations: fc.array(fc.record({ key: fc.constantFrom('t', 'u') }), { minLength: least, maxLength: 2 }),
    },
    { requiredKeys: ['containers'] },
  );
  const keys = fc.constantFrom('a', 'b', '__proto__');
  const labels = fc.dictionary(keys, fc.constantFrom('1', '2'), { minKeys: least, maxKeys: 3, noNullPrototype: true });
  const finalizers = fc.uniqueArray(fc.constantFrom('x/a', 'x/b', 'x/c'), { minLength: least });
  const metadata = fc.record({ labels, finalizers }, { requiredKeys: [] });
  return fc
    .record({ spec, metadata })
    .map((parts) => pod({ spec: parts.spec, metadata: { name: 'p', ...parts.metadata } }));
}

const manager = fc.constantFrom('one', 'two', 'three');
interface Step {
  how: 'apply' | 'force' | 'update';
  manager: string;
  config: KubeObject;
}

function histories(config: fc.Arbitrary<KubeObject>): fc.Arbitrary<Step[]> {
  const how = fc.constantFrom('apply' as const, 'force' as const, 'update' as const);
  return fc.array(fc.record({ how, manager, config }), { maxLength: 6 });
}

const config = configs(0);
const history = histories(config);

function pod(fields: object): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', ...fields } as KubeObject;
}

let second = 0;

function now(): string {
  second += 1;
  return new Date(second * 1000).toISOString().replace('.000', '');
}

function applied(live: KubeObject | undefined, by: string, wanted: KubeObject, force: boolean): KubeObject {
  return pods.applied(live, wanted, { manager: by, force, now: now() });
}

/** As it is after all steps; an apply that conflicts leaves it as it is. */
function play(steps: readonly Step[]): KubeObject | undefined {
  let live: KubeObject | undefined;
  for (const { how, manager: by, config: wanted } of steps) {
    if (how === 'update') live = updated(live, by, wanted);
    else live = orSame(live, () => applied(live, by, wanted, how === 'force'));
  }
  return live;
}

function updated(live: KubeObject | undefined, by: string, wanted: KubeObject): KubeObject {
  const next = schemaTypes.of(kinds.pods).decode({ ...wanted, metadata: { ...wanted.metadata } });
  if (live?.metadata.managedFields) next.metadata.managedFields = live.metadata.managedFields;
  else delete next.metadata.managedFields;
  const managedFields = pods.updated(live, next, { manager: by, now: now() });
  if (managedFields) next.metadata.managedFields = managedFields;
  return next;
}

function orSame(live: KubeObject | undefined, act: () => KubeObject): KubeObject | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'Conflict') return live;
    throw error;
  }
}

function unmanaged(object: KubeObject): object {
  const { managedFields: _entries, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function owned(object: KubeObject | undefined): Fields {
  return entriesOf(object?.metadata.managedFields).reduce<Fields>((all, { fields }) => union(all, fields), undefined);
}

/** Without facts of the object, which nobody owns. */
const FACTS = setOf(['apiVersion'], ['kind'], ['metadata', 'name']);

function runs(property: fc.IProperty<[Step[], string, KubeObject]>): void {
  fc.assert(property, { numRuns: 300 });
}

describe('whoever applies', () => {
  it('finds there what he applied, and is its owner', () => {
    runs(
      fc.property(history, manager, config, (steps, by, wanted) => {
        const live = applied(play(steps), by, wanted, true);
        const fields = difference(fieldsOf(POD, wanted), FACTS);
        const entry = entriesOf(live.metadata.managedFields).find(
          ({ manager: name, operation }) => name === by && operation === 'Apply',
        );
        assert.deepEqual(entry?.fields, fields);
        const decoded = schemaTypes.of(kinds.pods).decode(wanted);
        const lost = compare(POD, unmanaged(live), decoded)?.changed;
        // The order of items and what an empty struct or list is are nobody's.
        for (const path of pathsOf(fields)) assert.ok(!contains(lost, path), path.join(' '));
      }),
    );
  });

  it('changes nothing when he applies it again', () => {
    runs(
      fc.property(history, manager, config, (steps, by, wanted) => {
        const once = applied(play(steps), by, wanted, true);
        assert.deepEqual(applied(once, by, wanted, false), once);
      }),
    );
  });

  it('takes nothing away but what he alone owned', () => {
    runs(
      fc.property(history, manager, config, (steps, by, wanted) => {
        const before = play(steps);
        if (before === undefined) return;
        const after = orSame(before, () => applied(before, by, wanted, false))!;
        const mine = entriesOf(before.metadata.managedFields).find(
          ({ manager: name, operation }) => name === by && operation === 'Apply',
        )?.fields;
        const others = entriesOf(before.metadata.managedFields)
          .filter(({ manager: name, operation }) => !(name === by && operation === 'Apply'))
          .reduce<Fields>((all, { fields }) => union(all, fields), undefined);
        const removed = compare(POD, unmanaged(before), unmanaged(after))?.removed;
        // With an item that nobody else has goes all that is in it, whoever set that.
        const gone = difference(mine, others);
        const paths = pathsOf(removed);
        for (const path of paths) {
          // A list or map that is emptied is gone as well, whoever else once began it.
          if (paths.some((other) => other.length > path.length && path.every((step, at) => step === other[at])))
            continue;
          assert.ok(!contains(others, path) || isBelow(gone, path), `somebody else has ${path.join(' ')}`);
          assert.ok(isWithin(mine, path), `${path.join(' ')} was nobody's`);
        }
      }),
    );
  });

  it('conflicts with who took it by force since', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const mine = pod({ metadata: { name: 'p', labels: { a: 'mine' } } });
        const theirs = pod({ metadata: { name: 'p', labels: { a: 'theirs' } } });
        const live = applied(applied(play(steps), 'one', mine, true), 'two', theirs, true);
        assert.throws(() => applied(live, 'one', mine, false), /conflict with "two": \.metadata\.labels\.a/);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the entries of an object', () => {
  it('survive being written and read', () => {
    runs(
      fc.property(history, manager, config, (steps, by, wanted) => {
        const entries = applied(play(steps), by, wanted, true).metadata.managedFields ?? [];
        const read = parseEntries(JSON.parse(JSON.stringify(entries)) as typeof entries);
        assert.deepEqual(read, entriesOf(entries));
        assert.equal(
          JSON.stringify(read?.map(({ fields }) => fields)),
          JSON.stringify(entries.map(({ fieldsV1 }) => fieldsV1)),
        );
      }),
    );
  });

  it('name nothing that is not there', () => {
    const full = configs(1);
    runs(
      fc.property(histories(full), manager, full, (steps, by, wanted) => {
        const live = applied(play(steps), by, wanted, true);
        const there = everyPath(live);
        for (const path of pathsOf(owned(live))) assert.ok(there.has(path.join(' ')), path.join(' '));
      }),
    );
  });
});

function everyPath(live: KubeObject): Set<string> {
  return new Set(pathsOf(compare(POD, {}, unmanaged(live))?.changed).map((path) => path.join(' ')));
}

/** It, something above or something below it. */
function isWithin(set: Fields, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const [depth, element] of path.entries()) {
    if (node === undefined) return false;
    if (depth > 0 && isMember(node)) return true;
    node = node[element];
  }
  return node !== undefined;
}

function isBelow(set: Fields, path: readonly string[]): boolean {
  return path.some((_element, depth) => contains(set, path.slice(0, depth)));
}
