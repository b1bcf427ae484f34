import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { Service } from '../../../api/types/core.v1.ts';
import type { IPAddress, ServiceCIDR } from '../../../api/types/networking.v1.ts';
import { ServiceAddresses } from '../../../control-plane/controllers/service-addresses/service-addresses.ts';
import { ServiceCidrController } from '../../../control-plane/controllers/service-cidr/service-cidr.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { addressObject } from '../../../control-plane/registry/allocation/address-object.ts';
import { settle, World } from './world.ts';

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';

const aService = (name: string, clusterIP: string): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP] },
  status: { loadBalancer: {} },
});

const held = (address: string, name: string, creationTimestamp: string): IPAddress => {
  const object = addressObject(address, { namespace: 'default', name, uid: `uid-services-${name}` });
  return { ...object, metadata: { ...object.metadata, creationTimestamp } };
};

const aRange = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs }, status: {} });

describe('addresses of services', () => {
  let world: World;
  let runner: Runner;
  const now = (): string => world.clock.date().toISOString();
  const addresses = (): (string | undefined)[] => world.all(kinds.ipaddresses).map(({ metadata }) => metadata.name);

  beforeEach(() => {
    world = new World();
    runner = world.runner(new ServiceAddresses({ registry: world }));
  });
  afterEach(() => runner.stop());

  it('are recorded again when their records were lost', async () => {
    world.of(kinds.services).seed(aService('a', '10.96.0.7'));
    world.of(kinds.services).seed(aService('headless', 'None'));
    await runner.start();
    await settle();
    const [made] = world.all(kinds.ipaddresses);
    assert.deepEqual(made?.spec, held('10.96.0.7', 'a', now()).spec);
    assert.deepEqual(
      world.events.map(({ reason }) => reason),
      ['ClusterIPNotAllocated'],
    );
    await world.of(kinds.ipaddresses).delete('', '10.96.0.7');
    await settle();
    assert.deepEqual(addresses(), ['10.96.0.7']);
  });

  it('are given up when no service has them, but not while one may still be written', async () => {
    world.of(kinds.ipaddresses).seed(held('10.96.0.8', 'gone', now()));
    world.of(kinds.ipaddresses).seed({ metadata: { name: '10.96.0.9' }, spec: {} } as IPAddress);
    await runner.start();
    await settle();
    assert.deepEqual(addresses(), ['10.96.0.8', '10.96.0.9']);
    world.clock.advance(299_000);
    await settle();
    assert.equal(addresses().length, 2);
    world.clock.advance(1_000);
    await settle();
    assert.deepEqual(addresses(), ['10.96.0.9']);
  });

  it('are not given up for a view that lags', async () => {
    world.of(kinds.ipaddresses).seed(held('10.96.0.8', 'late', '2020-01-01T00:00:00Z'));
    world.lagging = true;
    world.of(kinds.services).seed(aService('late', '10.96.0.8'));
    await runner.start();
    await settle();
    assert.deepEqual(addresses(), ['10.96.0.8']);
  });

  it('that two services have are reported', async () => {
    world.of(kinds.services).seed(aService('a', '10.96.0.7'));
    world.of(kinds.ipaddresses).seed(held('10.96.0.7', 'a', now()));
    world.of(kinds.services).seed(aService('b', '10.96.0.7'));
    await runner.start();
    await settle();
    assert.deepEqual(
      world.events.map(({ reason, about }) => [reason, about.name]),
      [['ClusterIPAlreadyAllocated', 'b']],
    );
  });
});

describe('ranges of service addresses', () => {
  let world: World;
  let runner: Runner;
  const names = (): (string | undefined)[] => world.all(kinds.servicecidrs).map(({ metadata }) => metadata.name);
  const ready = (): string | undefined => {
    const [condition] = world.all(kinds.servicecidrs)[0]?.status.conditions ?? [];
    return condition && `${condition.status} ${condition.reason ?? ''}`;
  };

  beforeEach(async () => {
    world = new World();
    runner = world.runner(new ServiceCidrController({ registry: world }));
    await runner.start();
    world.of(kinds.servicecidrs).seed(aRange('more', '203.0.113.0/24'));
    await settle();
  });
  afterEach(() => runner.stop());

  it('are ready and protected', () => {
    const [range] = world.all(kinds.servicecidrs);
    assert.deepEqual(range?.metadata.finalizers, [FINALIZER]);
    assert.deepEqual(
      range?.status.conditions?.map(({ type, status, message }) => [type, status, message]),
      [['Ready', 'True', 'Kubernetes Service CIDR is ready']],
    );
  });

  it('keep the finalizer that somebody else adds in the same moment', async () => {
    world.lagging = true;
    const ranges = world.of(kinds.servicecidrs);
    const range = ranges.seed(aRange('another', '198.51.100.0/24'));
    world.deliver();
    ranges.seed({ ...range, metadata: { ...range.metadata, finalizers: ['example.com/mine'] } });
    await settle();
    world.lagging = false;
    world.deliver();
    world.clock.advance(1000);
    await settle();
    const [, { metadata } = range] = world.all(kinds.servicecidrs);
    assert.deepEqual(metadata.finalizers, ['example.com/mine', FINALIZER]);
  });

  it('go ten seconds after nobody needs them', async () => {
    world.of(kinds.ipaddresses).seed({ metadata: { name: '203.0.113.9' }, spec: {} } as IPAddress);
    await world.of(kinds.servicecidrs).delete('', 'more');
    await settle();
    world.clock.advance(9_999);
    await settle();
    assert.deepEqual(names(), ['more']);
    world.clock.advance(1);
    await settle();
    assert.deepEqual(names(), []);
  });

  it('stay while services have addresses that no other range holds', async () => {
    world.of(kinds.ipaddresses).seed(held('203.0.113.9', 'a', world.clock.date().toISOString()));
    await world.of(kinds.servicecidrs).delete('', 'more');
    await settle();
    world.clock.advance(60_000);
    await settle();
    assert.equal(ready(), 'False Terminating');
    await world.of(kinds.ipaddresses).delete('', '203.0.113.9');
    await settle();
    assert.deepEqual(names(), []);
  });

  it('go when another holds all that they hold, whatever they hold', async () => {
    world.of(kinds.ipaddresses).seed(held('203.0.113.9', 'a', world.clock.date().toISOString()));
    await world.of(kinds.servicecidrs).delete('', 'more');
    world.clock.advance(60_000);
    await settle();
    world.of(kinds.servicecidrs).seed(aRange('six', 'fd00::/112'));
    await settle();
    assert.deepEqual(names(), ['more', 'six']);
    world.of(kinds.servicecidrs).seed(aRange('wider', '203.0.112.0/22'));
    await settle();
    assert.deepEqual(names(), ['six', 'wider']);
  });
});
