import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Affinity, Namespace, Pod, PodAffinityTerm, PodSpec } from '../../../api/types/core.v1.ts';
import { podAffinity, preferredPodAffinity } from '../../../control-plane/scheduler/plugins/pod-affinity.ts';
import { podInfo } from '../../../control-plane/scheduler/pod-info.ts';
import { Snapshot } from '../../../control-plane/scheduler/snapshot.ts';
import { World, makeNode, makePod } from './world.ts';

const ZONE = 'zone';
const HOST = 'kubernetes.io/hostname';

function term(app: string, topologyKey = ZONE, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm {
  return { topologyKey, labelSelector: { matchLabels: { app } }, ...more };
}

function near(...terms: PodAffinityTerm[]): Partial<PodSpec> {
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } };
}

function apart(...terms: PodAffinityTerm[]): Partial<PodSpec> {
  return { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } };
}

function preferring(side: 'podAffinity' | 'podAntiAffinity', podAffinityTerm: PodAffinityTerm): Partial<PodSpec> {
  const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 100, podAffinityTerm }];
  return { affinity: { [side]: { preferredDuringSchedulingIgnoredDuringExecution } } };
}

function on(node: string, name: string, app: string, spec: Partial<PodSpec> = {}): Pod {
  return makePod(name, {}, { nodeName: node, ...spec }, { app });
}

function namespace(team: string): Namespace {
  return { metadata: { name: 'default', labels: { team } }, spec: {}, status: {} };
}

const nodes = ['a1', 'a2', 'b1'].map((name) => makeNode(name, { labels: { zone: name[0] ?? '' } }));
const PREEMPTION = / preemption: .*/;

