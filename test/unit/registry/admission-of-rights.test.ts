import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import type { OwnerReference } from '../../../api/types/meta.v1.ts';
import { clusterRole, clusterRoleBinding } from '../auth/rules.ts';
import { startRegistry, type Harness } from './harness.ts';

const ANN = { name: 'ann', groups: ['system:authenticated'] };

describe('registry: rights that admission looks at', () => {
  let harness: Harness;

  async function start(ownerPermissions: boolean): Promise<void> {
    harness = await startRegistry({ ownerPermissions });
  }

  async function may(name: string, verb: string, group: string, resource: string): Promise<void> {
    const { registry, settle } = harness;
    const rule = { verbs: [verb], apiGroups: [group], resources: [resource] };
    await registry.resource(kinds.clusterroles).create(clusterRole(name, rule));
    const subject = { kind: 'User', name: 'ann' };
    await registry.resource(kinds.clusterrolebindings).create(clusterRoleBinding(name, name, subject));
    await settle(kinds.clusterroles);
    await settle(kinds.clusterrolebindings);
  }

  const owner = (name: string, blockOwnerDeletion: boolean, kind = 'Deployment'): OwnerReference => {
    const apiVersion = kind === 'Node' ? 'v1' : 'apps/v1';
    return { apiVersion, kind, name, uid: `uid-${name}`, blockOwnerDeletion };
  };

  function own(name: string, ownerReferences: OwnerReference[]): Promise<ConfigMap> {
    const change = (map: ConfigMap): ConfigMap => ({ ...map, metadata: { ...map.metadata, ownerReferences } });
    return harness.registry.resource(kinds.configmaps).mutate('default', name, change, { user: ANN } as never);
  }

  function make(name: string, ownerReferences: OwnerReference[] = []): Promise<ConfigMap> {
    const metadata = { name, namespace: 'default', ownerReferences };
    return harness.registry.resource(kinds.configmaps).create({ metadata }, { user: ANN });
  }

  afterEach(() => harness.stop());

  it('none about owners, unless it is told to', async () => {
    await start(false);
    assert.ok(await make('a', [owner('web', true)]));
    assert.ok(await own('a', [owner('other', true)]));
  });

  it('to delete what is given an owner, and to finalize the owner that is held back', async () => {
    await start(true);
    const gone = { code: 403, message: /cannot set an ownerRef on a resource you can't delete: / };
    const held = { code: 403, message: /refers to a resource you can't set finalizers on: , <nil>$/ };
    assert.ok(await make('a', [owner('web', false)]));
    await assert.rejects(make('b', [owner('web', true)]), held);
    await assert.rejects(own('a', []), gone);
    await may('deleter', 'delete', '', 'configmaps');
    assert.ok(await own('a', []));
    await assert.rejects(own('a', [owner('web', true)]), held);
    await may('finalizer', 'update', 'apps', 'deployments/finalizers');
    assert.ok(await own('a', [owner('web', true)]));
    await assert.rejects(own('a', [owner('web', true), owner('n1', true, 'Node')]), held);
    const unknown = /cannot find RESTMapping for APIVersion apps\/v1 Kind Nothing$/;
    await assert.rejects(own('a', [owner('web', true), owner('x', true, 'Nothing')]), { code: 403, message: unknown });
    // What holds its owner back already may go on.
    assert.ok(await own('a', [owner('web', true), owner('n1', false, 'Node')]));
  });
});
