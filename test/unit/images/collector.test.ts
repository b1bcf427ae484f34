import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { ImageCollector } from '../../../node-agent/images/collector.ts';
import type { KnownImage } from '../../../node-agent/images/plan.ts';
import { planCollection } from '../../../node-agent/images/plan.ts';
import { MemoryRuntime } from '../../../node-agent/runtime/memory.ts';
import { container, pod, TestNode } from '../pods/harness.ts';

const POLICY = { highPercent: 85, lowPercent: 80, minAge: 120_000 };

describe('the collection of images', () => {
  let clock: FakeClock;
  let runtime: MemoryRuntime;
  let availableBytes: number;
  let complaints: string[];
  let collector: ImageCollector;
  beforeEach(() => {
    clock = new FakeClock();
    runtime = new MemoryRuntime({ clock });
    availableBytes = 50;
    complaints = [];
    collector = new ImageCollector({
      runtime,
      named: () => ['kept:1', 'pause'],
      disk: () => Promise.resolve({ capacityBytes: 100, availableBytes }),
      policy: POLICY,
      onShort: (message) => void complaints.push(message),
      clock,
      log: silentLog,
    });
  });

  const left = async (): Promise<string[]> =>
    (await runtime.listImages()).flatMap(({ tags }) => tags.map((tag) => tag.replace(/^.*\//, ''))).toSorted();

  it('removes the longest unused until enough is free, and none that a pod names', async () => {
    for (const name of ['kept:1', 'pause', 'a:1', 'b:1', 'c:1']) runtime.images.add(name, { sizeBytes: 5 });
    await collector.collect();
    clock.advance(600_000);
    runtime.images.add('new:1', { sizeBytes: 5 });
    await collector.collect();
    assert.equal((await left()).length, 6);
    availableBytes = 10;
    await collector.collect();
    assert.deepEqual(await left(), ['c:1', 'kept:1', 'new:1', 'pause:latest']);
    assert.deepEqual(complaints, []);
  });

  it('says when there is not enough to remove', async () => {
    runtime.images.add('a:1', { sizeBytes: 3 });
    await collector.collect();
    clock.advance(600_000);
    availableBytes = 10;
    await collector.collect();
    assert.deepEqual(complaints, ['Attempted to free 10 bytes, but only found 3 bytes eligible to free.']);
  });

  it('looks again every five minutes', async () => {
    runtime.images.add('a:1', { sizeBytes: 20 });
    await collector.start();
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    availableBytes = 10;
    clock.advance(300_000);
    await collector.stop();
    assert.deepEqual(await left(), []);
  });

  it('leaves alone what a container was made of, running or not', async () => {
    const node = new TestNode();
    await node.start();
    await node.apply(pod({ containers: [container()], restartPolicy: 'Never' }));
    node.runtime.exit(await node.idOf('web'), 0);
    await node.settle();
    const careful = new ImageCollector({
      runtime: node.runtime,
      named: () => [],
      disk: () => Promise.resolve({ capacityBytes: 100, availableBytes: 0 }),
      policy: { ...POLICY, minAge: 0 },
      onShort: () => undefined,
      clock: node.clock,
      log: silentLog,
    });
    await careful.collect();
    assert.deepEqual(
      (await node.runtime.listImages()).map(({ tags }) => tags),
      [['docker.io/library/app:1']],
    );
    await node.manager.stop();
  });

  it('never removes more than it has to, nor what is young', () => {
    const anyImage = fc.record({ sizeBytes: fc.nat(50), seenAt: fc.nat(1_000_000), usedAt: fc.nat(1_000_000) });
    fc.assert(
      fc.property(fc.array(anyImage), fc.nat(1000), (facts, free) => {
        const images: KnownImage[] = facts.map((each, index) => ({ ...each, id: String(index) }));
        const now = 1_000_000;
        const plan = planCollection(images, { capacityBytes: 1000, availableBytes: free }, POLICY, now);
        const sizes = plan.remove.map(({ sizeBytes }) => sizeBytes);
        const freed = sizes.reduce((sum, size) => sum + size, 0);
        assert.ok(plan.remove.every(({ seenAt }) => now - seenAt >= POLICY.minAge));
        assert.ok(freed - (sizes.at(-1) ?? 0) <= plan.wantedBytes);
        assert.equal(plan.missingBytes, Math.max(0, plan.wantedBytes - freed));
        if (free > 150) assert.deepEqual(plan.remove, []);
      }),
    );
  });
});
