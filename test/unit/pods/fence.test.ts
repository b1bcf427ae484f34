import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Fence } from '../../../node-agent/pods/fence.ts';
import { container, pod, TestNode } from './harness.ts';

const LIMIT = 10_000;

describe('the fence', () => {
  let directory: string;
  let fences: Fence[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dure-fence-'));
    fences = [];
  });
  afterEach(async () => {
    for (const fence of fences) await fence.stop();
    await rm(directory, { recursive: true });
  });

  /** An agent's fence; `bootedAt` is how long the machine had been up when this agent's clock began. */
  async function agent(clock: FakeClock, bootedAt = 0) {
    const changes: string[] = [];
    const fence = new Fence({
      file: join(directory, 'fence'),
      isNeeded: () => true,
      onChange: (isClosed) => changes.push(`${isClosed ? 'closed' : 'open'} at ${clock.now()}`),
      uptime: () => Promise.resolve(bootedAt + clock.now()),
      clock,
      log: silentLog,
    });
    fences.push(fence);
    await fence.start();
    return { fence, changes };
  }

  it('stays open while heartbeats are acknowledged', async () => {
    const clock = new FakeClock();
    const { fence, changes } = await agent(clock);
    fence.setLimit(LIMIT);
    for (let at = 0; at < 60_000; at += 400) {
      clock.advance(400);
      fence.proven(clock.now() - 20);
    }
    assert.deepEqual(changes, []);
  });

  it('closes well before the servers act, counted from when the last acknowledged heartbeat was sent', async () => {
    const clock = new FakeClock();
    const { fence, changes } = await agent(clock);
    fence.setLimit(LIMIT);
    clock.advance(5000);
    fence.proven(4000);
    clock.advance(20_000);
    assert.deepEqual(changes, ['closed at 11250']);
    assert.ok(11_250 < 4000 + LIMIT);
  });

  it('opens again with a new proof', async () => {
    const clock = new FakeClock();
    const { fence, changes } = await agent(clock);
    fence.setLimit(LIMIT);
    clock.advance(20_000);
    fence.proven(20_000);
    assert.equal(fence.isClosed, false);
    assert.equal(changes.length, 2);
  });

  it('does not open for an acknowledgement of something sent long ago', async () => {
    const clock = new FakeClock();
    const { fence } = await agent(clock);
    fence.setLimit(LIMIT);
    clock.advance(20_000);
    fence.proven(1000);
    assert.equal(fence.isClosed, true);
  });

  it('does not begin to count anew when the agent restarts', async () => {
    const clock = new FakeClock();
    const before = await agent(clock);
    before.fence.setLimit(LIMIT);
    before.fence.proven(0);
    clock.advance(5000);
    await before.fence.stop();
    const restarted = new FakeClock();
    const after = await agent(restarted, 6000);
    assert.equal(after.fence.isClosed, false);
    restarted.advance(1500);
    assert.deepEqual(after.changes, ['closed at 1250']);
  });

  it('never closes before a server has said how long it waits', async () => {
    const clock = new FakeClock();
    const { changes } = await agent(clock);
    clock.advance(3_600_000);
    assert.deepEqual(changes, []);
  });
});

describe('pods behind a closed fence', () => {
  it('are ended when they have an identity, whoever owns them now, and run again when it opens', async () => {
    const node = new TestNode();
    await node.start();
    const marked = { annotations: { 'dure.internal/identity': 'true' } };
    const named = { labels: { 'statefulset.kubernetes.io/pod-name': 'db-1' } };
    const spec = (name: string) => ({ terminationGracePeriodSeconds: 0, containers: [container({ name })] });
    await node.apply(pod(spec('db-0'), { name: 'db-0', uid: 'uid-db-0', ...marked }));
    await node.apply(pod(spec('db-1'), { name: 'db-1', uid: 'uid-db-1', ...named }));
    await node.apply(pod(spec('web')));
    const names = async (): Promise<string[]> => (await node.running()).map(({ name }) => name).toSorted();
    assert.deepEqual(await names(), ['db-0', 'db-1', 'web']);
    assert.ok(node.manager.hasIdentityPods());
    node.manager.fence(true);
    await node.advance(1);
    assert.deepEqual(await names(), ['web']);
    node.manager.fence(false);
    await node.advance(1);
    assert.deepEqual(await names(), ['db-0', 'db-1', 'web']);
    await node.manager.stop();
  });
});
