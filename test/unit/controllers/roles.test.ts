import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { validateClusterRole, validateClusterRoleBinding, validateRole } from '../../../api/validation/rbac.ts';
import {
  AUTOUPDATE,
  DEFAULT_CLUSTER_ROLE_BINDINGS,
  DEFAULT_CLUSTER_ROLES,
  DEFAULT_ROLES,
} from '../../../control-plane/auth/rbac/defaults/policy.ts';
import { RbacDefaults } from '../../../control-plane/controllers/rbac-defaults/rbac-defaults.ts';
import { RoleAggregationController } from '../../../control-plane/controllers/role-aggregation/role-aggregation.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { settle, World } from './world.ts';

const { clusterroles, clusterrolebindings, roles, rolebindings, namespaces } = kinds;

describe('default roles', () => {
  let world: World;
  let runners: Runner[];
  const role = (name: string) => world.all(clusterroles).find(({ metadata }) => metadata.name === name);
  const rules = (name: string): string => JSON.stringify(role(name)?.rules);

  async function lead(): Promise<void> {
    await stop();
    runners = [
      world.runner(new RbacDefaults({ registry: world })),
      world.runner(new RoleAggregationController({ registry: world })),
    ];
    for (const runner of runners) await runner.start();
    await settle();
    await settle();
  }

  async function stop(): Promise<void> {
    for (const runner of runners.splice(0)) await runner.stop();
  }

  beforeEach(async () => {
    world = new World();
    runners = [];
    await lead();
  });
  afterEach(() => stop());

  it('let editors write events in both of their groups, and viewers read them', () => {
    const allows = (name: string, verb: string): string[] =>
      (DEFAULT_CLUSTER_ROLES.find(({ metadata }) => metadata.name === name)?.rules ?? [])
        .filter(({ resources, verbs }) => resources?.includes('events') && verbs.includes(verb))
        .flatMap(({ apiGroups }) => apiGroups ?? [])
        .toSorted();
    assert.deepEqual(allows('system:aggregate-to-edit', 'create'), ['', 'events.k8s.io']);
    assert.deepEqual(allows('system:aggregate-to-view', 'watch'), ['', 'events.k8s.io']);
  });

  it('are valid, and are made where they are missing', () => {
    for (const each of DEFAULT_CLUSTER_ROLES) assert.deepEqual(validateClusterRole(each), [], each.metadata.name);
    for (const each of DEFAULT_CLUSTER_ROLE_BINDINGS) assert.deepEqual(validateClusterRoleBinding(each), []);
    for (const each of DEFAULT_ROLES) assert.deepEqual(validateRole(each), []);
    assert.equal(world.all(clusterroles).length, DEFAULT_CLUSTER_ROLES.length);
    assert.equal(world.all(clusterrolebindings).length, DEFAULT_CLUSTER_ROLE_BINDINGS.length);
  });

  it('wait for their namespace', async () => {
    assert.equal(world.all(roles).length, 0);
    world.of(namespaces).seed({ metadata: { name: 'kube-system' } });
    await settle();
    assert.deepEqual([world.all(roles).length, world.all(rolebindings).length], [1, 1]);
  });

  it('gather what belongs to admin, edit and view, also what is added later', async () => {
    assert.match(rules('view'), /"pods\/log"/);
    assert.doesNotMatch(rules('view'), /"secrets"/);
    assert.match(rules('edit'), /"pods\/log".*"secrets"|"secrets".*"pods\/log"/);
    assert.match(rules('admin'), /"rolebindings"/);
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
    const widgets = { verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] };
    world.of(clusterroles).seed({ metadata: { name: 'widgets', labels }, rules: [widgets] });
    await settle();
    await settle();
    for (const name of ['view', 'edit', 'admin']) assert.match(rules(name), /widgets/, name);
    await world.of(clusterroles).delete('', 'widgets');
    await settle();
    await settle();
    for (const name of ['view', 'edit', 'admin']) assert.doesNotMatch(rules(name), /widgets/, name);
  });

  it('get back what they lack when a server takes the lead, keep what was added, and stay as they are on wish', async () => {
    const edit = (name: string, change: object): Promise<unknown> =>
      world.of(clusterroles).mutate('', name, (current) => ({ ...current, ...change }));
    const own = { verbs: ['get'], nonResourceURLs: ['/mine'] };
    await edit('system:discovery', { rules: [own] });
    const kept = { ...role('system:monitoring')?.metadata, annotations: { [AUTOUPDATE]: 'false' } };
    await edit('system:monitoring', { rules: [], metadata: kept });
    await world
      .of(clusterrolebindings)
      .mutate('', 'cluster-admin', (current) => ({ ...current, subjects: [] }) as never);
    await world.of(clusterroles).delete('', 'system:basic-user');
    await settle();
    assert.equal(role('system:basic-user'), undefined);
    await lead();
    assert.ok(role('system:basic-user'));
    assert.match(rules('system:discovery'), /^\[\{"verbs":\["get"\],"nonResourceURLs":\["\/mine"\]\},.*"\/openapi"/);
    assert.equal(rules('system:monitoring'), '[]');
    const admins = world.all(clusterrolebindings).find(({ metadata }) => metadata.name === 'cluster-admin');
    assert.deepEqual(
      admins?.subjects?.map(({ name }) => name),
      ['system:masters'],
    );
  });

  it('change nothing that is as it should be', async () => {
    const before = world.nextRevision();
    await lead();
    assert.equal(Number(world.nextRevision()), Number(before) + 1);
  });

  it('make a binding anew that gives another role', async () => {
    const { metadata } = world.all(clusterrolebindings).find((each) => each.metadata.name === 'system:discovery') ?? {};
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    await world.of(clusterrolebindings).mutate('', 'system:discovery', (each) => ({ ...each, roleRef }) as never);
    await lead();
    const now = world.all(clusterrolebindings).find((each) => each.metadata.name === 'system:discovery');
    assert.equal(now?.roleRef.name, 'system:discovery');
    assert.notEqual(now.metadata.uid, metadata?.uid);
  });
});
