import assert from 'node:assert/strict';
import { StatusError } from '../../../api/errors.ts';
import type { Node, Pod } from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../../api/types/policy.v1.ts';
import { World, makeNode, makePod } from './world.ts';

const NO_VICTIMS = 'No preemption victims found for incoming pod';

function running(name: string, cpu: string, node: string, priority: number, labels?: Record<string, string>): Pod {
  return makePod(name, { cpu }, { nodeName: node, priority }, labels);
}

function budget(
  app: string,
  disruptionsAllowed: number,
  disruptedPods: Record<string, string> = {},
): PodDisruptionBudget {
  return {
    metadata: { namespace: 'default', name: app },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed, disruptedPods, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  } as unknown as PodDisruptionBudget;
}

describe('preemption', () => {
  let world: World;
  const victims = (): string[] => world.preemptions.map(({ victim }) => victim).toSorted();
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.scheduler.stop());

  it('ends a less important pod, waits for it on its node, and takes its place', async () => {
    const preemptor = makePod('high', { cpu: '2' }, { priority: 100 });
    await world.start(makeNode('n1', { cpu: '3' }), running('low', '2', 'n1', 1), preemptor);
    assert.deepEqual(world.preemptions, [{ victim: 'low', preemptor: 'high', node: 'n1' }]);
    assert.equal(world.nominatedNodeOf('high'), 'n1');
    assert.equal(world.nodeOf('high'), undefined);
    assert.equal(world.refusals[0]?.message, '0/1 nodes are available: 1 Insufficient cpu.');
    await world.endLeaving();
    assert.equal(world.nodeOf('high'), 'n1');
    assert.equal(world.preemptions.length, 1);
  });

  it('takes no more than it needs, the least important first', async () => {
    await world.start(
      makeNode('n1', { cpu: '1' }),
      running('p1', '200m', 'n1', 1),
      running('p2', '300m', 'n1', 2),
      running('p3', '450m', 'n1', 3),
      makePod('p4', { cpu: '500m' }, { priority: 4 }),
    );
    assert.deepEqual(victims(), ['p1', 'p2']);
  });

  it('leaves pods of the same and of higher priority alone', async () => {
    await world.start(
      makeNode('n1', { cpu: '2' }),
      running('same', '1', 'n1', 5),
      running('higher', '1', 'n1', 6),
      makePod('pod', { cpu: '1' }, { priority: 5 }),
    );
    assert.deepEqual(world.preemptions, []);
    const why = `0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 ${NO_VICTIMS}.`;
    assert.equal(world.refusals[0]?.message, why);
  });

  it('does nothing for a pod whose policy is Never', async () => {
    const pod = makePod('pod', { cpu: '1' }, { priority: 5, preemptionPolicy: 'Never' });
    await world.start(makeNode('n1', { cpu: '1' }), running('low', '1', 'n1', 1), pod);
    assert.deepEqual(world.preemptions, []);
    assert.match(world.refusals[0]?.message ?? '', / preemption: not eligible due to preemptionPolicy=Never\.$/);
  });

  it('does not look at nodes that the end of a pod would not help', async () => {
    await world.start(
      makeNode('small', { cpu: '1' }),
      makeNode('tainted', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
      makeNode('full', { cpu: '2' }),
      running('a', '1', 'small', 1),
      running('b', '1', 'tainted', 1),
      running('c', '2', 'full', 9),
      makePod('pod', { cpu: '2' }, { priority: 5 }),
    );
    assert.deepEqual(world.preemptions, []);
    assert.equal(
      world.refusals[0]?.message.split(' preemption: ')[1],
      `0/3 nodes are available: 1 ${NO_VICTIMS}, 2 Preemption is not helpful for scheduling.`,
    );
  });

  it('prefers pods that no budget protects, and breaks a budget when it must', async () => {
    const labels = { app: 'web' };
    world.budgets.set('default/web', budget('web', 0));
    await world.start(
      makeNode('n1', { cpu: '1' }),
      makeNode('n2', { cpu: '1' }),
      running('guarded', '1', 'n1', 1, labels),
      running('free', '1', 'n2', 3),
      makePod('first', { cpu: '1' }, { priority: 5 }),
    );
    assert.deepEqual(victims(), ['free']);
    world.put(makePod('second', { cpu: '1' }, { priority: 5 }));
    await world.settle();
    assert.deepEqual(victims(), ['free', 'guarded']);
  });

  it('lets a budget allow what it allows', async () => {
    const labels = { app: 'web' };
    world.budgets.set('default/web', budget('web', 1));
    await world.start(
      makeNode('n1', { cpu: '2' }),
      running('a', '1', 'n1', 1, labels),
      running('b', '1', 'n1', 2, labels),
      makePod('pod', { cpu: '1' }, { priority: 5 }),
    );
    assert.equal(victims().length, 1);
  });

  const choices: [string, Pod[], string][] = [
    ['whose most important victim is the least so', [running('a', '2', 'n1', 3), running('b', '2', 'n2', 2)], 'b'],
    [
      'whose victims sum up to the least',
      [running('a', '1', 'n1', 3), running('a2', '1', 'n1', 3), running('b', '2', 'n2', 3)],
      'b',
    ],
    [
      'whose victim has started last',
      [
        { ...running('a', '2', 'n1', 3), status: { startTime: '2026-01-01T00:00:00Z' } },
        { ...running('b', '2', 'n2', 3), status: { startTime: '2026-01-02T00:00:00Z' } },
      ],
      'b',
    ],
  ];
  for (const [what, pods, expected] of choices) {
    it(`chooses the node ${what}`, async () => {
      const nodes = [makeNode('n1', { cpu: '2' }), makeNode('n2', { cpu: '2' })];
      await world.start(...nodes, ...pods, makePod('pod', { cpu: '2' }, { priority: 9 }));
      assert.deepEqual(victims(), [expected]);
    });
  }

  describe('keeps the nominated room', () => {
    beforeEach(async () => {
      await world.start(
        makeNode('n1', { cpu: '2' }),
        running('low', '2', 'n1', 1),
        makePod('high', { cpu: '2' }, { priority: 100 }),
      );
      assert.equal(world.nominatedNodeOf('high'), 'n1');
    });

    it('from pods of lower and of the same priority', async () => {
      world.put(makePod('medium', { cpu: '1' }, { priority: 50 }));
      world.put(makePod('equal', { cpu: '1' }, { priority: 100 }));
      await world.endLeaving();
      assert.equal(world.nodeOf('high'), 'n1');
      assert.equal(world.nodeOf('medium'), undefined);
      assert.equal(world.nodeOf('equal'), undefined);
      assert.deepEqual(victims(), ['low']);
    });

    it('after another scheduler has taken over', async () => {
      await world.restart();
      world.put(makePod('medium', { cpu: '1' }, { priority: 50 }));
      await world.endLeaving();
      assert.equal(world.nodeOf('high'), 'n1');
      assert.equal(world.nodeOf('medium'), undefined);
      assert.deepEqual(victims(), ['low']);
    });

    it('when only some of its victims are gone', async () => {
      world.put(makeNode('n2', { cpu: '2' }));
      for (const name of ['x', 'y']) world.put(running(name, '1', 'n2', 1));
      world.put(makePod('other', { cpu: '2' }, { priority: 100 }));
      await world.settle();
      assert.equal(world.nominatedNodeOf('other'), 'n2');
      for (const isRestarted of [false, true]) {
        if (isRestarted) await world.restart();
        world.put(makePod(`small-${isRestarted}`, { cpu: '1' }, { priority: 50 }));
        if (!isRestarted) world.deletePod('x');
        await world.settle();
        assert.equal(world.nodeOf(`small-${isRestarted}`), undefined);
      }
      world.deletePod('y');
      await world.settle();
      assert.equal(world.nodeOf('other'), 'n2');
    });

    it('when its binding fails', async () => {
      world.failing.set('high', new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'no etcd' }));
      world.put(makePod('medium', { cpu: '1' }, { priority: 50 }));
      await world.endLeaving();
      assert.equal(world.nodeOf('high'), undefined);
      assert.equal(world.nodeOf('medium'), undefined);
      world.clock.advance(200);
      await world.settle();
      assert.equal(world.nodeOf('high'), 'n1');
    });

    it('for the pod itself, wherever else there is room by then', async () => {
      world.put(makeNode('n2', { cpu: '4' }));
      world.deletePod('low');
      await world.settle();
      assert.equal(world.nodeOf('high'), 'n1');
    });

    it('until the node can not take it any more', async () => {
      world.put(makeNode('n1', { cpu: '2', taints: [{ key: 'gone', effect: 'NoSchedule' }] }));
      await world.endLeaving();
      assert.equal(world.nodeOf('high'), undefined);
      assert.equal(world.nominatedNodeOf('high'), undefined);
    });

    it('and says so when it looks again', async () => {
      world.put(makeNode('n2', { cpu: '1' }));
      await world.settle();
      assert.match(
        world.refusals.at(-1)?.message ?? '',
        / preemption: not eligible due to a terminating pod on the nominated node\.$/,
      );
      assert.equal(world.nominatedNodeOf('high'), 'n1');
    });

    it('not from more important ones, which end the nomination', async () => {
      world.put(makePod('higher', { cpu: '1' }, { priority: 200 }));
      await world.settle();
      assert.equal(world.nominatedNodeOf('higher'), 'n1');
      assert.equal(world.nominatedNodeOf('high'), undefined);
      await world.endLeaving();
      assert.equal(world.nodeOf('higher'), 'n1');
      assert.equal(world.nodeOf('high'), undefined);
      assert.deepEqual(victims(), ['low']);
    });

    it('until the pod is deleted', async () => {
      world.put(makePod('medium', { cpu: '1' }, { priority: 50 }));
      await world.settle();
      world.deletePod('high');
      await world.endLeaving();
      assert.equal(world.nodeOf('medium'), 'n1');
    });
  });

  it('goes elsewhere when there is room before its victims are gone', async () => {
    await world.start(
      makeNode('n1', { cpu: '1' }),
      running('low', '1', 'n1', 1),
      makePod('high', { cpu: '1' }, { priority: 9 }),
      makePod('other', { cpu: '1' }, { priority: 2 }),
    );
    assert.equal(world.nominatedNodeOf('high'), 'n1');
    world.put(makeNode('n2', { cpu: '1' }));
    await world.settle();
    assert.equal(world.nodeOf('high'), 'n2');
    await world.endLeaving();
    assert.equal(world.nodeOf('other'), 'n1');
  });

  it('waits for pods that end anyway instead of ending others', async () => {
    const ending = running('ending', '1', 'n1', 3);
    await world.start(
      makeNode('n1', { cpu: '2' }),
      running('low', '1', 'n1', 1),
      { ...ending, metadata: { ...ending.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      makePod('high', { cpu: '1' }, { priority: 9 }),
    );
    assert.deepEqual(world.preemptions, []);
    assert.equal(world.nominatedNodeOf('high'), 'n1');
    await world.endLeaving();
    assert.equal(world.nodeOf('high'), 'n1');
  });

  it('gives replicas of one template victims of their own', async () => {
    const replicas = ['r1', 'r2', 'r3'].map((name) => makePod(name, { cpu: '1' }, { priority: 9 }));
    const low = ['a', 'b', 'c', 'd'].map((name) => running(name, '1', 'n1', 1));
    await world.start(makeNode('n1', { cpu: '4' }), ...low, ...replicas);
    assert.equal(victims().length, 3);
    assert.equal(new Set(victims()).size, 3);
    await world.endLeaving();
    assert.deepEqual(
      replicas.map(({ metadata }) => world.nodeOf(metadata.name ?? '')),
      ['n1', 'n1', 'n1'],
    );
    assert.equal(victims().length, 3);
  });

  it('notices victims that are gone before it is told that they go', async () => {
    world.endsAtOnce = true;
    const preemptor = makePod('high', { cpu: '2' }, { priority: 100 });
    await world.start(makeNode('n1', { cpu: '2' }), running('low', '2', 'n1', 1), preemptor);
    assert.equal(world.nodeOf('high'), 'n1');
  });

  it('tries again when a victim could not be ended', async () => {
    world.failing.set('low', new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'no etcd' }));
    const preemptor = makePod('high', { cpu: '2' }, { priority: 100 });
    await world.start(makeNode('n1', { cpu: '3' }), running('low', '2', 'n1', 1), preemptor);
    assert.deepEqual(world.preemptions, []);
    world.clock.advance(200);
    await world.settle();
    await world.endLeaving();
    assert.equal(world.nodeOf('high'), 'n1');
  });

  it('counts extended resources, and host ports', async () => {
    const resource = { 'example.com/device': '2' };
    const node = makeNode('n1');
    Object.assign(node.status.allocatable ?? {}, { 'example.com/device': '3' });
    const port = (name: string, priority: number): Pod =>
      makePod(name, resource, {
        priority,
        containers: [
          {
            name: 'main',
            resources: { requests: resource },
            ports: [{ containerPort: 1, hostPort: 80, protocol: 'TCP' }],
          },
        ],
      } as Partial<Pod['spec']>);
    await world.start(node, port('low', 1));
    assert.equal(world.nodeOf('low'), 'n1');
    world.put(makePod('device', resource, { priority: 0 }));
    await world.settle();
    assert.match(world.refusals.at(-1)?.message ?? '', /1 Insufficient example\.com\/device\./);
    world.put(port('high', 2));
    await world.settle();
    await world.endLeaving();
    assert.deepEqual(victims(), ['low']);
    assert.equal(world.nodeOf('high'), 'n1');
  });
});

