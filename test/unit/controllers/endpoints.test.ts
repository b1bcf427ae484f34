import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import type { Endpoints, Node, Pod, Service } from '../../../api/types/core.v1.ts';
import { EndpointSliceMirroring } from '../../../control-plane/controllers/endpointslice-mirroring/endpointslice-mirroring.ts';
import { EndpointsController } from '../../../control-plane/controllers/endpoints/endpoints.ts';
import { planEndpoints } from '../../../control-plane/controllers/endpoints/plan.ts';
import { MAX_ADDRESSES } from '../../../control-plane/controllers/endpoints/subsets.ts';
import type { Controller } from '../../../control-plane/controllers/controller.ts';
import { World, aPod, settle } from './world.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

function aService(spec: Partial<Service['spec']> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'service', labels: { team: 'a' } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec },
    status: { loadBalancer: {} },
  };
}

function podWith(name: string, ports: Record<string, number>, ready = true): Pod {
  const pod = aPod(name, { node: 'a', ready });
  const [container] = pod.spec.containers;
  assert.ok(container);
  container.ports = Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort }));
  return pod;
}

function aNode(): Node {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  return { metadata: { name: 'a' }, spec: {}, status } as unknown as Node;
}

function handMade(subsets: Endpoints['subsets'], labels: Record<string, string> = {}): Endpoints {
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'web', namespace: 'default', labels }, subsets };
}

async function running(world: World, controller: Controller, story: () => Promise<void>): Promise<void> {
  const runner = world.runner(controller);
  await runner.start();
  await settle();
  await story();
  await runner.stop();
}

describe('endpoints controller', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
    world.of(kinds.nodes).seed(aNode());
  });

  const subsets = (): Endpoints['subsets'] => world.all(kinds.endpoints)[0]?.subsets;

  it('keeps one subset for each number that a named port has, ready addresses apart from others', async () => {
    world.of(kinds.pods).seed(podWith('a', { http: 3000 }));
    world.of(kinds.pods).seed(podWith('bbb', { http: 3001, other: 3002 }));
    world.of(kinds.pods).seed(podWith('cc', { http: 3001 }, false));
    world.of(kinds.pods).seed(podWith('dddd', { other: 1 }));
    world.of(kinds.services).seed(aService());
    await running(world, new EndpointsController({ registry: world }), async () => {
      const rows = subsets()?.map(({ addresses, notReadyAddresses, ports }) => [
        addresses?.map(({ ip, nodeName, targetRef }) => [ip, nodeName, targetRef?.name]),
        notReadyAddresses?.map(({ ip }) => ip),
        ports,
      ]);
      assert.deepEqual(rows, [
        [[['10.0.0.1', 'a', 'a']], undefined, [{ name: 'http', port: 3000, protocol: 'TCP' }]],
        [[['10.0.0.3', 'a', 'bbb']], ['10.0.0.2'], [{ name: 'http', port: 3001, protocol: 'TCP' }]],
      ]);
      const [made] = world.all(kinds.endpoints);
      assert.deepEqual(made?.metadata.labels, {
        team: 'a',
        'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
      });
      await world.resource(kinds.pods).delete('default', 'a', { gracePeriodSeconds: 0 });
      await settle();
      assert.deepEqual(subsets()?.length, 1);
    });
  });

  it('keeps an object without subsets for a service without pods, until the service goes', async () => {
    world.of(kinds.services).seed(aService());
    await running(world, new EndpointsController({ registry: world }), async () => {
      assert.deepEqual([world.all(kinds.endpoints).length, subsets()], [1, undefined]);
      await world.resource(kinds.services).delete('default', 'web');
      await settle();
      assert.equal(world.all(kinds.endpoints).length, 0);
    });
  });

  it('leaves alone what was made by hand without a service, and what leaders are elected by', async () => {
    await running(world, new EndpointsController({ registry: world }), async () => {
      await world.resource(kinds.endpoints).create(handMade([{ addresses: [{ ip: '10.0.0.9' }] }]));
      await settle();
      assert.equal(world.all(kinds.endpoints).length, 1);
    });
    const elected = handMade([]);
    elected.metadata.annotations = { 'control-plane.alpha.kubernetes.io/leader': '{}' };
    world.of(kinds.endpoints).seed(elected);
    await running(world, new EndpointsController({ registry: world }), async () => {
      assert.equal(world.all(kinds.endpoints).length, 1);
    });
  });

  it('publishes what is not ready when asked to, and pods on their way out only then', () => {
    const leaving = podWith('a', { http: 1 });
    leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    const ips = (publishNotReadyAddresses: boolean): unknown => {
      const service = aService({ publishNotReadyAddresses });
      const pods = [leaving, podWith('bb', { http: 1 }, false)];
      const nodeOf = (): { ready: boolean; zone: undefined } => ({ ready: true, zone: undefined });
      const [action] = planEndpoints({ service, pods, endpoints: undefined, nodeOf }).actions;
      assert.ok(action?.do === 'create');
      const [subset] = (action.object as Endpoints).subsets ?? [];
      return [subset?.addresses?.map(({ ip }) => ip), subset?.notReadyAddresses?.map(({ ip }) => ip)];
    };
    assert.deepEqual(ips(true), [['10.0.0.1', '10.0.0.2'], undefined]);
    assert.deepEqual(ips(false), [undefined, ['10.0.0.2']]);
  });

  it('holds no more addresses than an object shall, ready ones first, and says so', () => {
    const pods = Array.from({ length: MAX_ADDRESSES + 5 }, (_, index) => {
      const pod = podWith(`p${index}`, { http: 1 }, index >= 10);
      return { ...pod, status: { ...pod.status, podIP: `10.1.${index >> 8}.${index & 255}` } };
    });
    const nodeOf = (): { ready: boolean; zone: undefined } => ({ ready: true, zone: undefined });
    const [action] = planEndpoints({ service: aService(), pods, endpoints: undefined, nodeOf }).actions;
    assert.ok(action?.do === 'create');
    const { metadata, subsets: made } = action.object as Endpoints;
    const counts = [made?.[0]?.addresses?.length, made?.[0]?.notReadyAddresses?.length];
    assert.deepEqual(counts, [MAX_ADDRESSES - 5, 5]);
    assert.equal(metadata.annotations?.['endpoints.kubernetes.io/over-capacity'], 'truncated');
  });
});

