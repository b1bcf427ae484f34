import assert from 'node:assert/strict';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroups,
  apiResources,
  apiVersions,
  servedVersions,
  storageVersionHash,
} from '../../../api/discovery.ts';
import { kinds } from '../../../api/kinds.ts';

const rows = Object.values(kinds);
const versions = servedVersions({ kinds: rows });

describe('discovery', () => {
  it('names the versions and groups', () => {
    assert.deepEqual(apiVersions('10.0.0.1:6443').serverAddressByClientCIDRs, [
      { clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' },
    ]);
    const { groups } = apiGroups(versions);
    const named = [...new Set(rows.map(({ group }) => group))].filter((group) => group !== '');
    assert.deepEqual(groups.map(({ name }) => name).toSorted(), named.toSorted());
    assert.ok(named.includes('coordination.k8s.io'));
    assert.deepEqual(apiGroup(versions, 'apps'), {
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'apps',
      versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    });
    assert.equal(apiGroup(versions, 'nope'), undefined);
    assert.equal(apiGroup(versions, ''), undefined);
  });

  it('lists the resources of a version with what hangs below them', () => {
    const list = apiResources(rows, '', 'v1');
    assert.equal(list?.groupVersion, 'v1');
    const pods = list?.resources.filter(({ name }) => name.startsWith('pods'));
    assert.deepEqual(
      pods?.map(({ name, kind, group, version, verbs }) => [name, kind, group, version, verbs.join()]),
      [
        ['pods', 'Pod', undefined, undefined, 'create,delete,deletecollection,get,list,patch,update,watch'],
        ['pods/attach', 'PodAttachOptions', undefined, undefined, 'create,get'],
        ['pods/binding', 'Binding', undefined, undefined, 'create'],
        ['pods/ephemeralcontainers', 'Pod', undefined, undefined, 'get,patch,update'],
        ['pods/eviction', 'Eviction', 'policy', 'v1', 'create'],
        ['pods/exec', 'PodExecOptions', undefined, undefined, 'create,get'],
        ['pods/log', 'Pod', undefined, undefined, 'get'],
        ['pods/portforward', 'PodPortForwardOptions', undefined, undefined, 'create,get'],
        ['pods/proxy', 'PodProxyOptions', undefined, undefined, 'create,delete,get,patch,update'],
        ['pods/resize', 'Pod', undefined, undefined, 'get,patch,update'],
        ['pods/status', 'Pod', undefined, undefined, 'get,patch,update'],
      ],
    );
    const scale = apiResources(rows, 'apps', 'v1')?.resources.find(({ name }) => name === 'deployments/scale');
    assert.deepEqual(scale, {
      name: 'deployments/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
    assert.equal(apiResources(rows, 'apps', 'v2'), undefined);
  });

  it('hashes storage versions as Kubernetes does', () => {
    assert.equal(storageVersionHash(kinds.pods), 'xPOwRZ+Yhw8=');
    assert.equal(storageVersionHash(kinds.deployments), '8aSe+NMegvE=');
  });

  it('tells everything in one document', () => {
    assert.deepEqual(
      aggregatedDiscovery(versions, 'api').items.map(({ metadata }) => metadata.name),
      [undefined],
    );
    const apps = aggregatedDiscovery(versions, 'apis').items.find(({ metadata }) => metadata.name === 'apps');
    const deployments = apps?.versions?.[0]?.resources?.find(({ resource }) => resource === 'deployments');
    assert.deepEqual(deployments, {
      resource: 'deployments',
      responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['deploy'],
      categories: ['all'],
      subresources: [
        {
          subresource: 'scale',
          responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
          verbs: ['get', 'patch', 'update'],
        },
        {
          subresource: 'status',
          responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
          verbs: ['get', 'patch', 'update'],
        },
      ],
    });
  });
});
