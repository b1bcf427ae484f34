import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import type { ApiServer } from '../../../control-plane/controllers/bootstrap/bootstrap.ts';
import { firstAddress } from '../../../control-plane/controllers/bootstrap/plan.ts';
import { Controllers } from '../../../control-plane/controllers/controllers.ts';
import type { NodeSession } from '../../../control-plane/controllers/node-lifecycle/node-lifecycle.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView } from '../../../lib/view.ts';
import { World, aPod, fakeCredentials, settle } from './world.ts';

describe('all controllers together', () => {
  let world: World;
  let servers: MapView<ApiServer>;
  let leadership: AbortController;
  let running: Promise<void>;

  beforeEach(async () => {
    world = new World();
    servers = new MapView<ApiServer>();
    servers.set('one', { address: '192.0.2.1' });
    leadership = new AbortController();
    const controllers = new Controllers({
      registry: world,
      events: { record: (event) => world.events.push(event) },
      clock: world.clock,
      log: silentLog,
      nextId: () => world.nextId(),
      whenFresh: () => Promise.resolve(world.deliver()),
      sessions: new MapView<NodeSession>(),
      sight: { clearSince: () => 0, subscribe: () => () => {} },
      servers,
      apiPort: 6443,
      podAddresses: { clusterCidr: '10.244.0.0/16', nodeBits: 24 },
      serviceCidr: '10.96.0.0/12',
      caCertificate: 'PEM',
      credentials: fakeCredentials,
      probe: () => Promise.resolve(),
      empty: () => Promise.reject(new Error('there are no other servers')),
      elsewhere: { deletable: () => [], silent: () => [], onChange: () => () => {} },
      authorities: { client: 'CLIENT', frontProxy: 'FRONT', frontProxyName: 'front' },
      usageOf: () => Promise.resolve(new Map()),
      mayHaveNodeCertificate: () => false,
    });
    running = controllers.run(leadership.signal);
    await settle();
    await settle();
  });

  afterEach(async () => {
    leadership.abort();
    await running;
  });

  it('makes the system namespaces with what belongs into each', () => {
    const names = world.all(kinds.namespaces).map(({ metadata }) => metadata.name ?? '');
    assert.deepEqual(new Set(names), new Set(['default', 'kube-node-lease', 'kube-public', 'kube-system']));
    assert.equal(world.all(kinds.serviceaccounts).length, 4);
    const [roots, others] = [true, false].map((isRoot) =>
      world.all(kinds.configmaps).filter(({ metadata }) => (metadata.name === 'kube-root-ca.crt') === isRoot),
    );
    assert.deepEqual(
      roots?.map(({ data }) => data?.['ca.crt']),
      ['PEM', 'PEM', 'PEM', 'PEM'],
    );
    assert.deepEqual(
      others?.map(({ data }) => [data?.['client-ca-file'], data?.['requestheader-client-ca-file']]),
      [['CLIENT', 'FRONT']],
    );
  });

  it('keeps the endpoints of the service kubernetes at the servers there are', async () => {
    const [service] = world.all(kinds.services);
    assert.deepEqual([service?.metadata.name, service?.spec.clusterIP], ['kubernetes', '10.96.0.1']);
    servers.set('two', { address: '192.0.2.2' });
    // Which no EndpointSlice may say.
    servers.set('three', { address: '127.0.0.1' });
    await settle();
    const addresses = world
      .all(kinds.endpointslices)
      .flatMap(({ endpoints }) => endpoints.map(({ addresses: [first] }) => first));
    assert.deepEqual(addresses, ['192.0.2.1', '192.0.2.2']);
    const [endpoints] = world.all(kinds.endpoints);
    assert.deepEqual(
      endpoints?.subsets?.flatMap((subset) => (subset.addresses ?? []).map(({ ip }) => ip)),
      addresses,
    );
  });

  it('puts back what was deleted', async () => {
    await world.of(kinds.serviceaccounts).delete('default', 'default');
    await settle();
    assert.equal(world.all(kinds.serviceaccounts).length, 4);
  });

  it('empties a namespace, pods first, and finalizes it', async () => {
    world
      .of(kinds.namespaces)
      .seed({ metadata: { name: 'team' }, spec: { finalizers: ['kubernetes'] }, status: {} } as never);
    const pod = aPod('web');
    pod.metadata.namespace = 'team';
    pod.metadata.finalizers = ['example.org/hold'];
    world.of(kinds.pods).seed(pod);
    await settle();
    await world.of(kinds.namespaces).delete('', 'team');
    await settle();
    const team = world.all(kinds.namespaces).find(({ metadata }) => metadata.name === 'team');
    const remaining = team?.status.conditions?.filter(({ status }) => status === 'True').map(({ message }) => message);
    assert.match(remaining?.join() ?? '', /pods\. has 1 resource instances.*example.org\/hold in 1 resource instances/);
    assert.equal(world.all(kinds.configmaps).length, 6);
    await world
      .resource(kinds.pods)
      .mutate('team', 'web', (now) => ({ ...now, metadata: { ...now.metadata, finalizers: [] } }));
    await settle();
    await settle();
    assert.ok(!world.all(kinds.namespaces).some(({ metadata }) => metadata.name === 'team'));
    assert.equal(world.all(kinds.configmaps).length, 5);
  });

  it('does nothing any more once leadership has ended', async () => {
    leadership.abort();
    await running;
    world.of(kinds.namespaces).seed({ metadata: { name: 'late' }, spec: {}, status: {} });
    await settle();
    assert.equal(world.all(kinds.serviceaccounts).length, 4);
  });
});

describe('the first address of a network', () => {
  it('follows its own', () => {
    assert.equal(firstAddress('10.96.0.0/12'), '10.96.0.1');
    assert.equal(firstAddress('10.96.5.7/12'), '10.96.0.1');
    assert.equal(firstAddress('fd00::/108'), 'fd00::1');
  });
});
