import assert from 'node:assert/strict';

import type { Deployment, ReplicaSet } from '../../../api/types/apps.v1.ts';
import { boundsOf } from '../../../control-plane/controllers/deployment/fleet.ts';
import type { Fleet } from '../../../control-plane/controllers/deployment/fleet.ts';
import { rollingStep } from '../../../control-plane/controllers/deployment/rollout.ts';

const TEMPLATE = { metadata: {}, spec: { containers: [] } };

interface Sizes {
  spec: number;
  there?: number;
  available?: number;
  observed?: boolean;
}

function aSet(name: string, { spec, there = spec, available = there, observed = true }: Sizes): ReplicaSet {
  return {
    metadata: { name, generation: 2 },
    spec: { replicas: spec, template: TEMPLATE },
    status: { replicas: there, availableReplicas: available, observedGeneration: observed ? 2 : 1 },
  };
}

function aFleet(
  replicas: number,
  old: Sizes[],
  current: Sizes,
  rollingUpdate: object = { maxSurge: 1, maxUnavailable: 0 },
): Fleet {
  const deployment: Deployment = {
    metadata: { name: 'web' },
    spec: { replicas, template: TEMPLATE, strategy: { type: 'RollingUpdate', rollingUpdate } },
    status: {},
  };
  return {
    deployment,
    current: aSet('new', current),
    old: old.map((sizes, index) => aSet(`old-${index}`, sizes)),
    pods: [],
  };
}

function sizes(fleet: Fleet): Record<string, number> {
  return Object.fromEntries(rollingStep(fleet).map(({ set, replicas }) => [set.metadata.name, replicas]));
}

describe('a step of a rolling update', () => {
  it('grows into the surge and keeps the old until the new is available', () => {
    assert.deepEqual(sizes(aFleet(3, [{ spec: 3 }], { spec: 0 })), { new: 1 });
    assert.deepEqual(sizes(aFleet(3, [{ spec: 3 }], { spec: 1, available: 0 })), {});
    assert.deepEqual(sizes(aFleet(3, [{ spec: 3 }], { spec: 1 })), { 'old-0': 2 });
  });

  it('does not grow while pods that were given up are still there', () => {
    assert.deepEqual(sizes(aFleet(3, [{ spec: 2, there: 3 }], { spec: 1 })), {});
    assert.deepEqual(sizes(aFleet(3, [{ spec: 2, observed: false }], { spec: 1 })), {});
    assert.deepEqual(sizes(aFleet(3, [{ spec: 2 }], { spec: 1 })), { new: 2 });
  });

  it('takes what is broken of the old first, even before the new is available', () => {
    const fleet = aFleet(3, [{ spec: 3, available: 1 }], { spec: 1, available: 0 }, { maxSurge: 1, maxUnavailable: 2 });
    assert.deepEqual(sizes(fleet), { 'old-0': 1 });
  });

  it('does not trust an availability from before its size last changed', () => {
    assert.deepEqual(sizes(aFleet(3, [{ spec: 3 }], { spec: 1, available: 1, observed: false })), {});
  });

  it('rounds the surge up and the unavailable down, and never both to nothing', () => {
    const bounds = (replicas: number, rollingUpdate: object): object =>
      boundsOf(aFleet(replicas, [], { spec: 0 }, rollingUpdate).deployment);
    assert.deepEqual(bounds(5, { maxSurge: '25%', maxUnavailable: '25%' }), { surge: 2, unavailable: 1 });
    assert.deepEqual(bounds(3, { maxSurge: 0, maxUnavailable: '25%' }), { surge: 0, unavailable: 1 });
    assert.deepEqual(bounds(2, { maxSurge: 0, maxUnavailable: 5 }), { surge: 0, unavailable: 2 });
  });
});
