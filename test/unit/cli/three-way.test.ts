import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyMergePatch } from '../../../api/patch/merge.ts';
import { StrategicMerge } from '../../../api/patch/strategic.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import { LAST_APPLIED, withLastApplied } from '../../../cli/apply/last-applied.ts';
import { SchemaRules } from '../../../cli/apply/rules.ts';
import { threeWayPatch } from '../../../cli/apply/three-way.ts';

const rules = new SchemaRules();
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';

describe('three-way patch', () => {
  it('changes what was changed, and leaves alone what others set', () => {
    const patch = threeWayPatch(
      {
        original: { spec: { replicas: 1 } },
        modified: { spec: { replicas: 2 } },
        current: { spec: { replicas: 1, paused: true } },
      },
      DEPLOYMENT,
      rules,
    );
    assert.deepEqual(patch, { spec: { replicas: 2 } });
  });

  it('takes away what was applied and is no longer there', () => {
    const original = { metadata: { labels: { a: '1', b: '2' } } };
    const modified = { metadata: { labels: { a: '1' } } };
    const current = { metadata: { labels: { a: '1', b: '2', c: '3' } } };
    assert.deepEqual(threeWayPatch({ original, modified, current }, DEPLOYMENT, rules), {
      metadata: { labels: { b: null } },
    });
  });

  it('merges containers by name and tells their order', () => {
    const original = {
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
      ],
    };
    const modified = { containers: [{ name: 'a', image: '2' }] };
    const current = {
      containers: [
        { name: 'a', image: '1', tty: true },
        { name: 'b', image: '1' },
        { name: 'injected', image: 'i' },
      ],
    };
    assert.deepEqual(threeWayPatch({ original, modified, current }, POD_SPEC, rules), {
      containers: [
        { image: '2', name: 'a' },
        { $patch: 'delete', name: 'b' },
      ],
      '$setElementOrder/containers': [{ name: 'a' }],
    });
  });

  it('is empty when nothing is to be done', () => {
    const modified = { spec: { replicas: 2, template: { spec: { containers: [{ name: 'a', image: 'x' }] } } } };
    const current = {
      spec: { replicas: 2, paused: false, template: { spec: { containers: [{ name: 'a', image: 'x', tty: false }] } } },
    };
    assert.deepEqual(threeWayPatch({ original: modified, modified, current }, DEPLOYMENT, rules), {});
  });

  it('drops the fields of the other strategy', () => {
    const original = { spec: { strategy: { type: 'RollingUpdate' } } };
    const modified = { spec: { strategy: { type: 'Recreate' } } };
    const current = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    assert.deepEqual(threeWayPatch({ original, modified, current }, DEPLOYMENT, rules), {
      spec: { strategy: { type: 'Recreate', $retainKeys: ['type'] } },
    });
  });

  // Through JSON: what fast-check makes has no prototype.
  const spec = fc
    .record(
      {
        replicas: fc.nat(3),
        paused: fc.boolean(),
        template: fc.record({
          spec: fc.record({
            containers: fc.uniqueArray(
              fc.record({ name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('1', '2') }),
              { selector: ({ name }) => name },
            ),
            nodeSelector: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('v', 'w')),
          }),
        }),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.parse(JSON.stringify(value)) as object);

  it('makes the object what was applied, whatever was applied before', () => {
    const strategic = new StrategicMerge({ table: loadSchemaTable() });
    fc.assert(
      fc.property(spec, spec, (before, after) => {
        const [original, modified] = [{ spec: before }, { spec: after }];
        const patch = threeWayPatch({ original, modified, current: original }, DEPLOYMENT, rules);
        assert.deepEqual(strategic.apply(DEPLOYMENT, original, patch), modified);
      }),
    );
  });

  it('does the same as a merge patch for types that are not known', () => {
    fc.assert(
      fc.property(spec, spec, (before, after) => {
        const [original, modified] = [{ spec: before }, { spec: after }];
        const patch = threeWayPatch({ original, modified, current: original }, undefined, rules);
        assert.deepEqual(applyMergePatch(original, patch), modified);
      }),
    );
  });

  it('writes the annotation as kubectl does', () => {
    const applied = withLastApplied({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'x', annotations: { [LAST_APPLIED]: 'old' } },
    });
    assert.equal(
      applied.metadata.annotations?.[LAST_APPLIED],
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":{},"name":"x"}}\n',
    );
  });
});
