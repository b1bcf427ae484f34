/** What must hold of stateful sets whatever happens, and however late the views are. */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { kinds } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { isReady } from '../../../control-plane/controllers/conditions.ts';
import { maxUnavailable } from '../../../control-plane/controllers/statefulset/crew.ts';
import { Stage, aSet, imageOf, nameOf, ordinalOf } from './statefulset-stage.ts';
import { aPod, settle } from './world.ts';

const RUNS = 50;

const policy = fc.constantFrom('OrderedReady', 'Parallel');

/** What happens between two looks: a node does something, a view catches up, somebody edits. */
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pod' as const), pick: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), pick: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('image' as const), pick: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), pick: fc.nat(3000) }) },
);

const scaling = fc.record({ do: fc.constant('scale' as const), pick: fc.nat(5) });
const loss = fc.record({ do: fc.constant('lose' as const), pick: fc.nat(20) });

interface Happening {
  readonly do: 'pod' | 'deliver' | 'image' | 'time' | 'scale' | 'lose';
  readonly pick: number;
}

async function happen(stage: Stage, { do: verb, pick }: Happening): Promise<void> {
  const pod = stage.pods[pick % Math.max(1, stage.pods.length)];
  if (verb === 'pod' && pod) await stage.step(pod);
  if (verb === 'lose' && pod) stage.world.of(kinds.pods).remove(pod);
  if (verb === 'deliver') stage.world.deliverSome((pick % 4) + 1, pick);
  if (verb === 'image') await stage.setImage(`db:${pick}`);
  if (verb === 'scale') await stage.edit(() => ({ replicas: pick }));
  if (verb === 'time') stage.world.clock.advance(pick);
  await settle();
}

/** Calls `judge` whenever a pod has been made. */
function onCreate(stage: Stage, judge: (pod: Pod, others: Pod[]) => void): void {
  const known = new Set<string | undefined>(stage.pods.map(({ metadata }) => metadata.uid));
  stage.world.onWrite = () => {
    for (const pod of stage.pods.filter(({ metadata }) => !known.has(metadata.uid))) {
      known.add(pod.metadata.uid);
      judge(
        pod,
        stage.pods.filter((other) => other !== pod),
      );
    }
  };
}

