import assert from 'node:assert/strict';
import { kinds, type Kind } from '../../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import {
  DEFAULT_CLUSTER_ROLE_BINDINGS,
  DEFAULT_CLUSTER_ROLES,
  DEFAULT_ROLE_BINDINGS,
  DEFAULT_ROLES,
} from '../../../control-plane/auth/rbac/defaults/policy.ts';
import { bootstrapChecks } from '../../../control-plane/composition/bootstrap-checks.ts';
import { SYSTEM_NAMESPACES } from '../../../control-plane/controllers/bootstrap/plan.ts';
import { Health } from '../../../control-plane/server/health.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView, type View } from '../../../lib/view.ts';

const clock = new FakeClock();

class Cluster {
  private readonly views = new Map<unknown, MapView<KubeObject>>();
  readonly health = new Health({
    checks: bootstrapChecks({
      viewOf: <T extends KubeObject>(kind: Kind<T>) => this.view(kind) as unknown as View<T>,
      clock,
    }),
    clock,
    log: silentLog,
  });

  view(kind: unknown): MapView<KubeObject> {
    const view = this.views.get(kind) ?? new MapView<KubeObject>();
    this.views.set(kind, view);
    return view;
  }

  add(kind: unknown, metadata: KubeObject['metadata']): void {
    this.view(kind).set(objectKey(metadata.namespace, metadata.name ?? ''), { metadata });
  }

  fill(): void {
    for (const name of SYSTEM_NAMESPACES)
      this.add(kinds.namespaces, { name, creationTimestamp: clock.date().toISOString() });
    for (const { metadata } of DEFAULT_CLUSTER_ROLES) this.add(kinds.clusterroles, metadata);
    for (const { metadata } of DEFAULT_CLUSTER_ROLE_BINDINGS) this.add(kinds.clusterrolebindings, metadata);
    for (const { metadata } of DEFAULT_ROLES) this.add(kinds.roles, metadata);
    for (const { metadata } of DEFAULT_ROLE_BINDINGS) this.add(kinds.rolebindings, metadata);
    for (const name of ['system-cluster-critical', 'system-node-critical']) this.add(kinds.priorityclasses, { name });
  }

  async code(...check: string[]): Promise<number> {
    return (await this.health.answer(['readyz', ...check], new URLSearchParams())).code;
  }
}

describe('readiness of a new cluster', () => {
  it('waits for namespaces, roles and priority classes, each by its own name', async () => {
    const cluster = new Cluster();
    assert.equal(await cluster.code(), 500);
    const { text } = await cluster.health.answer(['readyz'], new URLSearchParams());
    assert.match(text, /\[-\]poststarthook\/rbac\/bootstrap-roles failed/);
    cluster.fill();
    cluster.view(kinds.clusterroles).delete('view');
    assert.equal(await cluster.code(), 500);
    assert.equal(await cluster.code('poststarthook', 'start-system-namespaces-controller'), 200);
    assert.equal(await cluster.code('poststarthook', 'rbac', 'bootstrap-roles'), 500);
    cluster.add(kinds.clusterroles, { name: 'view' });
    assert.equal(await cluster.code(), 200);
  });

  it('stays when something is deleted later', async () => {
    const cluster = new Cluster();
    cluster.fill();
    assert.equal(await cluster.code(), 200);
    cluster.view(kinds.namespaces).delete('kube-public');
    cluster.view(kinds.clusterrolebindings).delete('system:discovery');
    assert.equal(await cluster.code(), 200);
  });

  it('takes what an old cluster lacks for deleted on purpose', async () => {
    const cluster = new Cluster();
    cluster.fill();
    cluster.view(kinds.clusterrolebindings).delete('system:discovery');
    assert.equal(await cluster.code(), 500);
    clock.advance(61_000);
    assert.equal(await cluster.code(), 200);
  });
});
