import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { Lease } from '../../../api/types/coordination.v1.ts';
import { NodeLeases } from '../../../control-plane/nodes/leases.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { type Harness, startRegistry } from '../registry/harness.ts';

describe('the leases of nodes', () => {
  const clock = new FakeClock();
  let harness: Harness;
  let leases: NodeLeases;
  let connected: string[];

  beforeEach(async () => {
    harness = await startRegistry({ clock });
    await harness.registry.resource(kinds.namespaces).create({ metadata: { name: 'kube-node-lease' } } as never);
    await harness.registry.resource(kinds.nodes).create({ metadata: { name: 'n1' } } as never);
    await harness.settle(kinds.nodes);
    await harness.settle(kinds.namespaces);
    connected = ['n1'];
    leases = new NodeLeases({ registry: harness.registry, connected: () => connected, clock, log: silentLog });
    await leases.start();
  });
  afterEach(async () => {
    await leases.stop();
    await harness.stop();
  });

  /** The next change of a lease. */
  function nextLease(): Promise<Lease> {
    const { view } = harness.registry.resource(kinds.leases);
    return new Promise((resolve) => {
      const end = view.subscribe(({ object }) => {
        end();
        resolve(object);
      });
    });
  }

  it('are made for connected nodes, belong to them, and are renewed', async () => {
    const made = nextLease();
    clock.advance(10_000);
    const lease = await made;
    assert.equal(lease.spec.holderIdentity, 'n1');
    assert.equal(lease.metadata.ownerReferences?.[0]?.kind, 'Node');
    const before = Date.parse(lease.spec.renewTime ?? '');
    await leases.stop();
    leases = new NodeLeases({ registry: harness.registry, connected: () => connected, clock, log: silentLog });
    await leases.start();
    const renewed = nextLease();
    clock.advance(10_000);
    assert.equal(Date.parse((await renewed).spec.renewTime ?? '') - before, 10_000);
  });

  it('are left alone when the node is not connected', async () => {
    connected = [];
    clock.advance(10_000);
    await leases.stop();
    await harness.settle(kinds.leases);
    assert.equal(harness.registry.resource(kinds.leases).view.size, 0);
  });
});