describe('laws of stateful sets', () => {
  it('in order: no pod is made before all below it are ready', async () => {
    const law = fc.asyncProperty(fc.array(fc.oneof(event, scaling), { maxLength: 50 }), async (happenings) => {
      const stage = new Stage();
      const broken: string[] = [];
      onCreate(stage, (pod, others) => {
        const below = others.filter((other) => ordinalOf(other) < ordinalOf(pod));
        if (below.length < ordinalOf(pod) || !below.every(isReady)) {
          broken.push(`${nameOf(pod)} beside ${below.map((one) => `${nameOf(one)} ${isReady(one)}`).join()}`);
        }
      });
      await stage.open(aSet());
      stage.world.lagging = true;
      for (const happening of happenings) await happen(stage, happening);
      await stage.finish();
      await stage.close();
      assert.deepEqual(broken, []);
    });
    await fc.assert(law, { numRuns: RUNS });
  });

  it('an update never takes more pods than may be unavailable, and reaches all from the partition on', async () => {
    const setting = fc.record({
      replicas: fc.integer({ min: 1, max: 5 }),
      partition: fc.nat(4),
      limit: fc.nat(3),
      minReadySeconds: fc.constantFrom<number[]>(0, 5),
      young: fc.nat(5),
    });
    const law = fc.asyncProperty(
      setting,
      policy,
      fc.array(event, { maxLength: 60 }),
      async ({ replicas, partition, limit, minReadySeconds, young }, podManagementPolicy, happenings) => {
        const rollingUpdate = { partition, maxUnavailable: limit + 1 };
        const stage = new Stage();
        const updateStrategy = { type: 'RollingUpdate', rollingUpdate };
        await stage.open(aSet({ replicas, minReadySeconds, podManagementPolicy, updateStrategy }));
        await stage.finish();
        for (const pod of stage.pods.slice(0, young)) await stage.setReady(pod);
        const most = maxUnavailable(stage.set);
        const broken: string[] = [];
        stage.world.onWrite = () => {
          const up = stage.pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined).length;
          if (up < replicas - most) broken.push(`${up} of ${replicas} up`);
        };
        stage.world.lagging = true;
        await stage.setImage('db:9');
        for (const happening of happenings) await happen(stage, happening);
        await stage.finish();
        await stage.close();
        assert.deepEqual(broken, []);
        const image = imageOf(stage.set.spec.template as Pod);
        const outdated = stage.pods.filter((pod) => ordinalOf(pod) >= partition && imageOf(pod) !== image);
        assert.deepEqual(outdated.map(nameOf), []);
        const early = stage.pods.filter((pod) => ordinalOf(pod) < partition && imageOf(pod) !== 'db:1');
        assert.deepEqual(early.map(nameOf), []);
      },
    );
    const allYoung = { replicas: 3, partition: 0, limit: 0, minReadySeconds: 5, young: 3 };
    await fc.assert(law, { numRuns: RUNS, examples: [[allYoung, 'Parallel', []]] });
  });

  it('only pods that are wanted are made, each once, whatever is lost meanwhile', async () => {
    const law = fc.asyncProperty(
      policy,
      fc.array(fc.oneof(event, scaling, loss), { maxLength: 50 }),
      async (podManagementPolicy, happenings) => {
        const stage = new Stage();
        await stage.open(aSet({ podManagementPolicy }));
        const broken: string[] = [];
        let wanted = stage.set.spec.replicas ?? 0;
        onCreate(stage, (pod, others) => {
          if (others.some((other) => ordinalOf(other) === ordinalOf(pod))) broken.push(`${nameOf(pod)} twice`);
          if (ordinalOf(pod) >= wanted) broken.push(`${nameOf(pod)} of ${wanted}`);
        });
        stage.world.lagging = true;
        for (const happening of happenings) {
          // Late views may still ask for what was wanted before.
          if (happening.do === 'scale') wanted = Math.max(wanted, happening.pick);
          await happen(stage, happening);
        }
        await stage.finish();
        await stage.close();
        assert.deepEqual(broken, []);
        const { replicas = 0 } = stage.set.spec;
        assert.deepEqual(
          stage.names,
          Array.from({ length: replicas }, (_, ordinal) => `db-${ordinal}`),
        );
      },
    );
    await fc.assert(law, { numRuns: RUNS });
  });

  it('converges from any pods that there are', async () => {
    const pod = fc.record({
      name: fc.constantFrom('db-0', 'db-1', 'db-2', 'db-3', 'db-7', 'db-01', 'db-x', 'other-0'),
      phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'),
      ready: fc.boolean(),
      owned: fc.boolean(),
      leaving: fc.boolean(),
      revision: fc.constantFrom('', 'db-old'),
    });
    const pods = fc.uniqueArray(pod, { selector: ({ name }) => name, maxLength: 6 });
    const law = fc.asyncProperty(policy, fc.nat(4), pods, async (podManagementPolicy, replicas, present) => {
      const stage = new Stage();
      const set = aSet({ podManagementPolicy, replicas });
      set.metadata.uid = 'set';
      for (const { name, phase, ready, owned, leaving, revision } of present) {
        const running = phase === 'Running';
        const seed = aPod(name, {
          node: 'a',
          ready: ready && running,
          labels: { app: 'db', 'controller-revision-hash': revision },
        });
        if (owned) {
          const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'set', controller: true };
          seed.metadata.ownerReferences = [owner];
        }
        if (leaving) {
          seed.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
          seed.metadata.deletionGracePeriodSeconds = 30;
        }
        stage.world.of(kinds.pods).seed({ ...seed, status: { ...seed.status, phase } });
      }
      await stage.open(set);
      await stage.finish();
      await stage.close();
      const own = stage.pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === 'set'));
      assert.deepEqual(
        own.map(nameOf),
        Array.from({ length: replicas }, (_, ordinal) => `db-${ordinal}`),
      );
      assert.ok(
        own.every((one) => one.metadata.labels?.['controller-revision-hash'] === stage.set.status.updateRevision),
      );
    });
    await fc.assert(law, { numRuns: RUNS });
  });
});