describe('a search for victims among many nodes', () => {
  const NODES = 500;
  let world: World;
  /** Turns of the event loop that the scheduler has had for the search. */
  let turns: number;
  beforeEach(() => {
    world = new World();
    turns = 0;
    // Each look at the clock takes so long that a turn has room for one step.
    let time = 0;
    world.clock.now = () => (time += 15);
  });
  afterEach(() => world.scheduler.stop());

  const high = makePod('high', { cpu: '2' }, { priority: 100 });
  const name = (index: number): string => `n${index}`;
  const full = (prioritized: (index: number) => number): (Node | Pod)[] =>
    Array.from({ length: NODES }, (_, index) => [
      makeNode(name(index), { cpu: '2' }),
      running(`p${index}`, '2', name(index), prioritized(index)),
    ]).flat();
  /** Until the search is over; `between` is called once, when a part of the nodes has been looked at. */
  const search = async (between: () => void = () => undefined): Promise<void> => {
    world.put(high);
    do {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
      if (turns === 2) between();
    } while (world.scheduler.counts().ready > 0);
    assert.ok(turns > 2);
    await world.settle();
  };

  it('gives everybody else a turn in between, and finds what it would have found at once', async () => {
    await world.start(...full((index) => (index === 321 ? 1 : 200)));
    await search();
    assert.deepEqual(world.preemptions, [{ victim: 'p321', preemptor: 'high', node: name(321) }]);
    assert.ok(turns >= NODES / 50 - 2, `${turns} turns`);
  });

  it('says after all turns why there are none', async () => {
    await world.start(...full(() => 200));
    await search();
    assert.equal(
      world.refusals.at(-1)?.message,
      `0/${NODES} nodes are available: ${NODES} Insufficient cpu. ` +
        `preemption: 0/${NODES} nodes are available: ${NODES} ${NO_VICTIMS}.`,
    );
    assert.ok(turns >= NODES / 50 - 2, `${turns} turns`);
  });

  it('goes by what is there at its end', async () => {
    await world.start(...full((index) => 1 + (index % 2)));
    await search(() => {
      for (let index = 0; index < NODES; index += 2) {
        world.deletePod(`p${index}`);
        world.put(running(`new${index}`, '2', name(index), 200));
      }
    });
    assert.equal(world.preemptions.length, 1);
    assert.equal(Number(world.preemptions[0]?.victim.slice(1)) % 2, 1);
  });

  it('is tried again when something left during it', async () => {
    await world.start(...full(() => 200));
    await search(() => world.deletePod('p3'));
    assert.equal(world.nodeOf('high'), name(3));
  });

  it('ends with the pod', async () => {
    await world.start(...full(() => 1));
    await search(() => world.deletePod('high'));
    assert.deepEqual(world.preemptions, []);
  });

  it('begins anew when a node has changed', async () => {
    await world.start(...full((index) => (index === 321 ? 1 : 200)));
    await search(() => world.put(makeNode(name(321), { cpu: '2', unschedulable: true })));
    world.clock.advance(10_000);
    await world.settle();
    assert.deepEqual(world.preemptions, []);
    world.put(makeNode(name(321), { cpu: '2' }));
    await world.settle();
    assert.deepEqual(world.preemptions, [{ victim: 'p321', preemptor: 'high', node: name(321) }]);
  });
});
