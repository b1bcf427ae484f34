import assert from 'node:assert/strict';

import fc from 'fast-check';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { parseLabelSelector } from '../../../api/machinery/selectors.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  MetricSpec,
} from '../../../api/types/autoscaling.v2.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { NodeUsage } from '../../../api/streams.ts';
import { limit, stabilize, type Memory } from '../../../control-plane/controllers/pod-autoscaling/limits.ts';
import { judgeMetric } from '../../../control-plane/controllers/pod-autoscaling/metric.ts';
import { PodAutoscaling } from '../../../control-plane/controllers/pod-autoscaling/pod-autoscaling.ts';
import { byAverage, byUtilization, type Demand } from '../../../control-plane/controllers/pod-autoscaling/replicas.ts';
import { Selections } from '../../../control-plane/controllers/pod-autoscaling/selections.ts';
import type { PodUsage } from '../../../control-plane/controllers/pod-autoscaling/usage.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { aMoment, NOON } from './moment.ts';
import { World, aPod, settle } from './world.ts';

const NOW = NOON.getTime();
const NOTHING_PAST: Memory = { recommendations: [], added: [], removed: [] };

type Kind = 'old' | 'young' | 'pending' | 'unmeasured' | 'going';

/** Uses so many thousandths of a core; asks for one core. */
function demandOf(pods: readonly [Kind, number?][], fields: Partial<Demand> = {}): Demand {
  const made: Pod[] = [];
  const usages = new Map<string, PodUsage>();
  pods.forEach(([kind, milli = 0], index) => {
    const name = `web-${index}`;
    const pod = aPod(name, { node: 'a', ready: kind !== 'young' });
    pod.spec.containers = [{ name: 'main', image: 'web:1', resources: { requests: { cpu: '1', memory: '1Gi' } } }];
    const startTime = kind === 'young' ? '2026-01-01T11:59:00Z' : '2026-01-01T00:00:00Z';
    pod.status = { ...pod.status, startTime, phase: kind === 'pending' ? 'Pending' : 'Running' };
    if (kind === 'going') pod.metadata.deletionTimestamp = '2026-01-01T11:59:00Z';
    made.push(pod);
    const containers = [{ name: 'main', cpu: milli / 1000, memory: milli * 1024 }];
    if (kind !== 'unmeasured' && kind !== 'pending') usages.set(name, { at: NOW, window: 30_000, containers });
  });
  const replicas = pods.filter(([kind]) => kind !== 'going').length;
  return {
    pods: made,
    usages,
    measured: { resource: 'cpu', container: '' },
    replicas,
    tolerances: { up: 0.1, down: 0.1 },
    now: NOW,
    ...fields,
  };
}

