import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kinds } from '../../../api/kinds.ts';
import type { Service, ServiceSpec } from '../../../api/types/core.v1.ts';
import type { ServiceCIDR } from '../../../api/types/networking.v1.ts';
import { AddressRange } from '../../../control-plane/registry/allocation/address-range.ts';
import type { GenericResource } from '../../../control-plane/registry/resource.ts';
import { type Harness, sequence, startRegistry } from './harness.ts';

const NOW = '2026-01-01T00:00:00Z';

const service = (name: string, spec: ServiceSpec = {}): Service =>
  ({ metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } }) as Service;

describe('registry: service addresses and ports', () => {
  let harness: Harness;
  let services: GenericResource<Service>;
  beforeEach(async () => {
    harness = await startRegistry();
    services = harness.registry.resource(kinds.services);
  });
  afterEach(() => harness.stop());

  /** Addresses and ports that are taken. */
  const records = async (): Promise<string[]> => {
    const prefixes = ['/registry/networking.k8s.io/ipaddresses/', '/allocations/nodeports/'];
    const lists = await Promise.all(prefixes.map((prefix) => harness.store.list(prefix)));
    return lists.flatMap(({ entries }) => entries.map(({ key }) => key.split('/').at(-1) ?? ''));
  };

  it('gives an address from the range and takes it back', async () => {
    const made = await services.create(service('a'));
    assert.ok(new AddressRange('10.96.0.0/16').contains(made.spec.clusterIP ?? ''));
    assert.deepEqual(made.spec.clusterIPs, [made.spec.clusterIP]);
    assert.deepEqual(made.spec.ipFamilies, ['IPv4']);
    assert.equal(made.spec.ipFamilyPolicy, 'SingleStack');
    assert.deepEqual(await records(), [made.spec.clusterIP]);
    await services.delete('default', 'a');
    assert.deepEqual(await records(), []);
  });

  it('honours what is asked for, and says what is taken or out of range', async () => {
    await services.create(service('a', { clusterIP: '10.96.0.10' }));
    await assert.rejects(services.create(service('b', { clusterIP: '10.96.0.10' })), {
      reason: 'Invalid',
      message:
        'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    });
    await assert.rejects(services.create(service('b', { clusterIP: '10.1.0.1' })), {
      message: /failed to allocate IP 10\.1\.0\.1: the provided network does not match the current range/,
    });
    await assert.rejects(services.create(service('b', { clusterIP: '10.96.0.0' })), {
      message:
        /the provided IP \(10\.96\.0\.0\) is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/16/,
    });
    const ports = [{ port: 80, nodePort: 30_080 }];
    await services.create(service('c', { type: 'NodePort', ports }));
    await assert.rejects(services.create(service('d', { type: 'NodePort', ports })), {
      message:
        'Service "d" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    });
    await assert.rejects(services.create(service('d', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })), {
      message: /provided port is not in the valid range\. The range of valid ports is 30000-32767/,
    });
    assert.equal((await records()).length, 3);
  });

  it('keeps the port for health checks that a client leaves out', async () => {
    const spec: ServiceSpec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
    const made = await services.create(service('a', spec));
    assert.ok(made.spec.healthCheckNodePort);
    const next = await services.update(service('a', spec));
    assert.equal(next.spec.healthCheckNodePort, made.spec.healthCheckNodePort);
    const elsewhere = { ...spec, healthCheckNodePort: made.spec.healthCheckNodePort === 32_000 ? 32_001 : 32_000 };
    await assert.rejects(
      services.update(service('a', elsewhere)),
      /spec\.healthCheckNodePort: Forbidden: field is immutable/,
    );
  });

  it('gives headless and external services no address', async () => {
    const headless = await services.create(service('a', { clusterIP: 'None' }));
    assert.deepEqual(headless.spec.clusterIPs, ['None']);
    const external = await services.create(
      service('b', { type: 'ExternalName', externalName: 'x.example', ports: [] }),
    );
    assert.equal(external.spec.clusterIPs, undefined);
    assert.deepEqual(await records(), []);
  });

  it('gives back what it claimed when the service is not written', async () => {
    await services.create(service('a'));
    const before = await records();
    await assert.rejects(services.create(service('a', { type: 'NodePort' })), { reason: 'AlreadyExists' });
    assert.deepEqual(await records(), before);
  });

  it('keeps addresses and ports over updates that leave them out', async () => {
    const made = await services.create(service('a', { type: 'NodePort' }));
    const { ports } = made.spec;
    const updated = await services.update(service('a', { type: 'NodePort', selector: { app: 'web' } }));
    assert.equal(updated.spec.clusterIP, made.spec.clusterIP);
    assert.deepEqual(updated.spec.ports, ports);
    await assert.rejects(
      services.update({ ...made, spec: { ...made.spec, clusterIP: '10.96.9.9', clusterIPs: ['10.96.9.9'] } }),
      {
        reason: 'Conflict',
      },
    );
    const moved = { ...updated, spec: { ...updated.spec, clusterIP: '10.96.9.9', clusterIPs: ['10.96.9.9'] } };
    await assert.rejects(services.update(moved), { message: /spec\.clusterIPs\[0\].*may not change once set/ });
  });

  it('claims and releases node ports as the type changes', async () => {
    const made = await services.create(service('a'));
    const open = await services.update({ ...made, spec: { ...made.spec, type: 'NodePort' } });
    const port = open.spec.ports?.[0]?.nodePort ?? 0;
    assert.ok(port >= 30_000 && port <= 32_767);
    const closed = await services.update({ ...open, spec: { ...open.spec, type: 'ClusterIP' } });
    assert.equal(closed.spec.ports?.[0]?.nodePort, undefined);
    assert.equal(closed.spec.externalTrafficPolicy, undefined);
    assert.deepEqual(await records(), [made.spec.clusterIP]);
    const external = { ...closed, spec: { ...closed.spec, type: 'ExternalName', externalName: 'x.example' } };
    assert.equal((await services.update(external)).spec.clusterIP, undefined);
    assert.deepEqual(await records(), []);
  });

  it('gives one node port to one port under two protocols', async () => {
    const ports = [
      { name: 'u', port: 53, protocol: 'UDP' },
      { name: 't', port: 53, protocol: 'TCP' },
    ];
    const made = await services.create(service('dns', { type: 'NodePort', ports }));
    assert.equal(made.spec.ports?.[0]?.nodePort, made.spec.ports?.[1]?.nodePort);
  });

  it('never hands out anything twice, whatever two servers do at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1), { minLength: 2, maxLength: 10 }), fc.nat(), async (turns, seed) => {
        const nodePorts = { first: 30_000, last: 30_012 };
        const one = await startRegistry({ serviceCidr: '10.0.0.0/28', nodePorts, random: sequence(seed) });
        const { store: memory, clock } = one;
        let uid = 0;
        const two = await startRegistry({
          memory,
          clock,
          serviceCidr: '10.0.0.0/28',
          nodePorts,
          random: sequence(seed),
          newUid: () => `of-two-${++uid}`,
        });
        const servers = [one, two].map(({ registry }) => registry.resource(kinds.services));
        const made = await Promise.all(
          turns.map((turn, index) => servers[turn]!.create(service(`s${index}`, { type: 'NodePort' }))),
        );
        assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, turns.length);
        assert.equal(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, turns.length);
        await Promise.all([one.stop(), two.stop()]);
      }),
      { numRuns: 25 },
    );
  });

  it('tells with an IPAddress who has an address, and respects those that others made', async () => {
    const addresses = harness.registry.resource(kinds.ipaddresses);
    const made = await services.create(service('a'));
    const { metadata, spec } = await addresses.get('', made.spec.clusterIP ?? '');
    assert.deepEqual(metadata.labels, {
      'ipaddress.kubernetes.io/ip-family': 'IPv4',
      'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
    });
    assert.deepEqual(spec.parentRef, { resource: 'services', namespace: 'default', name: 'a' });
    const parentRef = { group: 'example.com', resource: 'balancers', name: 'b' };
    await addresses.create({ metadata: { name: '10.96.0.77' }, spec: { parentRef } });
    await assert.rejects(services.create(service('b', { clusterIP: '10.96.0.77' })), {
      message: /failed to allocate IP 10\.96\.0\.77: provided IP is already allocated/,
    });
  });

  it('takes nothing in a dry run, and says what would be taken', async () => {
    const { clusterIP } = (await services.create(service('a', { type: 'NodePort' }), { dryRun: true })).spec;
    assert.ok(new AddressRange('10.96.0.0/16').contains(clusterIP ?? ''));
    assert.deepEqual(await records(), []);
    await services.create(service('b', { clusterIP: '10.96.0.10' }));
    await assert.rejects(services.create(service('c', { clusterIP: '10.96.0.10' }), { dryRun: true }), {
      reason: 'Invalid',
    });
  });

  describe('from further ranges', () => {
    const range = (name: string, cidr: string): ServiceCIDR => ({
      metadata: { name },
      spec: { cidrs: [cidr] },
      status: {},
    });
    const FIRST = '10.0.0.0/30';
    let ranges: GenericResource<ServiceCIDR>;

    beforeEach(async () => {
      await harness.stop();
      harness = await startRegistry({ serviceCidr: FIRST });
      services = harness.registry.resource(kinds.services);
      ranges = harness.registry.resource(kinds.servicecidrs);
    });

    const add = async (name: string, cidr: string): Promise<void> => {
      await ranges.create(range(name, cidr));
      await harness.settle(kinds.servicecidrs);
    };
    const where = async (name: string): Promise<string | undefined> => {
      await harness.settle(kinds.ipaddresses);
      return (await services.create(service(name))).spec.clusterIP?.replace(/\.\d+$/, '');
    };

    it('gives addresses when the first is full, and those that are asked for at any time', async () => {
      await add('more', '203.0.113.0/24');
      const asked = await services.create(service('asked', { clusterIP: '203.0.113.10' }));
      assert.equal(asked.spec.clusterIP, '203.0.113.10');
      assert.deepEqual([await where('a'), await where('b'), await where('c')], ['10.0.0', '10.0.0', '203.0.113']);
    });

    it('gives none of a range that is not ready, or is going', async () => {
      await add('unready', '203.0.113.0/24');
      const status = {
        conditions: [{ type: 'Ready', status: 'False', reason: 'No', message: '', lastTransitionTime: NOW }],
      };
      await ranges.mutate('', 'unready', (now) => ({ ...now, status }), { subresource: 'status' });
      await ranges.create({ ...range('going', '198.51.100.0/24'), metadata: { name: 'going', finalizers: ['a/b'] } });
      await ranges.delete('', 'going');
      await harness.settle(kinds.servicecidrs);
      for (const clusterIP of ['203.0.113.10', '198.51.100.1']) {
        await assert.rejects(services.create(service('x', { clusterIP })), {
          message: /does not match the current range/,
        });
      }
      await where('a');
      await where('b');
      await assert.rejects(where('c'), { message: /failed to allocate a serviceIP: range is full/ });
    });

    it('gives none of the first one when its own object is going', async () => {
      await ranges.create({ ...range('kubernetes', FIRST), metadata: { name: 'kubernetes', finalizers: ['a/b'] } });
      await ranges.delete('', 'kubernetes');
      await add('six', 'fd00::/112');
      await assert.rejects(where('a'), { message: /range is full/ });
      await add('more', '203.0.113.0/24');
      assert.equal(await where('a'), '203.0.113');
    });
  });

  it('says so when the range is full', async () => {
    await harness.stop();
    harness = await startRegistry({ serviceCidr: '10.0.0.0/30' });
    services = harness.registry.resource(kinds.services);
    await services.create(service('a'));
    await services.create(service('b'));
    await assert.rejects(services.create(service('c')), { message: /failed to allocate a serviceIP: range is full/ });
  });

  it('repairs what a crash left: adds lost records, drops old ones, keeps young ones', async () => {
    const made = await services.create(service('a', { type: 'NodePort' }));
    const key = `/allocations/nodeports/${made.spec.ports?.[0]?.nodePort}`;
    const entry = await harness.store.get(key);
    await harness.store.write({ key, expected: entry!.revision, value: null });
    const stray = { namespace: 'default', name: 'gone', uid: 'u', at: harness.clock.date().getTime() };
    const value = Buffer.from(JSON.stringify(stray));
    await harness.store.write({ key: '/allocations/nodeports/31000', expected: 0, value });
    assert.deepEqual(await harness.registry.repairAllocations(), { added: 1, dropped: 0, conflicts: 0 });
    harness.clock.advance(6 * 60_000);
    assert.deepEqual(await harness.registry.repairAllocations(), { added: 0, dropped: 1, conflicts: 0 });
    assert.deepEqual(await records(), [made.spec.clusterIP, String(made.spec.ports?.[0]?.nodePort)]);
  });
});

describe('registry: the address range', () => {
  it('names each usable address once, the lower ones last', () => {
    const range = new AddressRange('10.0.0.0/24');
    const all = [...range.candidates(sequence())];
    assert.equal(all.length, 254);
    assert.equal(new Set(all).size, 254);
    assert.ok(all.every((address) => range.contains(address)));
    assert.equal(all.at(-16), '10.0.0.1');
    assert.ok(!range.contains('10.0.0.0') && !range.contains('10.0.0.255') && !range.contains('10.0.1.1'));
    assert.throws(() => new AddressRange('fd00::/112'), /not a range of service addresses/);
  });
});
