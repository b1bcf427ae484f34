import assert from 'node:assert/strict';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../api/types/policy.v1.ts';
import { planBudget } from '../../../control-plane/controllers/disruption/plan.ts';
import { aMoment } from './moment.ts';
import { aPod } from './world.ts';

function budgetOf(spec: object, status: object = {}): PodDisruptionBudget {
  const metadata = { name: 'b', namespace: 'default', uid: 'u', generation: 2 };
  return { metadata, spec, status } as unknown as PodDisruptionBudget;
}

function ready(name: string): Pod {
  const pod = aPod(name);
  pod.status = { ...pod.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  return pod;
}

function sick(name: string): Pod {
  const pod = ready(name);
  pod.status.conditions = [{ type: 'Ready', status: 'False' }];
  return pod;
}

function statusOf(spec: object, pods: Pod[], scales: [string, number | undefined][], status: object = {}) {
  const plan = planBudget({ budget: budgetOf(spec, status), pods, scales: new Map(scales) }, aMoment());
  const action = plan.actions.find((each) => each.do === 'set-status');
  return {
    ...(action?.do === 'set-status' ? (action.status as PodDisruptionBudgetStatus) : undefined),
    after: plan.after,
  };
}

describe('the plan for a disruption budget', () => {
  const three = ['a', 'b', 'c'].map(ready);

  const cases: [
    what: string,
    spec: object,
    pods: Pod[],
    replicas: number,
    expected: [number, number, number, number],
  ][] = [
    // expected: [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed]
    ['a number that must stay', { minAvailable: 2 }, three, 3, [3, 2, 3, 1]],
    ['more than there are', { minAvailable: 5 }, three, 3, [3, 5, 3, 0]],
    ['a share that must stay, rounded up', { minAvailable: '50%' }, three, 3, [3, 2, 3, 1]],
    ['a share of what is asked for, not of what there is', { minAvailable: '100%' }, three, 4, [4, 4, 3, 0]],
    ['a number that may go', { maxUnavailable: 1 }, three, 3, [3, 2, 3, 1]],
    ['a share that may go, rounded up', { maxUnavailable: '34%' }, three, 3, [3, 1, 3, 2]],
    ['none that may go', { maxUnavailable: 0 }, three, 3, [3, 3, 3, 0]],
    ['one that is missing already', { maxUnavailable: 1 }, [ready('a'), ready('b'), sick('c')], 3, [3, 2, 2, 0]],
    ['no pods', { minAvailable: 0 }, [], 0, [0, 0, 0, 0]],
  ];
  for (const [what, spec, pods, replicas, expected] of cases) {
    it(`reckons with ${what}`, () => {
      const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed, conditions } = statusOf(spec, pods, [
        ['owner', replicas],
      ]);
      assert.deepEqual([expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed], expected);
      assert.partialDeepStrictEqual(conditions?.[0], {
        type: 'DisruptionAllowed',
        status: expected[3] > 0 ? 'True' : 'False',
        reason: expected[3] > 0 ? 'SufficientPods' : 'InsufficientPods',
        observedGeneration: 2,
      });
    });
  }

  it('counts an evicted pod out until it is gone, and in again when it stays too long', () => {
    const { date } = aMoment();
    const secondsAgo = (seconds: number): string => new Date(date.getTime() - seconds * 1000).toISOString();
    const disruptedPods = { a: secondsAgo(30), b: secondsAgo(121), gone: secondsAgo(1) };
    const status = statusOf({ minAvailable: 1 }, three, [['owner', 3]], { disruptedPods });
    assert.deepEqual(Object.keys(status.disruptedPods ?? {}), ['a']);
    assert.equal(status.currentHealthy, 2);
    assert.equal(status.after, 90_000);
  });

  it('changes nothing when all is said', () => {
    const first = statusOf({ minAvailable: 1 }, three, [['owner', 3]]);
    const { after: _after, ...said } = first;
    const plan = planBudget(
      { budget: budgetOf({ minAvailable: 1 }, said), pods: three, scales: new Map([['o', 3]]) },
      aMoment(),
    );
    assert.deepEqual(plan.actions, []);
  });

  it('says of pods that nobody made that a share of them can not be known', () => {
    const plan = planBudget(
      { budget: budgetOf({ maxUnavailable: 1 }), pods: three, scales: new Map([['a', undefined]]) },
      aMoment(),
    );
    assert.ok(plan.actions.some((action) => action.do === 'record' && action.event?.reason === 'UnmanagedPods'));
  });
});
