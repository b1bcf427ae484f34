import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromAggregated, fromResourceList } from '../../../api/remote-discovery.ts';
import { servedVersions } from '../../../api/discovery.ts';
import { kinds } from '../../../api/kinds.ts';

const GV = { group: 'x.example.com', version: 'v1' };

describe('discovery of another server', () => {
  it('is read, and what is not well-formed left out', () => {
    const good = {
      resource: 'things',
      scope: 'Cluster',
      verbs: ['get', 1],
      subresources: [{ subresource: 'a' }, { x: 1 }],
    };
    const resources = [good, { resource: 1, scope: 'Cluster' }, { resource: 'x', scope: 'Galaxy' }, null, 'x'];
    const document = { items: [null, { metadata: { name: GV.group }, versions: [{ version: 'v1', resources }] }] };
    const nothing = { group: '', version: '', kind: '' };
    assert.deepEqual(fromAggregated(document, GV)?.resources, [
      {
        resource: 'things',
        responseKind: nothing,
        scope: 'Cluster',
        singularResource: '',
        verbs: ['get'],
        subresources: [{ subresource: 'a', responseKind: nothing, verbs: [] }],
      },
    ]);
    assert.equal(fromAggregated(document, { ...GV, version: 'v2' }), undefined);
  });

  it('never fails, whatever is sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fromAggregated(value, GV);
        fromResourceList(value, GV);
        fromAggregated(
          { items: [{ metadata: { name: GV.group }, versions: [{ version: 'v1', resources: value }] }] },
          GV,
        );
        fromResourceList({ resources: value }, GV);
      }),
    );
  });
});

describe('the order of discovery', () => {
  const elsewhere = (group: string, version: string) => ({ group, version, discovery: () => ({ version }) });
  const names = (options: Omit<Parameters<typeof servedVersions>[0], 'kinds'>): string[] =>
    servedVersions({ kinds: [kinds.deployments, kinds.pods, kinds.apiservices] as never, ...options }).map(
      ({ group, version }) => `${group}/${version}`,
    );

  it('puts groups by priority, and versions within them', () => {
    assert.deepEqual(names({}), ['apiregistration.k8s.io/v1', '/v1', 'apps/v1']);
    const custom = ['v1beta1', 'v2', 'v1', 'foo'].map((version) => elsewhere('b.example.com', version));
    assert.deepEqual(names({ elsewhere: [...custom, elsewhere('a.example.com', 'v1')] }).slice(3), [
      // Of equals the names of the APIServices decide: foo.b before v1.a.
      'b.example.com/v2',
      'b.example.com/v1',
      'b.example.com/v1beta1',
      'b.example.com/foo',
      'a.example.com/v1',
    ]);
    const priorityOf = (group: string, version: string) =>
      group === 'a.example.com'
        ? { group: version === 'v1' ? 17_900 : 1, version: version === 'v1' ? 1 : 9 }
        : undefined;
    const raised = names({
      elsewhere: [elsewhere('a.example.com', 'v1'), elsewhere('a.example.com', 'v2')],
      priorityOf,
    });
    assert.deepEqual(raised, ['apiregistration.k8s.io/v1', '/v1', 'a.example.com/v2', 'a.example.com/v1', 'apps/v1']);
  });

  it('names each version once', () => {
    const [served] = servedVersions({ kinds: [kinds.deployments] as never, elsewhere: [elsewhere('apps', 'v1')] });
    assert.deepEqual(served?.discovery(), { version: 'v1' });
  });
});