describe('pod affinity', () => {
  let world: World;
  const why = (): string | undefined => world.refusals.at(-1)?.message.replace(PREEMPTION, '');
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.scheduler.stop());

  it('brings a pod to where another one is', async () => {
    await world.start(...nodes, on('b1', 'db', 'db'), makePod('web', {}, near(term('db'))));
    assert.equal(world.nodeOf('web'), 'b1');
  });

  it('keeps a pod away from where another one is', async () => {
    await world.start(...nodes, on('a1', 'noisy', 'noisy'), makePod('quiet', {}, apart(term('noisy'))));
    assert.equal(world.nodeOf('quiet'), 'b1');
  });

  it('keeps a pod away from one that does not want it', async () => {
    await world.start(
      ...nodes,
      on('a1', 'quiet', 'quiet', apart(term('noisy'))),
      makePod('noisy', {}, {}, { app: 'noisy' }),
    );
    assert.equal(world.nodeOf('noisy'), 'b1');
  });

  it('lets the first pod of a group that wants to be together go anywhere, and holds the others to it', async () => {
    const group = ['1', '2', '3', '4'].map((name) => makePod(name, {}, near(term('group')), { app: 'group' }));
    await world.start(...nodes, ...group);
    const zones = new Set(group.map(({ metadata }) => world.nodeOf(metadata.name ?? '')?.[0]));
    assert.equal(zones.size, 1);
    assert.ok(!zones.has(undefined));
  });

  it('spreads replicas that do not want each other, one template though they are', async () => {
    const replicas = ['1', '2', '3', '4'].map((name) => makePod(name, {}, apart(term('web', HOST)), { app: 'web' }));
    await world.start(...nodes, ...replicas);
    const taken = replicas.map(({ metadata }) => world.nodeOf(metadata.name ?? ''));
    assert.deepEqual(new Set(taken.slice(0, 3)), new Set(['a1', 'a2', 'b1']));
    assert.equal(taken[3], undefined);
    assert.equal(why(), "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.");
  });

  it('says why in the words of Kubernetes', async () => {
    await world.start(...nodes, makePod('lonely', {}, near(term('nobody'))));
    const unmatched = "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.";
    assert.equal(
      world.refusals.at(-1)?.message,
      `${unmatched} preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`,
    );
    for (const node of ['a1', 'b1']) world.put(on(node, `guard-${node}`, 'guard', apart(term('web'))));
    world.put(makePod('web', {}, {}, { app: 'web' }));
    await world.settle();
    assert.equal(why(), "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.");
  });

  it('sees only pods of the namespaces that a term names or selects', async () => {
    world.namespaces.set('default', namespace('red'));
    const other = { ...term('db'), namespaces: ['elsewhere'] };
    const selecting = (team: string): PodAffinityTerm => ({
      ...term('db'),
      namespaceSelector: { matchLabels: { team } },
    });
    await world.start(
      ...nodes,
      on('b1', 'db', 'db'),
      makePod('named', {}, near(other)),
      makePod('red', {}, near(selecting('red'))),
      makePod('blue', {}, near(selecting('blue'))),
      makePod('any', {}, near({ ...term('db'), namespaceSelector: {} })),
    );
    assert.deepEqual(
      ['named', 'red', 'blue', 'any'].map((name) => world.nodeOf(name)),
      [undefined, 'b1', undefined, 'b1'],
    );
    world.namespaces.set('default', namespace('blue'));
    await world.settle();
    assert.equal(world.nodeOf('blue'), 'b1');
  });

  it('prefers nodes near to and far from others, from both sides', async () => {
    await world.start(
      ...nodes,
      on('b1', 'db', 'db', preferring('podAffinity', term('friend'))),
      makePod('near', {}, preferring('podAffinity', term('db'))),
      makePod('far', {}, preferring('podAntiAffinity', term('db'))),
      makePod('friend', {}, {}, { app: 'friend' }),
    );
    assert.equal(world.nodeOf('near'), 'b1');
    assert.equal(world.nodeOf('far')?.[0], 'a');
    assert.equal(world.nodeOf('friend'), 'b1');
  });

  describe('with more terms than anybody needs', () => {
    const many = (count: number): PodAffinityTerm[] =>
      Array.from({ length: count }, (_, index) => term(`app-${index}`, HOST));

    it('holds a hundred, and says that it holds no more', async () => {
      const taken = on('a1', 'taken', 'app-99');
      await world.start(...nodes.slice(0, 2), taken, makePod('most', {}, apart(...many(100))));
      assert.equal(world.nodeOf('most'), 'a2');
      world.put(makePod('more', {}, apart(...many(101))));
      await world.settle();
      assert.equal(world.nodeOf('more'), undefined);
      assert.equal(
        why(),
        '0/2 nodes are available: ' +
          '2 node(s) were not compared with more than 100 required pod affinity or anti-affinity terms.',
      );
    });

    it('compares others with a hundred of those that a pod brings along which is on a node already', async () => {
      const guard = on('a1', 'guard', 'guard', apart(...many(1000)));
      const pods = ['app-99', 'app-100'].map((app) => makePod(app, {}, { nodeSelector: { [HOST]: 'a1' } }, { app }));
      await world.start(...nodes, guard, ...pods);
      assert.equal(world.nodeOf('app-99'), undefined);
      assert.equal(world.nodeOf('app-100'), 'a1');
    });

    it('prefers by the first hundred', async () => {
      const preferredDuringSchedulingIgnoredDuringExecution = many(1000).map((podAffinityTerm) => ({
        weight: 100,
        podAffinityTerm,
      }));
      const affinity = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution } };
      const others = [on('a1', 'x', 'app-100'), on('a1', 'y', 'app-101'), on('b1', 'z', 'app-99')];
      await world.start(...nodes, ...others, makePod('pod', {}, { affinity }));
      assert.equal(world.nodeOf('pod'), 'b1');
    });
  });

  describe('tries a refused pod again when', () => {
    const rack = { rack: '1' };
    const helped: [string, Partial<PodSpec>, () => void][] = [
      ['a pod that it wants has come', near(term('db')), () => world.put(on('a2', 'db', 'db'))],
      ['the scheduler has placed one', near(term('db')), () => world.put(makePod('db', {}, {}, { app: 'db' }))],
      ['a pod has got the label', near(term('db')), () => world.put(on('a2', 'other', 'db'))],
      ['a node has got the label', near(term('noisy', 'rack')), () => world.put(makeNode('a1', { labels: rack }))],
      ['one that it does not want has gone', apart(term('noisy')), () => world.deletePod('noisy')],
      ['one that it does not want is another now', apart(term('noisy')), () => world.put(on('a1', 'noisy', 'calm'))],
    ];
    for (const [what, spec, happen] of helped) {
      it(what, async () => {
        const others = [on('a1', 'noisy', 'noisy'), on('a2', 'other', 'other')];
        await world.start(...nodes.slice(0, 2), ...others, makePod('pod', {}, spec));
        assert.equal(world.nodeOf('pod'), undefined);
        happen();
        await world.settle();
        assert.ok(world.nodeOf('pod'));
      });
    }

    it('its own labels are others', async () => {
      const guards = nodes.map(({ metadata: { name = '' } }) => on(name, `guard-${name}`, 'guard', apart(term('web'))));
      await world.start(...nodes, ...guards, makePod('pod', {}, {}, { app: 'web' }));
      assert.equal(world.nodeOf('pod'), undefined);
      world.put(makePod('pod', {}, {}, { app: 'calm' }));
      await world.settle();
      assert.ok(world.nodeOf('pod'));
    });

    it('but not when it was another pod', async () => {
      await world.start(...nodes, makePod('pod', {}, near(term('db'))));
      const told = world.refusals.length;
      world.put(makePod('other', {}, {}, { app: 'other' }));
      world.put(on('a1', 'third', 'third'));
      await world.settle();
      world.deletePod('third');
      assert.deepEqual(world.scheduler.counts(), { ready: 0, waiting: 1 });
      assert.equal(world.refusals.length, told);
    });
  });

  it('lets a more important pod preempt one that it can not be with', async () => {
    const [node = makeNode('a1')] = nodes;
    await world.start(
      node,
      makePod('low', {}, { nodeName: 'a1', priority: 1 }, { app: 'noisy' }),
      makePod('bystander', {}, { nodeName: 'a1', priority: 1 }, { app: 'other' }),
      makePod('high', {}, { ...apart(term('noisy')), priority: 9 }),
    );
    assert.deepEqual(
      world.preemptions.map(({ victim }) => victim),
      ['low'],
    );
    await world.endLeaving();
    assert.equal(world.nodeOf('high'), 'a1');
  });

  it('keeps nominated pods and those that they do not want apart', async () => {
    const [node = makeNode('a1')] = nodes;
    await world.start(
      node,
      makePod('low', {}, { nodeName: 'a1', priority: 1 }, { app: 'noisy' }),
      makePod('high', {}, { ...apart(term('noisy')), priority: 9 }),
    );
    assert.equal(world.nominatedNodeOf('high'), 'a1');
    world.put(makePod('late', {}, { priority: 2 }, { app: 'noisy' }));
    await world.endLeaving();
    assert.equal(world.nodeOf('high'), 'a1');
    assert.equal(world.nodeOf('late'), undefined);
  });
});

