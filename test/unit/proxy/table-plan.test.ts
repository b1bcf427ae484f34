import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Family, Frontend, Target } from '../../../node-agent/proxy/frontends.ts';
import { layoutOf } from '../../../node-agent/proxy/layout.ts';
import { NftFake } from '../../../node-agent/proxy/nft-fake.ts';
import { arrange, keepPlaces } from '../../../node-agent/proxy/slots.ts';
import { TablePlanner, type Wish } from '../../../node-agent/proxy/table-plan.ts';

const LAYOUT = layoutOf({
  clusterCidr: '10.244.0.0/16',
  bridge: 'cni0',
  tunnel: 'dure-vxlan',
});

function frontend(service: number, target: Target, family: Family = 'services'): Frontend {
  const port = family.endsWith('nodeports') ? `tcp . ${30000 + service}` : `10.96.0.${service} . tcp . 80`;
  return { family, protocol: 'tcp', key: port, target };
}

const balance = (...hosts: number[]): Target => ({
  type: 'balance',
  backends: hosts.map((host) => `10.244.0.${host} . 8080`),
  affinitySeconds: undefined,
  masquerade: false,
});
const sticky = (seconds: number, ...hosts: number[]): Target =>
  ({ ...balance(...hosts), affinitySeconds: seconds }) as Target;
const wish = (...frontends: Frontend[]): Wish => ({ frontends, hairpins: [], members: [] });