describe('replicas that usage calls for', () => {
  const replicas = (pods: [Kind, number?][], target: number): unknown => {
    const proposal = byUtilization(demandOf(pods), target);
    return 'why' in proposal ? proposal.why : [proposal.replicas, proposal.utilization];
  };
  const table: [string, [Kind, number?][], number, unknown][] = [
    [
      'more when it is above the target',
      [
        ['old', 500],
        ['old', 500],
      ],
      30,
      [4, 50],
    ],
    [
      'fewer when it is below',
      [
        ['old', 100],
        ['old', 100],
        ['old', 100],
      ],
      50,
      [1, 10],
    ],
    [
      'as many within the tolerance',
      [
        ['old', 540],
        ['old', 540],
      ],
      50,
      [2, 54],
    ],
    [
      'nothing of those that go',
      [
        ['old', 500],
        ['going', 9000],
      ],
      50,
      [1, 50],
    ],
    ['fewer more, counting those that start as idle', [['old', 900], ['young', 900], ['pending']], 30, [3, 90]],
    ['none more, when those that start will do', [['old', 400], ['young'], ['young']], 30, [3, 40]],
    [
      'no fewer because of those that start',
      [
        ['old', 100],
        ['young', 900],
      ],
      50,
      [1, 10],
    ],
    ['fewer less, when some were not measured', [['old', 100], ['old', 100], ['unmeasured']], 80, [2, 10]],
    ['as many, when the unmeasured might use it all', [['old', 300], ['unmeasured']], 50, [2, 30]],
    ['fewer more, when some were not measured', [['old', 900], ['unmeasured']], 30, [3, 90]],
    ['nothing without any pod that counts', [['young', 5]], 50, 'did not receive metrics for any ready pods'],
    [
      'nothing without measurements',
      [['unmeasured']],
      50,
      'unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    ],
  ];
  for (const [what, pods, target, expected] of table) {
    it(what, () => assert.deepEqual(replicas(pods, target), expected));
  }

  it('by what each pod uses, where that is the target', () => {
    const demand = demandOf([
      ['old', 600],
      ['old', 200],
    ]);
    assert.deepEqual(byAverage(demand, 200), { replicas: 4, average: 400 });
    assert.deepEqual(byAverage(demand, 400), { replicas: 2, average: 400 });
    assert.deepEqual(byAverage(demandOf([['old', 100], ['unmeasured']]), 400), { replicas: 2, average: 100 });
  });

  it('with tolerances of its own in each direction', () => {
    const tolerances = { up: 0.5, down: 0 };
    const proposed = (milli: number): unknown => {
      const proposal = byUtilization(
        demandOf(
          [
            ['old', milli],
            ['old', milli],
          ],
          { tolerances },
        ),
        50,
      );
      return 'why' in proposal ? proposal.why : proposal.replicas;
    };
    assert.deepEqual([proposed(740), proposed(760), proposed(490), proposed(240)], [2, 4, 2, 1]);
  });

  it('only where pods say what they ask for', () => {
    const demand = demandOf([['old', 500]], { measured: { resource: 'cpu', container: 'main' } });
    assert.deepEqual(byUtilization(demand, 50), { replicas: 1, utilization: 50, average: 500 });
    const [pod] = demand.pods;
    assert.ok(pod);
    pod.spec.containers = [{ name: 'main', image: 'web:1', resources: {} }];
    const why = 'missing request for cpu in container main of Pod web-0';
    assert.deepEqual(byUtilization(demand, 50), { why });
    assert.deepEqual(byAverage(demand, 250_000), { replicas: 1, average: 500 });
  });

  it('never in the direction that nothing points to', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom<Kind>('old', 'young', 'pending', 'unmeasured'), fc.nat(1500)), {
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 100 }),
        (pods, target) => {
          const proposal = byUtilization(demandOf(pods), target);
          if ('why' in proposal) return;
          const { utilization = 0 } = proposal;
          if (proposal.replicas > pods.length) assert.ok(utilization > target * 1.1);
          if (proposal.replicas < pods.length && !pods.some(([kind]) => kind === 'young' || kind === 'pending')) {
            assert.ok(utilization < target * 0.9);
          }
        },
      ),
    ));
});

const CPU: MetricSpec = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
};

function anAutoscaler(spec: Partial<HorizontalPodAutoscaler['spec']> = {}): HorizontalPodAutoscaler {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'uid-hpa-web' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [CPU],
      ...spec,
    },
    status: { desiredReplicas: 0, currentMetrics: [] },
  };
}

