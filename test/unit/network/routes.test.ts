import assert from 'node:assert/strict';
import fc from 'fast-check';
import { blockTest, contains } from '../../../node-agent/network/address.ts';
import { conflistOf } from '../../../node-agent/network/cni.ts';
import { renderRouteStep } from '../../../node-agent/network/ip-command.ts';
import { planRoutes, type RouteState, type RouteStep, wantedRoutes } from '../../../node-agent/network/routes.ts';

const EMPTY: RouteState = { routes: new Map(), tunnel: undefined, neighbours: new Map(), forwarding: new Map() };
const uplink = { device: 'eth0', address: '192.0.2.1', cidr: '192.0.2.1/24', mtu: 1500 };
const base = { podCidr: '10.244.1.0/24', serviceBlocks: ['10.96.0.0/12'], uplink, tunnelDevice: 'dure-vxlan' };
const near = { name: 'near', podCidr: '10.244.2.0/24', address: '192.0.2.2' };
const far = { name: 'far', podCidr: '10.244.3.0/24', address: '198.51.100.3' };

/** What the kernel would hold after the steps. */
function after(state: RouteState, steps: readonly RouteStep[]): RouteState {
  const next = structuredClone(state);
  for (const step of steps) {
    if (step.step === 'add-tunnel') next.tunnel = step.tunnel;
    if (step.step === 'remove-tunnel') {
      for (const [key, { device }] of next.routes) if (device === 'dure-vxlan') next.routes.delete(key);
      next.tunnel = undefined;
      next.neighbours.clear();
      next.forwarding.clear();
    }
    if (step.step === 'set-route') next.routes.set(step.destination, step.route);
    if (step.step === 'remove-route') assert.ok(next.routes.delete(step.destination));
    if (step.step === 'set-neighbour') next.neighbours.set(step.address, step.hardware);
    if (step.step === 'remove-neighbour') assert.ok(next.neighbours.delete(step.address));
    if (step.step === 'set-forwarding') next.forwarding.set(step.hardware, step.to);
    if (step.step === 'remove-forwarding') assert.ok(next.forwarding.delete(step.hardware));
  }
  return next;
}

describe('routes to other nodes', () => {
  it('are plain on the link and tunnelled beyond it', () => {
    const wanted = wantedRoutes({ ...base, peers: [near, far] });
    assert.deepEqual(wanted.routes.get(near.podCidr), { device: 'eth0', via: '192.0.2.2' });
    assert.deepEqual(wanted.routes.get(far.podCidr), {
      device: 'dure-vxlan',
      via: '10.244.3.0',
      source: '10.244.1.0',
    });
    assert.equal(wanted.tunnel?.mtu, 1450);
    assert.deepEqual([...wanted.forwarding], [['02:d0:c6:33:64:03', '198.51.100.3']]);
  });

  it('need no tunnel when every node is near', () => {
    assert.equal(wantedRoutes({ ...base, peers: [near] }).tunnel, undefined);
  });

  it('say why a node is left out', () => {
    const peers = [
      { ...near, name: 'clash', podCidr: '10.244.1.128/25' },
      { ...near, name: 'six', podCidr: 'fd00::/64' },
      near,
      { ...far, name: 'twin', podCidr: near.podCidr },
    ];
    const { refused, routes } = wantedRoutes({ ...base, peers });
    assert.deepEqual(
      refused.map(({ name }) => name),
      ['clash', 'six', 'twin'],
    );
    assert.match(refused[0]?.reason ?? '', /overlaps with this node's own/);
    assert.equal(routes.get(near.podCidr)?.via, near.address);
  });

  it('change by no more than what is different, from any state to any other', () => {
    const peers = fc.subarray([near, far, { ...far, name: 'f2', podCidr: '10.244.4.0/24', address: '198.51.100.4' }]);
    const moved = fc
      .boolean()
      .map((away) => (away ? { ...uplink, address: '192.0.2.9', cidr: '192.0.2.9/32' } : uplink));
    fc.assert(
      fc.property(peers, peers, moved, (first, second, from) => {
        const { refused: _, ...before } = wantedRoutes({ ...base, uplink: from, peers: first });
        const { refused: __, ...wanted } = wantedRoutes({ ...base, peers: second });
        const reached = after(before, planRoutes(before, wanted));
        assert.deepEqual(planRoutes(reached, wanted), []);
        assert.deepEqual(new Set(reached.routes.keys()), new Set(wanted.routes.keys()));
      }),
    );
  });

  it('are written for ip and bridge', () => {
    const [service] = planRoutes(EMPTY, wantedRoutes({ ...base, peers: [] }));
    assert.ok(service);
    assert.deepEqual(renderRouteStep(service, 'dure-vxlan'), {
      program: 'ip',
      lines: ['route replace 10.96.0.0/12 dev lo src 192.0.2.1 proto 68'],
    });
  });
});

describe('a block test', () => {
  it('agrees with the library', () => {
    const byte = fc.nat(255);
    fc.assert(
      fc.property(byte, byte, byte, byte, fc.nat(32), fc.nat(32), (a, b, c, d, bits, flip) => {
        const cidr = `${a}.${b}.${c}.${d}/${bits}`;
        const address = `${a ^ (flip & 3)}.${b}.${c ^ flip}.${d}`;
        assert.equal(blockTest(cidr)(address), contains(cidr, address));
      }),
    );
    assert.equal(blockTest('0.0.0.0/0')('::1'), false);
  });
});

describe('the CNI configuration', () => {
  it('gives addresses of the node and leaves translation to the proxy', () => {
    const conflist = conflistOf({ podCidr: '10.244.1.0/24', bridge: 'cni0', mtu: 1450, ipamDirectory: '/x' });
    const [bridge, portmap] = (conflist as { plugins: Record<string, unknown>[] }).plugins;
    assert.deepEqual([bridge?.['ipMasq'], bridge?.['hairpinMode'], bridge?.['mtu']], [false, true, 1450]);
    assert.deepEqual(portmap?.['capabilities'], { portMappings: true });
  });
});
