import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { milliOf } from '../../../api/machinery/quantity.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { podInfo, type PodInfo } from '../../../control-plane/scheduler/pod-info.ts';
import { DEFAULT_PROFILE } from '../../../control-plane/scheduler/profiles.ts';
import { Snapshot } from '../../../control-plane/scheduler/snapshot.ts';
import { victimsOn } from '../../../control-plane/scheduler/victims.ts';
import { World, makeNode, makePod } from './world.ts';

const CAPACITY = 1000;
const asked = fc.integer({ min: 0, max: 600 });
const priority = fc.integer({ min: 0, max: 4 });

function cpuOf(pod: Pod): number {
  return milliOf(pod.spec.containers[0]?.resources.requests?.['cpu'] ?? '0');
}

function priorityOf(pod: Pod): number {
  return pod.spec.priority ?? 0;
}

describe('the victims on one node', () => {
  const somePod = fc.record({ cpu: asked, priority, isLeaving: fc.boolean(), isGuarded: fc.boolean() });
  const nominated = fc.option(fc.record({ cpu: asked, priority }), { nil: undefined });

  it('are less important, enough, and none too many', () => {
    fc.assert(
      fc.property(fc.array(somePod, { maxLength: 8 }), somePod, nominated, (there, wanted, ahead) => {
        const snapshot = new Snapshot();
        snapshot.setNode(makeNode('n1', { cpu: `${CAPACITY}m` }));
        const infoOf = (name: string, one: { cpu: number; priority: number }): PodInfo =>
          podInfo(makePod(name, { cpu: `${one.cpu}m` }, { priority: one.priority }));
        const placed = there.map((one, index) => ({ ...one, info: infoOf(`p${index}`, one) }));
        for (const { info } of placed) snapshot.place(info, 'n1');
        if (ahead) snapshot.nominations.set(infoOf('ahead', ahead), 'n1');
        const info = infoOf('wanted', wanted);
        const guarded = new Set(placed.filter(({ isGuarded }) => isGuarded).map((each) => each.info));
        const leaving = new Set(placed.filter(({ isLeaving }) => isLeaving).map((each) => each.info));
        const usedBefore = snapshot.usedCpu[0];
        const found = victimsOn(0, info, {
          profile: DEFAULT_PROFILE,
          snapshot,
          facts: { isLeaving: (each) => leaving.has(each), startOf: () => 0, protection: () => () => guarded },
          protectedAmong: () => guarded,
        });
        assert.equal(snapshot.usedCpu[0], usedBefore, 'the snapshot is as it was');
        assert.equal(snapshot.pods[0]?.size, placed.length);

        const reserved = ahead && ahead.priority >= wanted.priority ? ahead.cpu : 0;
        const lower = placed.filter((each) => each.priority < wanted.priority);
        const fits = (without: ReadonlySet<PodInfo>): boolean => {
          const used = placed.filter((each) => !without.has(each.info)).reduce((sum, { cpu }) => sum + cpu, 0);
          return wanted.cpu === 0 || used + reserved + wanted.cpu <= CAPACITY;
        };
        if ('reasons' in found) {
          assert.ok(lower.length === 0 || !fits(new Set(lower.map((each) => each.info))));
          return;
        }
        const leavingLower = lower.filter((each) => each.isLeaving).map((each) => each.info);
        for (const victim of found.victims) {
          assert.ok(victim.priority < wanted.priority);
          assert.ok(!leaving.has(victim));
        }
        assert.ok(fits(new Set([...leavingLower, ...found.victims])), 'enough');
        for (const spared of found.victims) {
          const others = found.victims.filter((victim) => victim !== spared);
          assert.ok(!fits(new Set([...leavingLower, ...others])), 'none too many');
        }
        assert.equal(found.violations, found.victims.filter((victim) => guarded.has(victim)).length);
      }),
    );
  });
});