const targets: fc.Arbitrary<Target> = fc.oneof(
  fc.constant<Target>({ type: 'refuse' }),
  fc.constant<Target>({ type: 'drop' }),
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.constantFrom(undefined, 10, 10_800),
    )
    .map(([hosts, masquerade, affinitySeconds]): Target => {
      const target = balance(...hosts.toSorted((one, other) => one - other));
      return { ...target, masquerade, affinitySeconds } as Target;
    }),
);
/** Owners share some addresses on purpose: external ones may clash. */
const changes = fc.array(
  fc.record({
    owner: fc.constantFrom('a/x', 'a/y', 'b/z'),
    frontends: fc.uniqueArray(
      fc
        .tuple(fc.integer({ min: 1, max: 4 }), targets, fc.constantFrom<Family>('services', 'nodeports'))
        .map(([service, target, family]) => frontend(service, target, family)),
      { selector: ({ family, key }) => family + key, maxLength: 3 },
    ),
    hairpins: fc.uniqueArray(fc.constantFrom('10.244.0.1', '10.244.0.2'), { maxLength: 2 }),
    members: fc.uniqueArray(
      fc.constantFrom(
        { set: 'restricted', key: '192.0.2.1 . tcp . 80' } as const,
        { set: 'allowed', key: '192.0.2.1 . tcp . 80 . 10.0.0.0/8' } as const,
      ),
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('the plan of the table', () => {
  it('leads by small steps to the same table as all at once, and never fails', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (steps) => {
        const nft = new NftFake();
        const planner = new TablePlanner(LAYOUT);
        await nft.commit(planner.full(undefined, new Map()).steps);
        for (const { owner, ...change } of steps) await nft.commit(planner.update(owner, change).steps);

        const small = await nft.read();
        const verdicts = [...(small?.elements.get('services') ?? []), ...(small?.elements.get('nodeports') ?? [])];
        for (const [key, verdict] of verdicts) {
          const count = Number(/(\d+)$/.exec(verdict)?.[1] ?? 0);
          const family = key.startsWith('tcp') ? 'nodeports' : 'services';
          const membersOf = (set: string): [string, string][] =>
            [...(small?.elements.get(`${family}_${set}`) ?? [])].filter(([slot]) => slot.startsWith(`${key} . `));
          const isSticky = verdict.includes('_a');
          assert.equal(membersOf(isSticky ? 'tcp_slots' : 'tcp_places').length, 0);
          const places = new Map(membersOf('tcp_places'));
          const slots = isSticky
            ? membersOf('draws').map(([slot, mark]) => [slot, places.get(`${key} . ${mark}`) ?? ''] as const)
            : membersOf('tcp_slots');
          if (isSticky) assert.equal(places.size, count);
          assert.equal(slots.length, count);
          assert.deepEqual(
            new Set(slots.map(([slot]) => Number(slot.slice(key.length + 3)))),
            new Set(Array.from({ length: count }, (_, slot) => slot)),
          );
          assert.equal(new Set(slots.map(([, backend]) => backend)).size, count);
        }

        const wishes = new Map<string, Wish>();
        for (const { owner, ...change } of steps) wishes.set(owner, change);
        const uncontended = [...wishes.values()].flatMap(({ frontends }) =>
          frontends.map(({ family, key }) => family + key),
        );
        if (new Set(uncontended).size === uncontended.length) {
          const again = new TablePlanner(LAYOUT).full(small, wishes);
          assert.deepEqual(
            again.steps.filter((step) => 'key' in step),
            [],
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('touches a handful of elements when one endpoint of many is replaced', async () => {
    const nft = new NftFake();
    const planner = new TablePlanner(LAYOUT);
    const many = Array.from({ length: 20 }, (_, i) => i + 1);
    await nft.commit(planner.full(undefined, new Map([['a/x', wish(frontend(1, balance(...many)))]])).steps);
    const { steps } = planner.update('a/x', wish(frontend(1, balance(...many.slice(1), 99))));
    assert.deepEqual(steps, [
      { step: 'remove-element', set: 'services_tcp_slots', key: '10.96.0.1 . tcp . 80 . 0' },
      {
        step: 'add-element',
        set: 'services_tcp_slots',
        key: '10.96.0.1 . tcp . 80 . 0',
        value: '10.244.0.99 . 8080',
      },
    ]);
    await nft.commit(steps);
    assert.ok(planner.update('a/x', wish(frontend(1, balance(...many.slice(2), 99)))).steps.length <= 8);
  });

  it('leaves every remembered place where it was when one endpoint of many goes or comes', async () => {
    const nft = new NftFake();
    const planner = new TablePlanner(LAYOUT);
    await nft.commit(planner.full(undefined, new Map([['a/x', wish(frontend(1, sticky(60, 1, 2, 3, 4)))]])).steps);
    const places = async (): Promise<string[]> => {
      const found = (await nft.read())?.elements.get('services_tcp_places') ?? [];
      return [...found].map(([key, value]) => `${key.split(' . ').at(-1)} ${value.split('.')[3]?.trim()}`).toSorted();
    };
    assert.deepEqual(await places(), ['8192 1', '8193 2', '8194 3', '8195 4']);
    await nft.commit(planner.update('a/x', wish(frontend(1, sticky(60, 1, 3, 4)))).steps);
    assert.deepEqual(await places(), ['8192 1', '8194 3', '8195 4']);
    await nft.commit(planner.update('a/x', wish(frontend(1, sticky(60, 1, 3, 4, 5, 6)))).steps);
    assert.deepEqual(await places(), ['8192 1', '8193 5', '8194 3', '8195 4', '8196 6']);
  });

  it('replaces a table of another layout in one transaction', () => {
    const planner = new TablePlanner(LAYOUT);
    const { steps } = planner.full({ chains: new Set(['layout_0']), elements: new Map() }, new Map());
    assert.equal(steps[0]?.step, 'remove-table');
  });

  it('gives a contended address to the next in line when its holder goes', async () => {
    const nft = new NftFake();
    const planner = new TablePlanner(LAYOUT);
    const wishes = new Map([
      ['a/x', wish(frontend(1, balance(1)))],
      ['a/y', wish(frontend(1, balance(2)))],
    ]);
    await nft.commit(planner.full(undefined, wishes).steps);
    const backends = async (): Promise<string[]> => [
      ...((await nft.read())?.elements.get('services_tcp_slots')?.values() ?? []),
    ];
    assert.deepEqual(await backends(), ['10.244.0.1 . 8080']);
    await nft.commit(planner.update('a/x').steps);
    assert.deepEqual(await backends(), ['10.244.0.2 . 8080']);
  });

  it('names the UDP flows of a backend that left', () => {
    const planner = new TablePlanner(LAYOUT);
    const udp = (...hosts: number[]): Frontend => ({
      family: 'services',
      protocol: 'udp',
      key: '10.96.0.1 . udp . 53',
      target: balance(...hosts),
    });
    planner.full(undefined, new Map([['a/x', wish(udp(1, 2))]]));
    assert.deepEqual(planner.update('a/x', wish(udp(2))).stale, [
      { address: '10.96.0.1', port: 53, backend: '10.244.0.1' },
    ]);
  });
});

describe('TCP backends', () => {
  it('are named when they leave, once', () => {
    const planner = new TablePlanner(LAYOUT);
    const tcp = (port: number, ...hosts: number[]): Frontend => ({
      family: 'services',
      protocol: 'tcp',
      key: `10.96.0.1 . tcp . ${port}`,
      target: balance(...hosts),
    });
    planner.full(undefined, new Map([['a/x', wish(tcp(80, 1, 2))]]));
    const plan = planner.update('a/x', wish(tcp(80, 2)));
    assert.deepEqual(plan.left, ['10.244.0.1']);
    assert.deepEqual(plan.stale, []);
    assert.deepEqual(planner.update('a/x', wish(tcp(80, 2, 3))).left, []);
  });
});

describe('slots', () => {
  const hosts = fc.uniqueArray(fc.integer({ min: 1, max: 30 }).map(String), { minLength: 1, maxLength: 12 });

  it('keep what stays in place, each backend once', () => {
    fc.assert(
      fc.property(hosts, hosts, (before, wanted) => {
        const after = arrange(before, wanted);
        assert.deepEqual(after.toSorted(), wanted.toSorted());
        before.slice(0, wanted.length).forEach((backend, slot) => {
          if (wanted.includes(backend)) assert.equal(after[slot], backend);
        });
      }),
    );
  });

  it('never move where clients are remembered, and are filled before there are more', () => {
    fc.assert(
      fc.property(fc.array(hosts, { minLength: 1 }), fc.integer({ min: 1, max: 12 }), (lives, most) => {
        let places: (string | undefined)[] = [];
        for (const wanted of lives) {
          const before = places;
          places = keepPlaces(before, wanted, most);
          const taken = places.filter((backend) => backend !== undefined);
          assert.equal(taken.length, Math.min(most, wanted.length));
          assert.equal(new Set(taken).size, taken.length);
          assert.ok(taken.every((backend) => wanted.includes(backend)) && places.length <= most);
          before.forEach((backend, place) => {
            if (backend !== undefined && wanted.includes(backend)) assert.equal(places[place], backend);
          });
        }
      }),
    );
  });
});
