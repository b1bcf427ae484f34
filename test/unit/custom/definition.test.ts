import assert from 'node:assert/strict';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../../api/types/apiextensions.v1.ts';
import { planDefinition } from '../../../control-plane/controllers/custom-resource-definition/plan.ts';
import { customResourceDefinitionStrategy as strategy } from '../../../control-plane/registry/strategies/custom-resource-definition.ts';

const moment = { now: 0, date: new Date('2026-01-01T00:00:00Z'), nextId: () => 'x' };

function definition(
  schema: JSONSchemaProps = { type: 'object' },
  change: (made: CustomResourceDefinition) => void = () => {},
): CustomResourceDefinition {
  const made = {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as unknown as CustomResourceDefinition;
  change(made);
  strategy.applyDefaults(made);
  strategy.prepareForCreate?.(made);
  return made;
}

const said = (made: CustomResourceDefinition): string[] =>
  strategy.validate(made).map(({ field, message }) => `${field}: ${message}`);

const S = 'spec.versions[0].schema.openAPIV3Schema';

describe('definitions', () => {
  it('are given the names that follow from their kind', () => {
    const { spec, status } = definition();
    assert.deepEqual(spec.names, { plural: 'things', kind: 'Thing', singular: 'thing', listKind: 'ThingList' });
    assert.deepEqual(status.storedVersions, ['v1']);
    assert.deepEqual(said(definition()), []);
  });

  const wrong: [string, CustomResourceDefinition, string][] = [
    [
      'another name',
      definition(undefined, (made) => (made.metadata.name = 'x.example.com')),
      'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
    ],
    [
      'no version that is stored',
      definition(undefined, (made) => (made.spec.versions[0]!.storage = false)),
      'must have exactly one version marked as storage version',
    ],
    [
      'a scope that is none',
      definition(undefined, (made) => (made.spec.scope = 'Galaxy')),
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
    ],
    [
      'a field without a type',
      definition({ type: 'object', properties: { a: {} } }),
      `${S}.properties[a].type: Required value: must not be empty for specified object fields`,
    ],
    [
      'a field that only a junctor names',
      definition({ type: 'object', anyOf: [{ properties: { a: { minimum: 1 } } }] }),
      `${S}.properties[a]: Required value: because it is defined in ${S}.anyOf[0].properties[a]`,
    ],
    [
      'a type within a junctor',
      definition({ type: 'object', properties: { a: { type: 'string', not: { type: 'string' } } } }),
      `${S}.properties[a].not.type: Forbidden: must be empty to be structural`,
    ],
    [
      'a default that its schema does not allow',
      definition({ type: 'object', properties: { a: { type: 'integer', default: 'x' } } }),
      `${S}.properties[a].default: Invalid value: "string": in body must be of type integer: "string"`,
    ],
    [
      'a default with unknown fields',
      definition({ type: 'object', properties: { a: { type: 'object', default: { b: 1 } } } }),
      `${S}.properties[a].default: Invalid value: {"b":1}: must not have unknown fields`,
    ],
    [
      'a pattern that is none',
      definition({ type: 'object', properties: { a: { type: 'string', pattern: '(' } } }),
      'must be a valid regular expression, but isn',
    ],
    [
      'unique items',
      definition({
        type: 'object',
        properties: { a: { type: 'array', items: { type: 'string' }, uniqueItems: true } },
      }),
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ],
    [
      'a group of others',
      definition(undefined, (made) => {
        made.spec.group = 'apps.k8s.io';
        made.metadata.name = 'things.apps.k8s.io';
      }),
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation',
    ],
  ];
  for (const [what, made, expected] of wrong) {
    it(`are refused for ${what}`, () => {
      const found = said(made);
      assert.ok(
        found.some((text) => text.includes(expected)),
        found.join('\n'),
      );
    });
  }

  it('keep a version as long as objects may be stored in it', () => {
    const previous = definition();
    const next = structuredClone(previous);
    next.spec.versions = [{ ...previous.spec.versions[0]!, name: 'v2' }];
    strategy.prepareForUpdate?.(next, previous);
    const [error] = strategy.validateUpdate?.(next, previous) ?? [];
    assert.equal(error?.field, 'status.storedVersions[0]');
    assert.match(error?.message ?? '', /missing from spec\.versions; v1 was previously a storage version/);
  });

  it('are established with names that nobody else has', () => {
    const plan = planDefinition({ definition: definition(), siblings: [], content: undefined }, moment);
    const [action] = plan.actions;
    assert.ok(action?.do === 'patch-status');
    const { conditions, acceptedNames } = action.patch as {
      conditions: { type: string; status: string }[];
      acceptedNames: object;
    };
    assert.deepEqual(
      conditions.map(({ type, status }) => `${type}=${status}`),
      ['NamesAccepted=True', 'Established=True'],
    );
    assert.deepEqual(acceptedNames, { plural: 'things', kind: 'Thing', singular: 'thing', listKind: 'ThingList' });
  });

  it('end after their objects', () => {
    const ending = definition(undefined, (made) => {
      made.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
      made.metadata.finalizers = ['customresourcecleanup.apiextensions.k8s.io'];
    });
    ending.status.conditions = [{ type: 'Established', status: 'True' }];
    const unknown = planDefinition({ definition: ending, siblings: [], content: undefined }, moment);
    assert.deepEqual([unknown.actions.length, unknown.after], [0, 100]);
    const kind = { plural: 'things', kind: 'Thing' } as never;
    const some = { kind, objects: [{ metadata: { name: 'a', uid: 'u' } }] };
    const first = planDefinition({ definition: ending, siblings: [], content: some }, moment);
    assert.deepEqual(
      first.actions.map((action) => action.do),
      ['patch-status', 'delete'],
    );
    const last = planDefinition({ definition: ending, siblings: [], content: { kind, objects: [] } }, moment);
    assert.deepEqual(
      last.actions.map((action) => action.do),
      ['finalize-definition'],
    );
  });
});