describe('pod affinity, counted as pods come and go', () => {
  const app = fc.constantFrom('x', 'y', 'z');
  const someTerm = fc.record({
    app,
    key: fc.constantFrom(ZONE, HOST),
    where: fc.constantFrom('own' as const, 'other' as const, 'red' as const, 'all' as const),
  });
  type SomeTerm = typeof someTerm extends fc.Arbitrary<infer T> ? T : never;
  const terms = fc.array(someTerm, { maxLength: 2 });
  const somePod = fc.record({ app, namespace: fc.constantFrom('one', 'two'), near: terms, apart: terms, liked: terms });
  type SomePod = typeof somePod extends fc.Arbitrary<infer T> ? T : never;
  const NODES = [
    { name: 'n0', zone: 'a' },
    { name: 'n1', zone: 'a' },
    { name: 'n2', zone: 'b' },
    { name: 'n3', zone: undefined },
  ];
  const RED = 'two';

  const termOf = ({ app: wanted, key, where }: SomeTerm): PodAffinityTerm =>
    term(wanted, key, {
      ...(where === 'other' && { namespaces: ['two'] }),
      ...(where === 'red' && { namespaceSelector: { matchLabels: { team: 'red' } } }),
      ...(where === 'all' && { namespaceSelector: {} }),
    });
  const podOf = (index: number, some: SomePod): Pod => {
    const affinity: Affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: some.near.map(termOf),
        preferredDuringSchedulingIgnoredDuringExecution: some.liked.map((each) => ({
          weight: 10,
          podAffinityTerm: termOf(each),
        })),
      },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: some.apart.map(termOf) },
    };
    const pod = makePod(`p${index}`, {}, { affinity }, { app: some.app });
    return { ...pod, metadata: { ...pod.metadata, namespace: some.namespace } };
  };
  const isAbout = (each: SomeTerm, owner: SomePod, other: SomePod): boolean => {
    const isThere = {
      own: other.namespace === owner.namespace,
      other: other.namespace === 'two',
      red: other.namespace === RED,
      all: true,
    };
    return each.app === other.app && isThere[each.where];
  };
  const domainOf = (key: string, row: number): string | undefined =>
    key === HOST ? NODES[row]?.name : NODES[row]?.zone;
  interface Placed {
    some: SomePod;
    row: number;
  }
  const sameDomain = (key: string, a: number, b: number): boolean =>
    domainOf(key, a) !== undefined && domainOf(key, a) === domainOf(key, b);

  /** By the definition, looking at every pod. */
  function expected(incoming: SomePod, placed: readonly Placed[], row: number): string | undefined {
    const matching = placed.filter(({ some }) => incoming.near.every((each) => isAbout(each, incoming, some)));
    if (incoming.near.length > 0) {
      const hasLabels = incoming.near.every(({ key }) => domainOf(key, row) !== undefined);
      const isMet = incoming.near.every(({ key }) => matching.some((other) => sameDomain(key, row, other.row)));
      const isNowhere = incoming.near.every(
        ({ key }) => !matching.some((other) => domainOf(key, other.row) !== undefined),
      );
      const isFirst = isNowhere && incoming.near.every((each) => isAbout(each, incoming, incoming));
      if (!hasLabels || !(isMet || isFirst)) return "node(s) didn't match pod affinity rules";
    }
    const clashes = incoming.apart.some((each) =>
      placed.some(({ some, row: there }) => isAbout(each, incoming, some) && sameDomain(each.key, row, there)),
    );
    if (clashes) return "node(s) didn't match pod anti-affinity rules";
    const isUnwanted = placed.some(({ some, row: there }) =>
      some.apart.some((each) => isAbout(each, some, incoming) && sameDomain(each.key, row, there)),
    );
    return isUnwanted ? "node(s) didn't satisfy existing pods anti-affinity rules" : undefined;
  }

  function liking(incoming: SomePod, placed: readonly Placed[], row: number): number {
    let sum = 0;
    for (const { some, row: there } of placed) {
      const count = (list: readonly SomeTerm[], owner: SomePod, other: SomePod): number =>
        list.filter((each) => isAbout(each, owner, other) && sameDomain(each.key, row, there)).length;
      sum += 10 * count(incoming.liked, incoming, some) + 10 * count(some.liked, some, incoming);
      sum += count(some.near, some, incoming);
    }
    return sum;
  }

  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ some: somePod, row: fc.nat(NODES.length - 1) }) },
    { weight: 1, arbitrary: fc.record({ gone: fc.nat(10) }) },
  );

  it('is what looking at every pod would find', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 15 }),
        fc.array(somePod, { minLength: 1, maxLength: 3 }),
        (steps, asked) => {
          const snapshot = new Snapshot();
          snapshot.namespaces.set('one', {});
          snapshot.namespaces.set(RED, { team: 'red' });
          for (const { name, zone } of NODES) snapshot.setNode(makeNode(name, { labels: zone ? { zone } : {} }));
          const placed = new Map<string, Placed>();
          const check = (): void => {
            for (const [index, some] of asked.entries()) {
              const info = podInfo(podOf(1000 + index, some));
              const filter = podAffinity.prepare(info, snapshot);
              const score = preferredPodAffinity.prepare(info, snapshot);
              const all = [...placed.values()];
              for (const row of NODES.keys()) {
                assert.equal(filter?.(row)?.reasons[0], expected(some, all, row));
                for (const other of NODES.keys()) {
                  if (liking(some, all, row) < liking(some, all, other)) continue;
                  assert.ok((score?.(row) ?? 0) >= (score?.(other) ?? 0), 'whoever is liked more scores no less');
                }
              }
              const narrowed = podAffinity.narrow?.(info, snapshot);
              for (const row of NODES.keys()) if (narrowed?.includes(row) === false) assert.ok(filter?.(row));
            }
          };
          check();
          for (const [index, each] of steps.entries()) {
            if ('some' in each) {
              snapshot.place(podInfo(podOf(index, each.some)), NODES[each.row]?.name ?? '');
              placed.set(`uid-p${index}`, each);
            } else {
              const uid = [...placed.keys()][each.gone];
              if (uid) snapshot.remove(uid);
              if (uid) placed.delete(uid);
            }
            check();
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
