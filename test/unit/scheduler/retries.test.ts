import assert from 'node:assert/strict';
import type { Pod } from '../../../api/types/core.v1.ts';
import { World, makeNode, makePod } from './world.ts';

function on(node: string, name: string, cpu: string, priority = 0, labels?: Record<string, string>): Pod {
  return makePod(name, { cpu }, { nodeName: node, priority }, labels);
}

describe('what is freed', () => {
  let world: World;
  const refused = (): number => world.attempts.get('unschedulable') ?? 0;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.scheduler.stop());

  it('is tried by as many pods as it holds and one more', async () => {
    const running = ['a', 'b', 'c', 'd'].map((name) => on('n1', name, '1'));
    const waiting = Array.from({ length: 50 }, (_, index) => makePod(`w${index}`, { cpu: '1' }));
    await world.start(makeNode('n1', { cpu: '4' }), ...running, ...waiting);
    const first = refused();
    for (const gone of ['a', 'b']) {
      world.deletePod(gone);
      await world.settle();
    }
    assert.deepEqual(
      ['w0', 'w1', 'w2'].map((name) => world.nodeOf(name)),
      ['n1', 'n1', undefined],
    );
    assert.equal(refused() - first, 2);
    world.deletePod('c');
    world.deletePod('d');
    await world.settle();
    assert.deepEqual(
      ['w2', 'w3', 'w4'].map((name) => world.nodeOf(name)),
      ['n1', 'n1', undefined],
    );
  });

  it('goes to the next of its like when the one that is tried is deleted meanwhile', async () => {
    const waiting = ['w0', 'w1'].map((name) => makePod(name, { cpu: '1' }));
    await world.start(makeNode('n1', { cpu: '1' }), on('n1', 'full', '1'), ...waiting);
    world.deletePod('full');
    world.deletePod('w0');
    await world.settle();
    assert.equal(world.nodeOf('w1'), 'n1');
  });

  it('goes to one that no pod on a node minds, when such a pod minds another of its template', async () => {
    const guard = makePod(
      'guard',
      {},
      {
        nodeName: 'n1',
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'noisy' } } },
            ],
          },
        },
      },
    );
    await world.start(
      makeNode('n1', { cpu: '1' }),
      on('n1', 'full', '1'),
      makePod('noisy', { cpu: '1' }, {}, { app: 'noisy' }),
      makePod('calm', { cpu: '1' }, {}, { app: 'calm' }),
      guard,
    );
    world.deletePod('full');
    await world.settle();
    assert.equal(world.nodeOf('noisy'), undefined);
    assert.equal(world.nodeOf('calm'), 'n1');
  });

  it('is not tried at all by pods for which there is still too little', async () => {
    await world.start(
      makeNode('n1', { cpu: '4' }),
      ...['a', 'b', 'c', 'd'].map((name) => on('n1', name, '1', 9)),
      makePod('big', { cpu: '3' }, { priority: 9 }),
    );
    const first = refused();
    for (const gone of ['a', 'b']) {
      world.deletePod(gone);
      await world.settle();
    }
    assert.equal(refused(), first);
    world.deletePod('c');
    await world.settle();
    assert.equal(world.nodeOf('big'), 'n1');
  });

  it('lets a pod preempt the rest of what it needs', async () => {
    await world.start(
      makeNode('n1', { cpu: '4' }),
      on('n1', 'higher', '2', 9),
      on('n1', 'lower', '2', 1),
      makePod('pod', { cpu: '3' }, { priority: 5 }),
    );
    assert.deepEqual(world.preemptions, []);
    world.deletePod('higher');
    await world.settle();
    await world.endLeaving();
    assert.equal(world.nodeOf('pod'), 'n1');
  });

  it('lets a pod preempt elsewhere, when only its rules were against it there', async () => {
    const apart = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'noisy' } } },
        ],
      },
    };
    await world.start(
      makeNode('small', { cpu: '1', labels: { zone: 'a' } }),
      makeNode('big', { cpu: '4', labels: { zone: 'a' } }),
      on('small', 'noisy', '1', 9, { app: 'noisy' }),
      on('big', 'lower', '4', 1),
      makePod('pod', { cpu: '3' }, { priority: 5, affinity: apart }),
    );
    assert.deepEqual(world.preemptions, []);
    world.deletePod('noisy');
    await world.settle();
    await world.endLeaving();
    assert.equal(world.nodeOf('pod'), 'big');
  });

  it('is tried less and less often while that is for nothing, and never missed', async () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    await world.start(makeNode('n1', { taints }), makePod('pod'));
    const first = refused();
    const disturb = async (value: string): Promise<void> => {
      world.put(makeNode('n1', { taints: [{ key: 'gpu', value, effect: 'NoSchedule' }] }));
      await world.settle();
    };
    const times: number[] = [];
    for (let at = 0; at <= 40_000; at += 500) {
      const before = refused();
      await disturb(`${at}`);
      if (refused() > before) times.push(at);
      world.clock.advance(500);
      await world.settle();
    }
    assert.ok(refused() - first <= 9, `${refused() - first} tries`);
    assert.equal(times[0], 0, 'the first is at once');
    world.put(makeNode('n1'));
    await world.settle();
    assert.equal(world.nodeOf('pod'), undefined);
    world.clock.advance(10_000);
    await world.settle();
    assert.equal(world.nodeOf('pod'), 'n1');
  });

  it('is looked at again by a pod that waits for its victims when a more important one came before it', async () => {
    await world.start(
      makeNode('n1', { cpu: '2' }),
      on('n1', 'low-1', '1', 1),
      on('n1', 'low-2', '1', 1),
      makePod('pod', { cpu: '2' }, { priority: 5 }),
    );
    assert.equal(world.nominatedNodeOf('pod'), 'n1');
    world.put(on('n1', 'higher', '1', 9));
    await world.endLeaving();
    assert.equal(world.nodeOf('pod'), undefined);
    assert.equal(world.nominatedNodeOf('pod'), undefined);
  });
});
