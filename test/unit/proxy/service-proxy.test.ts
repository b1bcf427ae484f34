import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { NftFake } from '../../../node-agent/proxy/nft-fake.ts';
import type { StaleFlow } from '../../../node-agent/proxy/port.ts';
import { ServiceProxy } from '../../../node-agent/proxy/service-proxy.ts';
import { endpointOf, FakeCluster, SETTINGS } from '../../support/fake-cluster.ts';

const UDP = [{ port: 53, protocol: 'UDP' }];

describe('service proxy', () => {
  let nft: NftFake;
  let cluster: FakeCluster;
  let proxy: ServiceProxy;
  let forgotten: StaleFlow[];
  let attempts: string[];

  beforeEach(async () => {
    nft = new NftFake();
    cluster = new FakeCluster();
    forgotten = [];
    attempts = [];
    cluster.service('default/web', { clusterIP: '10.96.1.1', ports: [{ port: 53, protocol: 'UDP' }] });
    cluster.endpoints('default/web', UDP, [endpointOf('10.244.0.1', { nodeName: 'n1' })]);
    proxy = new ServiceProxy({
      nodeName: 'n1',
      settings: SETTINGS,
      desired: cluster,
      nft,
      conntrack: {
        forgetUdp: (flow) => Promise.resolve(void forgotten.push(flow)),
        forgetAttempts: (backends) => Promise.resolve(void attempts.push(...backends)),
      },
      clock: systemClock,
      log: silentLog,
      registry: new Registry(),
      bridge: 'cni0',
      tunnel: 'dure-vxlan',
    });
    await proxy.start();
  });
  afterEach(() => proxy.stop());

  const slots = async (): Promise<unknown> =>
    Object.fromEntries((await nft.read())?.elements.get('services_udp_slots') ?? []);

  it('touches nothing before the cluster is known', async () => {
    assert.equal(nft.commits.length, 0);
    cluster.markSynced();
    await proxy.whenSettled();
    assert.equal(nft.commits.length, 1);
    assert.deepEqual(await slots(), { '10.96.1.1 . udp . 53 . 0': '10.244.0.1 . 53' });
    assert.deepEqual([...((await nft.read())?.elements.get('hairpins')?.keys() ?? [])], ['10.244.0.1 . 10.244.0.1']);
  });

  it('puts changes that come together into one transaction', async () => {
    cluster.markSynced();
    await proxy.whenSettled();
    for (const host of [2, 3, 4]) cluster.endpoints('default/web', UDP, [endpointOf(`10.244.0.${host}`)]);
    cluster.service('default/other', { clusterIP: '10.96.1.2', ports: [{ port: 80 }] });
    await proxy.whenSettled();
    assert.equal(nft.commits.length, 2);
    assert.deepEqual(await slots(), { '10.96.1.1 . udp . 53 . 0': '10.244.0.4 . 53' });
    assert.deepEqual(forgotten, [{ address: '10.96.1.1', port: 53, backend: '10.244.0.1' }]);
  });

  it('lets connections that are attempted to a TCP backend that left be attempted anew', async () => {
    const http = [{ port: 8080, protocol: 'TCP' }];
    cluster.service('default/tcp', { clusterIP: '10.96.1.2', ports: [{ port: 80, protocol: 'TCP' }] });
    cluster.endpoints('default/tcp', http, [endpointOf('10.244.0.7'), endpointOf('10.244.0.8')]);
    cluster.markSynced();
    await proxy.whenSettled();
    cluster.endpoints('default/tcp', http, [endpointOf('10.244.0.8')]);
    await proxy.whenSettled();
    await proxy.stop();
    assert.deepEqual(attempts, ['10.244.0.7']);
  });

  it('programs all again when a transaction failed', async () => {
    cluster.markSynced();
    await proxy.whenSettled();
    nft.failNext('No such file or directory');
    cluster.endpoints('default/web', UDP, [endpointOf('10.244.0.9')]);
    await proxy.whenSettled();
    assert.deepEqual(await slots(), { '10.96.1.1 . udp . 53 . 0': '10.244.0.9 . 53' });
  });

  it('programs all again when somebody flushed the table', async () => {
    cluster.markSynced();
    await proxy.whenSettled();
    nft.flush();
    await proxy.whenSettled();
    assert.deepEqual(await slots(), { '10.96.1.1 . udp . 53 . 0': '10.244.0.1 . 53' });
  });

  it('leaves the rules in place when it stops', async () => {
    cluster.markSynced();
    await proxy.whenSettled();
    await proxy.stop();
    cluster.services.delete('default/web');
    assert.deepEqual(await slots(), { '10.96.1.1 . udp . 53 . 0': '10.244.0.1 . 53' });
  });
});