describe('how far and how fast an autoscaler goes', () => {
  const ago = (seconds: number, replicas: number): { at: number; replicas: number } => ({
    at: NOW - seconds * 1000,
    replicas,
  });
  const both = (
    behavior: HorizontalPodAutoscalerBehavior | undefined,
    [current, wanted]: [number, number],
    memory: Partial<Memory> = {},
  ): unknown => {
    const autoscaler = anAutoscaler({ maxReplicas: 20, ...(behavior ? { behavior } : {}) });
    const wish = { autoscaler, current, now: NOW, memory: { ...NOTHING_PAST, ...memory } };
    const stable = stabilize({ ...wish, wanted });
    const { replicas, reason } = limit({ ...wish, wanted: stable.replicas });
    return [replicas, stable.reason, reason];
  };
  const READY = 'ReadyForNewScale';

  it('by default doubles at most, or goes to four, and waits five minutes before it goes down', () => {
    assert.deepEqual(both(undefined, [1, 9]), [4, READY, 'ScaleUpLimit']);
    assert.deepEqual(both(undefined, [5, 19]), [10, READY, 'ScaleUpLimit']);
    assert.deepEqual(both(undefined, [15, 25]), [20, READY, 'TooManyReplicas']);
    assert.deepEqual(both(undefined, [5, 0]), [1, READY, 'TooFewReplicas']);
    const recommendations = [ago(290, 4), ago(310, 9)];
    assert.deepEqual(both(undefined, [5, 2], { recommendations }), [4, 'ScaleDownStabilized', 'DesiredWithinRange']);
  });

  it('keeps to the windows of its behaviour', () => {
    const scaleUp = { stabilizationWindowSeconds: 60, policies: [{ type: 'Percent', value: 900, periodSeconds: 15 }] };
    const scaleDown = { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
    const recommendations = [ago(50, 4), ago(70, 2)];
    assert.deepEqual(both({ scaleUp, scaleDown }, [3, 8], { recommendations }), [
      4,
      'ScaleUpStabilized',
      'DesiredWithinRange',
    ]);
    assert.deepEqual(both({ scaleUp, scaleDown }, [8, 3], { recommendations }), [3, READY, 'DesiredWithinRange']);
  });

  it('keeps to the policies of its behaviour, counting what it did in their periods', () => {
    const policies = [
      { type: 'Pods', value: 2, periodSeconds: 60 },
      { type: 'Percent', value: 50, periodSeconds: 60 },
    ];
    const up = (selectPolicy: string, current: number, memory: Partial<Memory> = {}): unknown =>
      both({ scaleUp: { selectPolicy, policies } }, [current, 20], memory);
    assert.deepEqual(up('Max', 10), [15, READY, 'ScaleUpLimit']);
    assert.deepEqual(up('Min', 10), [12, READY, 'ScaleUpLimit']);
    assert.deepEqual(up('Disabled', 10), [10, READY, 'ScaleUpLimit']);
    assert.deepEqual(up('Max', 13, { added: [ago(30, 3), ago(90, 5)] }), [15, READY, 'ScaleUpLimit']);
    const down = (selectPolicy: string, current: number, memory: Partial<Memory> = {}): unknown =>
      both({ scaleDown: { selectPolicy, policies, stabilizationWindowSeconds: 0 } }, [current, 1], memory);
    assert.deepEqual(down('Max', 10), [5, READY, 'ScaleDownLimit']);
    assert.deepEqual(down('Min', 10), [8, READY, 'ScaleDownLimit']);
    assert.deepEqual(down('Max', 7, { removed: [ago(30, 3)] }), [5, READY, 'ScaleDownLimit']);
    assert.deepEqual(down('Disabled', 7), [7, READY, 'ScaleDownLimit']);
  });

  it('never leaves its bounds, nor goes the other way', () => {
    const policy = fc.record({
      type: fc.constantFrom('Pods', 'Percent'),
      value: fc.integer({ min: 1, max: 200 }),
      periodSeconds: fc.integer({ min: 1, max: 1800 }),
    });
    const rules = fc.record({
      selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
      stabilizationWindowSeconds: fc.nat(600),
      policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
    });
    const dated = fc.array(
      fc.record({ at: fc.integer({ min: NOW - 900_000, max: NOW }), replicas: fc.integer({ min: 1, max: 20 }) }),
    );
    const behavior = fc.option(fc.record({ scaleUp: rules, scaleDown: rules }), { nil: undefined });
    fc.assert(
      fc.property(
        behavior,
        fc.integer({ min: 2, max: 20 }),
        fc.nat(40),
        dated,
        dated,
        dated,
        (how, current, wanted, recommendations, added, removed) => {
          const autoscaler = anAutoscaler({ minReplicas: 2, maxReplicas: 20, ...(how ? { behavior: how } : {}) });
          const wish = { autoscaler, current, now: NOW, memory: { recommendations, added, removed } };
          const { replicas } = limit({ ...wish, wanted: stabilize({ ...wish, wanted }).replicas });
          assert.ok(replicas >= 2 && replicas <= 20, String(replicas));
          if (wanted >= current) assert.ok(replicas >= current);
          if (wanted <= current && how) assert.ok(replicas <= current);
        },
      ),
    );
  });
});

describe('a metric that only an adapter has', () => {
  const judge = (spec: MetricSpec): object =>
    judgeMetric(spec, { ...demandOf([['old', 1]]), namespace: 'default', isServed: () => false });
  const target = { type: 'AverageValue', averageValue: '5' };

  it("is told in Kubernetes' words when there is none", () => {
    const why =
      'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
    assert.deepEqual(judge({ type: 'Pods', pods: { metric: { name: 'packets' }, target } }), {
      reason: 'FailedGetPodsMetric',
      why: `unable to get metric packets: ${why}`,
      what: `failed to get pods metric value: unable to get metric packets: ${why}`,
    });
    const selector = { matchLabels: { queue: 'jobs' } };
    const external = judge({ type: 'External', external: { metric: { name: 'length', selector }, target } });
    assert.equal(
      Reflect.get(external, 'why'),
      'unable to get external metric default/length/&LabelSelector{MatchLabels:map[string]string{queue: jobs,},' +
        'MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: ' +
        'the server could not find the requested resource (get length.external.metrics.k8s.io)',
    );
  });
});

describe('what autoscalers select', () => {
  const texts = ['app=a', 'app=b', 'app==a,tier=x', 'app in (a,b)', 'app!=a', 'tier', 'tier=x,app=b', '', 'a=b=c'];
  const label = fc.constantFrom('a', 'b', 'x');
  const pods = fc.array(fc.record({ app: label, tier: label }, { requiredKeys: [] }), { maxLength: 3 });
  const change = fc.tuple(fc.constantFrom('default/1', 'default/2', 'other/3', 'other/4'), fc.constantFrom(...texts));

  it('is found by the labels of a pod as if all were asked', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), pods, (changes, labels) => {
        const selections = new Selections();
        const noted = new Map<string, string>();
        for (const [key, text] of changes) {
          const selection = selections.note(key, key.split('/')[0] ?? '', text);
          assert.equal('why' in selection, text === '' || text === 'a=b=c');
          noted.set(key, text);
        }
        const given = labels.map((each, index) => aPod(`web-${index}`, { labels: each as Record<string, string> }));
        const expected = [...noted].filter(([key, text]) => {
          if (!key.startsWith('default/') || text === '' || text === 'a=b=c') return false;
          return given.some(({ metadata }) => parseLabelSelector(text).matches(metadata.labels));
        });
        assert.deepEqual(selections.selecting(given), expected.map(([key]) => key).toSorted());
        for (const key of noted.keys()) selections.forget(key);
        assert.deepEqual(selections.selecting(given), []);
      }),
    );
  });
});

