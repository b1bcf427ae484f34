import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import type { Pod, PodSpec } from '../../../api/types/core.v1.ts';
import { bytesOf, milliOf } from '../../../api/machinery/quantity.ts';
import { World, makeNode, makePod } from './world.ts';

describe('the scheduler', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.scheduler.stop());

  it('spreads the pods of one controller over the nodes', async () => {
    const owner = {
      metadata: {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true }],
      },
    };
    const pods = ['a', 'b', 'c'].map((name) => {
      const pod = makePod(name);
      return { ...pod, metadata: { ...pod.metadata, ...owner.metadata } };
    });
    await world.start(makeNode('n1'), makeNode('n2'), makeNode('n3'), ...pods);
    assert.deepEqual(new Set(['a', 'b', 'c'].map((name) => world.nodeOf(name))), new Set(['n1', 'n2', 'n3']));
  });

  it('prefers the emptier node', async () => {
    const running = makePod('running', { cpu: '3' }, { nodeName: 'n1' });
    await world.start(makeNode('n1'), makeNode('n2'), running, makePod('a', { cpu: '500m' }));
    assert.equal(world.nodeOf('a'), 'n2');
  });

  it('takes pods of higher priority first', async () => {
    await world.start(
      makeNode('n1', { cpu: '1' }),
      makePod('low', { cpu: '1' }),
      makePod('high', { cpu: '1' }, { priority: 10 }),
    );
    assert.equal(world.nodeOf('high'), 'n1');
    assert.equal(world.nodeOf('low'), undefined);
  });

  describe('places by rule', () => {
    const zone = (name: string): ReturnType<typeof makeNode> =>
      makeNode(`node-${name}`, { labels: { zone: name, size: '8' } });
    const required = (key: string, operator: string, ...values: string[]): Partial<PodSpec> => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
          },
        },
      },
    });
    const cases: [string, Partial<PodSpec>, string | undefined][] = [
      ['nodeSelector', { nodeSelector: { zone: 'b' } }, 'node-b'],
      ['nodeSelector that nothing has', { nodeSelector: { zone: 'x' } }, undefined],
      ['affinity In', required('zone', 'In', 'b', 'x'), 'node-b'],
      ['affinity NotIn', required('zone', 'NotIn', 'a'), 'node-b'],
      ['affinity Gt', required('size', 'Gt', '8'), undefined],
      ['affinity Lt', { ...required('size', 'Lt', '9'), nodeSelector: { zone: 'b' } }, 'node-b'],
      ['affinity DoesNotExist', required('zone', 'DoesNotExist'), undefined],
      [
        'preferred affinity',
        {
          affinity: {
            nodeAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 100, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] } },
              ],
            },
          },
        },
        'node-b',
      ],
      [
        'a term without expressions',
        { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } } },
        undefined,
      ],
    ];
    for (const [what, spec, expected] of cases) {
      it(what, async () => {
        await world.start(zone('a'), zone('b'), makePod('pod', {}, spec));
        assert.equal(world.nodeOf('pod'), expected);
      });
    }
  });

  it('keeps off tainted and cordoned nodes unless the pod tolerates it', async () => {
    const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }];
    const tolerations = [{ key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }];
    await world.start(
      makeNode('n1', { taints }),
      makeNode('n2', { unschedulable: true }),
      makePod('a'),
      makePod('b', {}, { tolerations }),
    );
    assert.equal(world.nodeOf('a'), undefined);
    assert.equal(world.nodeOf('b'), 'n1');
    assert.equal(
      world.refusals[0]?.message,
      '0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. ' +
        'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    );
  });

  it('puts two pods with the same host port on two nodes, and says why a third has none', async () => {
    const spec = {
      containers: [{ name: 'main', resources: {}, ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }],
    };
    await world.start(
      makeNode('n1'),
      makeNode('n2'),
      ...['a', 'b', 'c'].map((name) => makePod(name, {}, spec as Partial<PodSpec>)),
    );
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => world.nodeOf(name)),
      ['n1', 'n2', undefined],
    );
    assert.match(world.refusals[0]?.message ?? '', /2 node\(s\) didn't have free ports/);
  });

  it('takes a pod whose zone had too many once the zone without any is gone', async () => {
    const spread: Partial<PodSpec> = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    };
    const small = makeNode('small', { cpu: '1', labels: { zone: 'b' } });
    await world.start(
      makeNode('large', { labels: { zone: 'a' } }),
      small,
      makePod('full', { cpu: '1' }, { nodeName: 'small' }),
      makePod('first', { cpu: '1' }, spread, { app: 'web' }),
      makePod('second', { cpu: '1' }, spread, { app: 'web' }),
    );
    const isWaiting = (name: string): boolean => world.nodeOf(name) === undefined;
    assert.equal(['first', 'second'].filter(isWaiting).length, 1);
    world.nodes.delete('small');
    await world.settle();
    assert.equal(['first', 'second'].filter(isWaiting).length, 0);
  });

  it('holds topology spread constraints', async () => {
    const spec: Partial<PodSpec> = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    };
    const nodes = ['a1', 'a2', 'b1'].map((name) => makeNode(name, { labels: { zone: name[0] ?? '' } }));
    const pods = ['1', '2', '3', '4', '5', '6'].map((name) => makePod(name, {}, spec, { app: 'web' }));
    await world.start(...nodes, ...pods);
    const inA = pods.filter((pod) => world.nodeOf(pod.metadata.name ?? '')?.startsWith('a')).length;
    assert.equal(inA, 3);
  });

  describe('with more topology spread constraints than anybody needs', () => {
    const spreading = (count: number, whenUnsatisfiable: string): Partial<PodSpec> => ({
      topologySpreadConstraints: Array.from({ length: count }, (_, index) => ({
        maxSkew: 1,
        topologyKey: `key-${index}`,
        whenUnsatisfiable,
        labelSelector: { matchLabels: { app: 'web' } },
      })),
    });
    const labels = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`key-${index}`, 'x']));

    it('holds a hundred, and says that it holds no more', async () => {
      await world.start(makeNode('n1', { labels }), makePod('most', {}, spreading(100, 'DoNotSchedule')));
      assert.equal(world.nodeOf('most'), 'n1');
      world.put(makePod('more', {}, spreading(101, 'DoNotSchedule')));
      await world.settle();
      assert.equal(world.nodeOf('more'), undefined);
      assert.match(
        world.refusals[0]?.message ?? '',
        /^0\/1 nodes are available: 1 node\(s\) were not compared with more than 100 topology spread constraints that must hold\./,
      );
    });

    it('prefers by the first hundred', async () => {
      const zones = (zone: string): Record<string, string> => ({ ...labels, 'key-99': zone });
      await world.start(
        makeNode('n1', { labels: { ...zones('a'), 'key-100': 'a' } }),
        makeNode('n2', { labels: { ...zones('b'), 'key-100': 'b' } }),
        makePod('there', {}, { nodeName: 'n1' }, { app: 'web' }),
        makePod('most', {}, spreading(1000, 'ScheduleAnyway'), { app: 'web' }),
      );
      assert.equal(world.nodeOf('most'), 'n2');
    });
  });

  describe('binds a pod that names its node', () => {
    const named = (...values: string[]): Partial<PodSpec> => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }],
          },
        },
      },
    });

    it('to that one, or to the best of several', async () => {
      const nodes = [makeNode('n1'), makeNode('n2'), makeNode('n3')];
      const busy = makePod('busy', { cpu: '3' }, { nodeName: 'n2' });
      await world.start(...nodes, busy, makePod('one', {}, named('n2')), makePod('best', {}, named('n2', 'n3')));
      assert.equal(world.nodeOf('one'), 'n2');
      assert.equal(world.nodeOf('best'), 'n3');
    });

    it('with what else holds there: says why not, and waits for that node only', async () => {
      const full = ['n1', 'n2'].map((node) => makePod(`full-${node}`, { cpu: '4' }, { nodeName: node }));
      await world.start(makeNode('n1'), makeNode('n2'), ...full, makePod('pod', { cpu: '1' }, named('n2')));
      assert.equal(
        world.refusals[0]?.message,
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. " +
          'preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, ' +
          '1 Preemption is not helpful for scheduling.',
      );
      world.deletePod('full-n1');
      assert.deepEqual(world.scheduler.counts(), { ready: 0, waiting: 1 });
      world.deletePod('full-n2');
      await world.settle();
      assert.equal(world.nodeOf('pod'), 'n2');
    });

    it('when the node has come', async () => {
      await world.start(makeNode('n1'), makePod('pod', {}, named('n2')));
      assert.equal(world.nodeOf('pod'), undefined);
      world.put(makeNode('n2'));
      await world.settle();
      assert.equal(world.nodeOf('pod'), 'n2');
    });
  });

  it('counts a pod where somebody else has bound it', async () => {
    await world.start(makeNode('n1', { cpu: '1' }));
    const pod = makePod('pod', { cpu: '1' });
    world.failing.set('pod', new StatusError({ code: 409, reason: 'Conflict', message: 'bound already' }));
    world.onAttempt = () => {
      world.put(makeNode('n2', { cpu: '1' }));
      world.put({ ...pod, spec: { ...pod.spec, nodeName: 'n2' } });
    };
    world.put(pod);
    await world.settle();
    world.put(makePod('next', { cpu: '1' }));
    await world.settle();
    assert.equal(world.nodeOf('next'), 'n1');
  });

  it('finds the pods of a node that was deleted still on it when it is back', async () => {
    const node = makeNode('n1', { cpu: '1' });
    await world.start(node, makePod('old', { cpu: '1' }));
    world.nodes.delete('n1');
    world.put(node);
    world.put(makePod('new', { cpu: '1' }));
    await world.settle();
    assert.equal(world.nodeOf('new'), undefined);
    world.deletePod('old');
    await world.settle();
    assert.equal(world.nodeOf('new'), 'n1');
  });

  it('takes no node for one because a pod names it', async () => {
    const nodes = ['n1', 'n2', 'n3'].map((name) => makeNode(name, { cpu: '1' }));
    const lost = makePod('lost', {}, { nodeName: 'n4' });
    await world.start(...nodes, lost, makePod('elsewhere', {}, { nodeName: 'nowhere' }));
    world.put({ ...lost, metadata: { ...lost.metadata, labels: { changed: 'yes' } } });
    world.put(makePod('big', { cpu: '2' }));
    await world.settle();
    assert.match(world.refusals[0]?.message ?? '', /^0\/3 nodes are available: 3 Insufficient cpu\./);
  });

  it('chooses in turn, or by chance, for the profiles that say so', async () => {
    const pods = ['1', '2', '3', '4'].map((name) => makePod(name, {}, { schedulerName: 'round-robin' }));
    const chance = makePod('chance', {}, { schedulerName: 'random' });
    await world.start(makeNode('n1'), makeNode('n2'), makeNode('n3'), ...pods, chance);
    assert.deepEqual(
      ['1', '2', '3', '4'].map((name) => world.nodeOf(name)),
      ['n1', 'n2', 'n3', 'n1'],
    );
    assert.equal(world.nodeOf('chance'), 'n2');
  });

  it('leaves pods of other schedulers and gated ones alone', async () => {
    const gated = makePod('gated', {}, { schedulingGates: [{ name: 'wait' }] });
    await world.start(makeNode('n1'), makePod('other', {}, { schedulerName: 'mine' }), gated);
    assert.equal(world.nodeOf('other'), undefined);
    assert.equal(world.nodeOf('gated'), undefined);
    assert.equal(world.refusals[0]?.reason, 'SchedulingGated');
    world.put(makePod('gated'));
    await world.settle();
    assert.equal(world.nodeOf('gated'), 'n1');
  });

  describe('counts a pod that has been resized', () => {
    const sized = (cpu: string, given: string): Pod => ({
      ...makePod('sized', { cpu }, { nodeName: 'n1' }),
      status: { containerStatuses: [{ name: 'main', allocatedResources: { cpu: given } }] } as unknown as Pod['status'],
    });
    const ask = async (): Promise<void> => {
      world.put(makePod('next', { cpu: '600m' }));
      await world.settle();
    };

    it('down once its node has given up the room', async () => {
      await world.start(makeNode('n1', { cpu: '1' }), sized('1', '1'));
      world.put(sized('300m', '1'));
      await ask();
      assert.equal(world.nodeOf('next'), undefined);
      world.put(sized('300m', '300m'));
      await world.settle();
      assert.equal(world.nodeOf('next'), 'n1');
    });

    it('up at once', async () => {
      await world.start(makeNode('n1', { cpu: '1' }), sized('300m', '300m'));
      world.put(sized('500m', '300m'));
      await ask();
      assert.equal(world.nodeOf('next'), undefined);
    });

    it('as a whole', async () => {
      const whole = (cpu: string): Pod => makePod('whole', {}, { nodeName: 'n1', resources: { requests: { cpu } } });
      await world.start(makeNode('n1', { cpu: '1' }), whole('1'));
      await ask();
      assert.equal(world.nodeOf('next'), undefined);
      world.put(whole('300m'));
      await world.settle();
      assert.equal(world.nodeOf('next'), 'n1');
    });
  });

  describe('tries a refused pod again when', () => {
    const full = makePod('full', { cpu: '1' }, { nodeName: 'n1' });
    const events: [string, () => void][] = [
      ['a pod is deleted', () => world.deletePod('full')],
      ['a pod has ended', () => world.put({ ...full, status: { phase: 'Succeeded' } })],
      ['a node is added', () => world.put(makeNode('n2'))],
      ['a node has grown', () => world.put(makeNode('n1', { cpu: '2' }))],
      ['a pod has shrunk', () => world.put(makePod('full', {}, { nodeName: 'n1' }))],
    ];
    for (const [what, happen] of events) {
      it(what, async () => {
        await world.start(makeNode('n1', { cpu: '1' }), full, makePod('a', { cpu: '1' }));
        assert.match(world.refusals[0]?.message ?? '', /^0\/1 nodes are available: 1 Insufficient cpu\. preemption: /);
        happen();
        await world.settle();
        assert.ok(world.nodeOf('a'));
      });
    }

    it('but not for what can not help it, nor for time passing', async () => {
      await world.start(makeNode('n1', { cpu: '1' }), full, makePod('a', { cpu: '1' }));
      world.put(makeNode('n1', { cpu: '1', labels: { other: 'label' } }));
      world.clock.advance(3_600_000);
      assert.deepEqual(world.scheduler.counts(), { ready: 0, waiting: 1 });
      assert.equal(world.refusals.length, 1);
    });
  });

  it('frees the place of a pod whose binding failed, and tries it again later', async () => {
    world.failing.set('a', new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'no etcd' }));
    await world.start(makeNode('n1', { cpu: '1' }), makePod('a', { cpu: '1' }));
    assert.equal(world.nodeOf('a'), undefined);
    world.clock.advance(200);
    await world.settle();
    assert.equal(world.nodeOf('a'), 'n1');
  });

  it('never commits more of a node than it has, whatever comes and goes', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          type: fc.constant('create' as const),
          cpu: fc.integer({ min: 0, max: 2000 }),
          memory: fc.integer({ min: 0, max: 4096 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), at: fc.nat(50) }) },
      fc.record({ type: fc.constant('finish' as const), at: fc.nat(50) }),
      fc.record({ type: fc.constant('fail binding' as const), at: fc.nat(50) }),
      { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('settle' as const, 'lose or regain node' as const) }) },
      fc.record({ type: fc.constantFrom('restart' as const, 'new node' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.constantFrom('default-scheduler', 'least-loaded', 'round-robin', 'random'),
        async (steps, schedulerName) => {
          const each = new World();
          const first = makeNode('n0', { cpu: '2', memory: '4Gi', pods: '5' });
          await each.start(first);
          let count = 0;
          for (const action of steps) {
            const target = 'at' in action ? [...each.pods.list()][action.at] : undefined;
            switch (action.type) {
              case 'create':
                each.put(
                  makePod(`p${count++}`, { cpu: `${action.cpu}m`, memory: `${action.memory}Mi` }, { schedulerName }),
                );
                break;
              case 'delete':
                if (target) each.deletePod(target.metadata.name ?? '');
                break;
              case 'finish':
                if (target?.spec.nodeName) each.put({ ...target, status: { phase: 'Succeeded' } });
                break;
              case 'fail binding':
                each.failing.set(`p${action.at}`, new StatusError({ code: 409, reason: 'Conflict', message: 'no' }));
                break;
              case 'settle':
                await each.settle();
                break;
              case 'restart':
                await each.restart();
                break;
              case 'new node':
                each.put(makeNode(`n${count++}`, { cpu: '1', memory: '2Gi', pods: '3' }));
                break;
              case 'lose or regain node':
                // Its pods stay, as they do when an agent registers its node anew.
                if (each.nodes.get('n0')) each.nodes.delete('n0');
                else each.put(first);
                break;
            }
            assertWithinLimits(each);
          }
          await each.settle();
          assertWithinLimits(each);
          await each.scheduler.stop();
        },
      ),
      { numRuns: 150 },
    );
  });
});

function assertWithinLimits(world: World): void {
  for (const node of world.nodes.list()) {
    const pods = [...world.pods.list()].filter(
      (pod) => pod.spec.nodeName === node.metadata.name && pod.status.phase !== 'Succeeded',
    );
    const sum = (resource: string, of: (text: string) => number): number =>
      pods.reduce((total, pod: Pod) => total + of(pod.spec.containers[0]?.resources.requests?.[resource] ?? '0'), 0);
    const allocatable = node.status.allocatable ?? {};
    assert.ok(sum('cpu', milliOf) <= milliOf(allocatable['cpu'] ?? '0'), 'cpu is over-committed');
    assert.ok(sum('memory', bytesOf) <= bytesOf(allocatable['memory'] ?? '0'), 'memory is over-committed');
    assert.ok(pods.length <= Number(allocatable['pods']), 'too many pods');
  }
}
