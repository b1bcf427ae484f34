import assert from 'node:assert/strict';

import fc from 'fast-check';

import { kinds } from '../../../api/kinds.ts';
import type { Node, Pod, Service } from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { EndpointSliceController } from '../../../control-plane/controllers/endpointslice/endpointslice.ts';
import { MAX_ENDPOINTS, packEndpoints } from '../../../control-plane/controllers/endpointslice/pack.ts';
import { planEndpointSlices } from '../../../control-plane/controllers/endpointslice/plan.ts';
import { aMoment } from './moment.ts';
import { World, aPod, settle } from './world.ts';

function aService(spec: Partial<Service['spec']> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'service' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
    status: { loadBalancer: {} },
  };
}

function aNode(name: string, ready: boolean): Node {
  return {
    metadata: { name, labels: { 'topology.kubernetes.io/zone': 'z1' } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
  } as unknown as Node;
}

function created(service: Service, pods: Pod[], ready = true): EndpointSlice[] {
  const nodeOf = (): { ready: boolean; zone: string } => ({ ready, zone: 'z1' });
  const { actions } = planEndpointSlices({ service, pods, slices: [], nodeOf }, aMoment());
  return actions.flatMap((action) => (action.do === 'create' ? [action.object as EndpointSlice] : []));
}

describe('endpoint slice controller', () => {
  it('says of each pod whether it is ready, serving, terminating', () => {
    const leaving = aPod('leaving', { node: 'a' });
    leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    const [slice] = created(aService(), [
      aPod('up', { node: 'a' }),
      aPod('down', { node: 'a', ready: false }),
      leaving,
    ]);
    const rows = slice?.endpoints.map(({ targetRef, conditions }) => [
      targetRef?.name,
      conditions.ready,
      conditions.serving,
      conditions.terminating,
    ]);
    assert.deepEqual(rows, [
      ['up', true, true, false],
      ['down', false, false, false],
      ['leaving', false, true, true],
    ]);
    assert.deepEqual(slice?.ports, [{ name: '', protocol: 'TCP', port: 8080 }]);
    assert.equal(slice?.endpoints[0]?.zone, 'z1');
  });

  it('publishes what is not ready when asked to, and names pods of a subdomain', () => {
    const pod = aPod('db', { node: 'a', ready: false });
    pod.spec.hostname = 'db-0';
    pod.spec.subdomain = 'web';
    const [slice] = created(aService({ clusterIP: 'None', publishNotReadyAddresses: true }), [pod]);
    assert.deepEqual([slice?.endpoints[0]?.conditions.ready, slice?.endpoints[0]?.hostname], [true, 'db-0']);
    assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '');
  });

  it('groups pods by what a named port is on each', () => {
    const withPort = (name: string, containerPort: number): Pod => {
      const pod = aPod(name, { node: 'a' });
      pod.spec.containers[0]!.ports = [{ name: 'http', containerPort }];
      return pod;
    };
    const slices = created(aService({ ports: [{ port: 80, targetPort: 'http' }] }), [
      withPort('a', 1),
      withPort('bb', 2),
      withPort('ccc', 1),
    ]);
    const rows = slices.map(({ ports, endpoints }) => [ports[0]?.port, endpoints.length]);
    assert.deepEqual(rows, [
      [1, 2],
      [2, 1],
    ]);
  });

  it('keeps one empty slice for a service without pods', () => {
    const [slice] = created(aService(), []);
    assert.deepEqual(slice?.endpoints, []);
  });

  it('leaves services without a selector alone', () => {
    assert.deepEqual(created(aService({ selector: {} }), [aPod('up')]), []);
  });

  it('takes the endpoints of a lost node out as soon as the node says so', async () => {
    const world = new World();
    world.of(kinds.nodes).seed(aNode('a', true));
    world.of(kinds.pods).seed(aPod('up', { node: 'a' }));
    world.of(kinds.services).seed(aService());
    const runner = world.runner(new EndpointSliceController({ registry: world }));
    await runner.start();
    await settle();
    const ready = (): (boolean | undefined)[] =>
      world.all(kinds.endpointslices).flatMap(({ endpoints }) => endpoints.map(({ conditions }) => conditions.ready));
    assert.deepEqual(ready(), [true]);
    await world.resource(kinds.nodes).mutate('', 'a', () => aNode('a', false), { subresource: 'status' });
    await settle();
    assert.deepEqual(ready(), [false]);
    await runner.stop();
  });

  it('moves no endpoint that stays and writes no slice without need', () => {
    const endpoint = (id: number) => ({ addresses: [`10.0.${id}.1`], conditions: {}, targetRef: { uid: `pod-${id}` } });
    const ids = fc.uniqueArray(fc.nat(400), { maxLength: 300 });
    const law = fc.property(ids, ids, (before, after) => {
      const group = (list: number[]) => [{ addressType: 'IPv4' as const, ports: [], endpoints: list.map(endpoint) }];
      const slices = packEndpoints([], group(before), ['IPv4']).kept.map(({ endpoints }, index): EndpointSlice => ({
        metadata: { name: `s${index}` },
        addressType: 'IPv4',
        ports: [],
        endpoints: [...endpoints],
      }));
      const { kept } = packEndpoints(slices, group(after), ['IPv4']);
      const placeOf = new Map(
        slices.flatMap(({ metadata, endpoints }) => endpoints.map(({ targetRef }) => [targetRef?.uid, metadata.name])),
      );
      const seen: (string | undefined)[] = [];
      for (const { slice, endpoints } of kept) {
        assert.ok(endpoints.length <= MAX_ENDPOINTS);
        for (const { targetRef } of endpoints) {
          seen.push(targetRef?.uid);
          const place = placeOf.get(targetRef?.uid);
          if (place) assert.equal(slice?.metadata.name, place);
        }
      }
      assert.equal(seen.length, after.length);
      assert.deepEqual(new Set(seen), new Set(after.map((id) => `pod-${id}`)));
    });
    fc.assert(law, { numRuns: 100 });
  });
});