describe('pod autoscaling', () => {
  let world: World;
  let runner: Runner;
  let milli: number;
  let asked: string[][];

  beforeEach(() => {
    world = new World();
    milli = 500;
    asked = [];
    const usageOf = (nodes: readonly string[]): Promise<Map<string, NodeUsage>> => {
      asked.push([...nodes]);
      const pods = world.all(kinds.pods).map(({ metadata }) => ({
        namespace: 'default',
        name: metadata.name ?? '',
        containers: [{ name: 'main', cpu: milli / 1000, memory: 1e6 }],
      }));
      const timestamp = world.clock.date().toISOString();
      return Promise.resolve(new Map([['a', { timestamp, window: 15, node: { cpu: 1, memory: 1 }, pods }]]));
    };
    runner = world.runner(new PodAutoscaling({ registry: world, clock: world.clock, usageOf }));
  });

  afterEach(() => runner.stop());

  function seed(replicas: number, spec: Partial<HorizontalPodAutoscaler['spec']> = {}): void {
    const deployment: Deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: {}, spec: { containers: [] } },
        strategy: {},
      },
      status: { replicas },
    };
    world.of(kinds.deployments).seed(deployment);
    for (const index of Array(replicas).keys()) {
      const pod = aPod(`web-${index}`, { node: 'a' });
      pod.metadata.creationTimestamp = '2025-12-31T00:00:00Z';
      pod.status = { ...pod.status, startTime: '2025-12-31T00:00:00Z' };
      pod.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2025-12-31T00:01:00Z' }];
      pod.spec.containers = [{ name: 'main', image: 'web:1', resources: { requests: { cpu: '1' } } }];
      world.of(kinds.pods).seed(pod);
    }
    world.of(kinds.horizontalpodautoscalers).seed(anAutoscaler(spec));
  }

  async function run(milliseconds = 0): Promise<void> {
    if (milliseconds === 0) await runner.start();
    else world.clock.advance(milliseconds);
    await settle();
    await settle();
  }

  const replicas = (): number | undefined => world.all(kinds.deployments)[0]?.spec.replicas;
  const status = (): HorizontalPodAutoscaler['status'] | undefined =>
    world.all(kinds.horizontalpodautoscalers)[0]?.status;
  const conditions = (): string[] =>
    (status()?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
  const events = (): string[] => world.events.map(({ reason, message }) => `${reason}: ${message}`);

  it('measures the pods of its target, and gives that more', async () => {
    seed(2);
    milli = 800;
    await run();
    assert.equal(replicas(), 4);
    assert.deepEqual(asked, [['a']]);
    assert.deepEqual(conditions(), [
      'AbleToScale=True SucceededRescale',
      'ScalingActive=True ValidMetricFound',
      'ScalingLimited=False DesiredWithinRange',
    ]);
    assert.deepEqual(events(), [
      'SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
    ]);
    const { lastScaleTime, conditions: _, ...rest } = status() ?? {};
    assert.equal(lastScaleTime, '2026-01-01T00:00:00Z');
    assert.deepEqual(rest, {
      currentReplicas: 2,
      desiredReplicas: 4,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 80, averageValue: '800m' } } },
      ],
    });
  });

  it('looks again every fifteen seconds, and goes down after five minutes', async () => {
    seed(4);
    milli = 100;
    await run();
    assert.equal(replicas(), 4);
    assert.equal(conditions()[0], 'AbleToScale=True ScaleDownStabilized');
    for (let turn = 0; turn < 20; turn += 1) await run(15_000);
    assert.equal(asked.length, 21);
    assert.equal(replicas(), 1);
    assert.match(events().at(-1) ?? '', /^SuccessfulRescale: New size: 1; reason: All metrics below target$/);
  });

  it('keeps its target within the bounds whatever is used, and lets it alone at zero', async () => {
    seed(2, { minReplicas: 3 });
    await run();
    assert.equal(replicas(), 3);
    assert.deepEqual(events(), [
      'SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas',
    ]);
    await world
      .resource(kinds.deployments)
      .mutate('default', 'web', (web) => ({ ...web, spec: { ...web.spec, replicas: 0 } }));
    await run(15_000);
    assert.equal(replicas(), 0);
    assert.ok(conditions().includes('ScalingActive=False ScalingDisabled'));
  });

  it('takes the metric that calls for the most, and does not go down on half of the truth', async () => {
    const pods = { metric: { name: 'packets' }, target: { type: 'AverageValue', averageValue: '5' } };
    seed(2, { metrics: [{ type: 'Pods', pods }, CPU] });
    milli = 100;
    await run();
    assert.equal(replicas(), 2);
    assert.deepEqual(conditions(), ['AbleToScale=True SucceededGetScale', 'ScalingActive=False FailedGetPodsMetric']);
    assert.match(
      events().at(-1) ?? '',
      /^FailedComputeMetricsReplicas: invalid metrics \(1 invalid out of 2\), first error is: failed to get pods metric value: unable to get metric packets/,
    );
    milli = 900;
    await run(15_000);
    assert.equal(replicas(), 4);
    assert.ok(conditions().includes('ScalingActive=True ValidMetricFound'));
    assert.deepEqual(
      status()?.currentMetrics.map(({ type }) => type),
      ['', 'Resource'],
    );
  });

  it('says what it lacks: a target, a selector, measurements, or that it is not alone', async () => {
    seed(1, { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' } });
    await run();
    assert.deepEqual(conditions(), ['AbleToScale=False FailedGetScale']);
    assert.deepEqual(events(), ['FailedGetScale: deployments.apps "other" not found']);
    world.of(kinds.horizontalpodautoscalers).seed(anAutoscaler());
    world.of(kinds.horizontalpodautoscalers).seed({
      ...anAutoscaler(),
      metadata: { name: 'twin', namespace: 'default', uid: 'uid-hpa-twin' },
    });
    await run(15_000);
    assert.ok(conditions().includes('ScalingActive=False AmbiguousSelector'));
    const [twin] = world.all(kinds.horizontalpodautoscalers).filter(({ metadata }) => metadata.name === 'twin');
    assert.ok(twin);
    world.of(kinds.horizontalpodautoscalers).remove(twin);
    const [pod] = world.all(kinds.pods);
    assert.ok(pod);
    world.of(kinds.pods).remove(pod);
    await run(15_000);
    assert.ok(conditions().includes('ScalingActive=False FailedGetResourceMetric'));
    assert.match(
      status()?.conditions?.find(({ type }) => type === 'ScalingActive')?.message ?? '',
      /^the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics/,
    );
  });

  it('measures one target in a turn, all in a time that grows with their number', async () => {
    const count = 400;
    seed(0);
    const [web] = world.all(kinds.deployments);
    assert.ok(web);
    for (const index of Array(count).keys()) {
      const name = `app-${index}`;
      const labels = { app: name };
      const spec = { ...web.spec, replicas: 10, selector: { matchLabels: labels } };
      world.of(kinds.deployments).seed({ ...web, metadata: { name, namespace: 'default' }, spec });
      const own = anAutoscaler({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } });
      world.of(kinds.horizontalpodautoscalers).seed({ ...own, metadata: { name, namespace: 'default', uid: name } });
      for (const pod of Array(10).keys()) world.of(kinds.pods).seed(aPod(`${name}-${pod}`, { node: 'a', labels }));
    }
    const perTurn = [0];
    const usageOf = (): Promise<Map<string, NodeUsage>> => {
      perTurn.push((perTurn.pop() ?? 0) + 1);
      return Promise.resolve(new Map());
    };
    const controller = new PodAutoscaling({ registry: world, clock: world.clock, usageOf });
    const planned = new Set<string>();
    const before = process.cpuUsage();
    const unwatch = controller.watch((key) => {
      planned.add(key);
      controller.plan(key, aMoment());
    });
    while (planned.size <= count && perTurn.length < 10 * count) {
      perTurn.push(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { user, system } = process.cpuUsage(before);
    unwatch();
    assert.equal(planned.size, count + 1);
    assert.equal(Math.max(...perTurn), 1);
    // Some 50 ms; with each asking of all others it would be some 1500 ms.
    assert.ok(user + system < 600_000, `${user + system} µs`);
  });

  it('says when its target can not be changed, and forgets the change', async () => {
    const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 600 }] } };
    seed(2, { behavior });
    milli = 900;
    const target = world.of(kinds.deployments);
    const mutate = target.mutate.bind(target);
    target.mutate = () => {
      // Nothing is refused at the moment at which it was decided on.
      world.clock.advance(30);
      return Promise.reject(forbidden(kinds.deployments, 'web', 'no'));
    };
    await run();
    assert.ok(conditions().includes('AbleToScale=False FailedUpdateScale'));
    assert.match(
      events().at(-1) ?? '',
      /^FailedRescale: New size: 4; reason: cpu .* above target; error: .*forbidden: no/,
    );
    target.mutate = mutate;
    await run(15_000);
    assert.equal(replicas(), 4);
    assert.ok(conditions().includes('AbleToScale=True SucceededRescale'));
  });
});