describe('preemption, whatever comes and goes', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('create' as const),
        cpu: asked,
        priority,
        never: fc.boolean(),
        template: fc.nat(2),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), at: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('fail' as const), at: fc.nat(30) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constantFrom(
          'settle' as const,
          'end leaving' as const,
          'end one' as const,
          'restart' as const,
          'new node' as const,
        ),
      }),
    },
  );

  it('takes only from the less important, keeps nominated room, and ends with everybody where they belong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = new World();
        let count = 0;
        world.onPreempt = (victim, preemptor) => {
          assert.ok(priorityOf(victim) < priorityOf(preemptor), 'only from the less important');
          assert.notEqual(preemptor.spec.preemptionPolicy, 'Never');
        };
        world.onBind = (pod, node) => assertRoom(world, pod, node);
        await world.start(makeNode('n0', { cpu: `${CAPACITY}m` }), makeNode('n1', { cpu: `${CAPACITY}m` }));
        for (const action of steps) {
          const target = 'at' in action ? [...world.pods.list()][action.at] : undefined;
          switch (action.type) {
            case 'create': {
              const policy = action.never ? { preemptionPolicy: 'Never' } : {};
              // Some are replicas of one template, so that they share their ranking.
              const shared = action.template === 0 ? { cpu: 300, priority: 2 } : action;
              const spec = { priority: shared.priority, ...policy };
              world.put(makePod(`p${count++}`, { cpu: `${shared.cpu}m` }, spec));
              break;
            }
            case 'delete':
              if (target) world.deletePod(target.metadata.name ?? '');
              break;
            case 'fail':
              world.failing.set(`p${action.at}`, new StatusError({ code: 409, reason: 'Conflict', message: 'no' }));
              break;
            case 'settle':
              await world.settle();
              break;
            case 'end leaving':
              await world.endLeaving();
              break;
            case 'end one':
              await world.endLeaving(1);
              break;
            case 'restart':
              await world.restart();
              break;
            case 'new node':
              world.put(makeNode(`n${count++}`, { cpu: '500m' }));
              break;
          }
        }
        for (let round = 0; round < 200 && (await isMoving(world)); round += 1) await world.endLeaving();
        assert.equal(await isMoving(world), false, 'it comes to rest');
        for (const pod of world.pods.list()) if (!pod.spec.nodeName) assertNothingHelps(world, pod);
        await world.scheduler.stop();
      }),
      { numRuns: 150 },
    );
  });
});

async function isMoving(world: World): Promise<boolean> {
  world.failing.clear();
  world.clock.advance(60_000);
  await world.settle();
  return [...world.pods.list()].some(({ metadata }) => metadata.deletionTimestamp);
}

function on(world: World, node: string): Pod[] {
  return [...world.pods.list()].filter(({ spec }) => spec.nodeName === node);
}

function sum(pods: readonly Pod[]): number {
  return pods.reduce((total, pod) => total + cpuOf(pod), 0);
}

function roomOf(world: World, node: string): number {
  return milliOf(world.nodes.get(node)?.status.allocatable?.['cpu'] ?? '0');
}

/** Beside what is there and what is nominated to come there. */
function assertRoom(world: World, pod: Pod, node: string): void {
  if (cpuOf(pod) === 0) return;
  const ahead = [...world.nominated].flatMap(([name, nominated]) => {
    const other = world.pods.get(`default/${name}`);
    const isAhead = nominated === node && name !== pod.metadata.name && other && priorityOf(other) >= priorityOf(pod);
    return isAhead ? [other] : [];
  });
  assert.ok(sum(on(world, node)) + sum(ahead) + cpuOf(pod) <= roomOf(world, node), 'over-committed');
}

/** No node takes a pod that waits, even if all that it may preempt were gone. */
function assertNothingHelps(world: World, pod: Pod): void {
  for (const { metadata } of world.nodes.list()) {
    const node = metadata.name ?? '';
    const staying = on(world, node).filter(
      (other) => pod.spec.preemptionPolicy === 'Never' || priorityOf(other) >= priorityOf(pod),
    );
    const waiting = [...world.nominated].filter(([, nominated]) => nominated === node);
    assert.deepEqual(waiting, [], 'nobody waits for pods that are gone');
    assert.ok(
      cpuOf(pod) > 0 && sum(staying) + cpuOf(pod) > roomOf(world, node),
      `${pod.metadata.name} waits for nothing`,
    );
  }
}