describe('endpoint slice mirroring', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  const addresses = (): string[][] =>
    world.all(kinds.endpointslices).map((slice) => slice.endpoints.flatMap((endpoint) => endpoint.addresses));
  const mirroring = (): Controller => new EndpointSliceMirroring({ registry: world });
  const unselected = (): Service => aService({ selector: undefined } as Partial<Service['spec']>);

  it('follows Endpoints that were made, changed and deleted by hand', async () => {
    world.of(kinds.services).seed(unselected());
    await running(world, mirroring(), async () => {
      const made = handMade([{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80, protocol: 'TCP' }] }], { a: 'b' });
      await world.resource(kinds.endpoints).create(made);
      await settle();
      assert.deepEqual(addresses(), [['10.1.2.3']]);
      const [slice] = world.all(kinds.endpointslices);
      assert.deepEqual(slice?.ports, [{ name: '', port: 80, protocol: 'TCP' }]);
      assert.deepEqual(slice?.metadata.labels, {
        a: 'b',
        [SERVICE_LABEL]: 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      });
      assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'Endpoints');
      const changed = [
        { addresses: [{ ip: '10.2.3.4' }, { ip: '2001:db8::1' }], ports: [{ port: 80, protocol: 'TCP' }] },
        { notReadyAddresses: [{ ip: '10.2.3.5' }, { ip: '10.2.3.4' }], ports: [{ port: 80, protocol: 'TCP' }] },
      ];
      await world.resource(kinds.endpoints).mutate('default', 'web', (old) => ({ ...old, subsets: changed }));
      await settle();
      assert.deepEqual(addresses(), [['10.2.3.4', '10.2.3.5'], ['2001:db8::1']]);
      const [first] = world.all(kinds.endpointslices);
      assert.deepEqual(
        first?.endpoints.map(({ conditions }) => conditions.ready),
        [true, false],
      );
      await world.resource(kinds.endpoints).delete('default', 'web');
      await settle();
      assert.deepEqual(addresses(), []);
    });
  });

  it('mirrors nothing for a service with a selector, without a service, or when asked not to', async () => {
    const subset = [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80, protocol: 'TCP' }] }];
    world.of(kinds.endpoints).seed(handMade(subset));
    await running(world, mirroring(), async () => {
      assert.deepEqual(addresses(), []);
      await world.resource(kinds.services).create(unselected());
      await settle();
      assert.deepEqual(addresses(), [['10.1.2.3']]);
      await world.resource(kinds.services).mutate('default', 'web', () => aService());
      await settle();
      assert.deepEqual(addresses(), []);
      await world.resource(kinds.services).mutate('default', 'web', unselected);
      await settle();
      assert.deepEqual(addresses(), [['10.1.2.3']]);
      const skip = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
      await world.resource(kinds.endpoints).mutate('default', 'web', () => handMade(subset, skip));
      await settle();
      assert.deepEqual(addresses(), []);
    });
  });
});
