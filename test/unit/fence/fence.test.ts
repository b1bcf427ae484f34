import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Fence } from '../../../node-agent/fence/fence.ts';
import { FakeFreezer } from '../../../node-agent/fence/freezer-fake.ts';
import { LeaseFile } from '../../../node-agent/fence/lease-file.ts';

const LEASE = 2400;

describe('the fence', () => {
  let directory: string;
  let freezer: FakeFreezer;
  let ours: Set<string>;
  let fences: Fence[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dure-fence-'));
    freezer = new FakeFreezer();
    freezer.states.set('db', 'running');
    ours = new Set(['db']);
    fences = [];
  });
  afterEach(async () => {
    for (const fence of fences) await fence.stop();
    await rm(directory, { recursive: true });
  });

  /** An agent's fence; `startedAt` is how long the machine had been up when this agent's clock began. */
  async function agent(clock: FakeClock, startedAt = 0): Promise<Fence> {
    const fence = new Fence({
      freezer,
      file: new LeaseFile(directory),
      guard: { ensure: () => undefined },
      isOurs: (uid) => ours.has(uid),
      uptime: () => startedAt + clock.now(),
      clock,
      log: silentLog,
    });
    fences.push(fence);
    await fence.start();
    return fence;
  }

  /** One that has just been acknowledged, with a pod that runs. */
  async function connected(clock: FakeClock): Promise<Fence> {
    const fence = await agent(clock);
    fence.setLease(LEASE);
    fence.add('db');
    fence.proven(clock.now());
    return fence;
  }

  it('lets pods run while heartbeats are acknowledged', async () => {
    const clock = new FakeClock();
    const fence = await connected(clock);
    for (let at = 0; at < 60_000; at += 400) {
      clock.advance(400);
      fence.proven(clock.now() - 20);
      assert.equal(freezer.states.get('db'), 'running');
      assert.ok(!fence.holds('db'));
    }
  });

  it('freezes them when the lease is over, counted from when the last acknowledged heartbeat was sent', async () => {
    const clock = new FakeClock();
    const fence = await connected(clock);
    const told: string[] = [];
    fence.subscribe((uid) => told.push(`${uid} at ${clock.now()}`));
    clock.advance(1000);
    fence.proven(900);
    clock.advance(900 + LEASE - 1000);
    assert.equal(freezer.states.get('db'), 'running');
    clock.advance(2);
    assert.equal(freezer.states.get('db'), 'frozen');
    assert.ok(fence.holds('db'));
    assert.deepEqual(told, [`db at ${900 + LEASE + 1}`]);
    clock.advance(3_600_000);
    assert.deepEqual(freezer.killed, [], 'it stays frozen for as long as it takes');
  });

  it('thaws what is still of this node, and kills as it is what has been replaced', async () => {
    const clock = new FakeClock();
    freezer.states.set('cache', 'running');
    const fence = await connected(clock);
    fence.add('cache');
    clock.advance(10_000);
    ours = new Set(['db']);
    fence.proven(9000);
    assert.deepEqual([...freezer.states], [['db', 'running']]);
    assert.deepEqual(freezer.killed, ['cache']);
    assert.ok(!fence.holds('db') && !fence.holds('cache'));
  });

  it('does not open for an acknowledgement of something sent long ago', async () => {
    const clock = new FakeClock();
    const fence = await connected(clock);
    clock.advance(20_000);
    fence.proven(1000);
    assert.equal(freezer.states.get('db'), 'frozen');
  });

  it('ends a pod that can not be frozen in time, and one that can not be frozen at all', async () => {
    const clock = new FakeClock();
    freezer.stuck.add('db');
    await connected(clock);
    clock.advance(LEASE + 350);
    assert.deepEqual([freezer.states.get('db'), freezer.killed], ['freezing', []]);
    clock.advance(150);
    assert.deepEqual(freezer.killed, ['db']);
  });

  it('ends at once what a node without a freezer can not hold', async () => {
    const clock = new FakeClock();
    freezer.freeze = () => undefined;
    await connected(clock);
    clock.advance(LEASE + 10);
    assert.deepEqual(freezer.killed, ['db']);
  });

  it('thaws again what its guard froze at the last moment', async () => {
    const clock = new FakeClock();
    const fence = await connected(clock);
    freezer.freeze('db');
    for (let at = 0; at < 400; at += 100) clock.advance(100);
    assert.equal(freezer.states.get('db'), 'running');
    assert.ok(!fence.holds('db'));
  });

  it('goes on counting when the agent restarts, and freezes before anything else', async () => {
    const clock = new FakeClock();
    const before = await connected(clock);
    await before.stop();
    const soon = await agent(new FakeClock(), 2000);
    assert.ok(!soon.holds('db'), 'the acknowledgement still counts');
    await soon.stop();
    const late = await agent(new FakeClock(), LEASE + 1);
    assert.equal(freezer.states.get('db'), 'frozen');
    late.setLease(LEASE);
    assert.equal(freezer.states.get('db'), 'frozen', 'welcome is no acknowledgement');
    late.proven(LEASE + 100);
    assert.equal(freezer.states.get('db'), 'running');
  });

  it('neither lets go nor ends what it finds frozen before a server has told what is still of this node', async () => {
    const clock = new FakeClock();
    await (await connected(clock)).stop();
    freezer.freeze('db');
    ours.clear();
    await agent(new FakeClock(), 100);
    assert.deepEqual([freezer.states.get('db'), freezer.killed], ['frozen', []]);
  });

  it('lets nothing run on a machine that was restarted before a server has acknowledged it', async () => {
    const clock = new FakeClock();
    freezer.states.clear();
    const fence = await agent(clock);
    fence.add('db');
    clock.advance(3_600_000);
    assert.ok(fence.holds('db'));
    fence.setLease(LEASE);
    fence.proven(clock.now());
    assert.ok(!fence.holds('db'));
    assert.ok(!fence.holds('web'), 'pods without an identity are never held');
  });

  it('forgets pods of which nothing is left', async () => {
    const clock = new FakeClock();
    await (await connected(clock)).stop();
    freezer.states.clear();
    ours.clear();
    const fence = await agent(new FakeClock(), 100);
    fence.setLease(LEASE);
    fence.proven(100);
    fence.proven(110);
    assert.deepEqual(new LeaseFile(directory).read()?.pods, []);
  });

  it('opens for nothing that its guard has not been told', async () => {
    const clock = new FakeClock();
    const fence = await connected(clock);
    clock.advance(10_000);
    await rm(directory, { recursive: true });
    fence.proven(10_000);
    clock.advance(300);
    assert.equal(freezer.states.get('db'), 'frozen', 'nor a moment later');
    new LeaseFile(directory);
    fence.proven(10_000);
    assert.equal(freezer.states.get('db'), 'running');
  });
});

describe('the guard of the fence', () => {
  it('is called for while there is something to guard, and not again and again for what is frozen anyway', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'dure-fence-'));
    const clock = new FakeClock();
    let calls = 0;
    const fence = new Fence({
      freezer: new FakeFreezer(),
      file: new LeaseFile(directory),
      guard: { ensure: () => void (calls += 1) },
      isOurs: () => true,
      uptime: () => clock.now(),
      clock,
      log: silentLog,
    });
    await fence.start();
    fence.add('db');
    clock.advance(10_000);
    assert.equal(calls, 0, 'no server was reached since the machine was started: there is no lease to guard by');
    fence.setLease(LEASE);
    fence.proven(10_000);
    clock.advance(LEASE);
    const open = calls;
    assert.ok(open > 5);
    clock.advance(60_000);
    assert.ok(calls <= open + 1);
    await fence.stop();
    await rm(directory, { recursive: true });
  });
});

describe('the lease in its file', () => {
  let directory: string;
  beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'dure-lease-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('says in whole hundredths when the guard acts, and where', async () => {
    const file = new LeaseFile(directory, 'boot-1');
    assert.equal(file.read(), undefined);
    file.write({ provenAt: 1_234_567.8, milliseconds: LEASE }, ['a', 'b'], new FakeFreezer());
    const text = await readFile(join(directory, 'lease'), 'utf8');
    assert.equal(text, '123736 123456 240 boot-1\nv2 /groups/poda\nv2 /groups/podb\n');
    assert.deepEqual(file.read(), { lease: { provenAt: 1_234_560, milliseconds: LEASE }, pods: ['a', 'b'] });
  });

  it('means nothing after the machine was started again, whose clock has begun again', () => {
    new LeaseFile(directory, 'boot-1').write({ provenAt: 10_000, milliseconds: LEASE }, ['a'], new FakeFreezer());
    assert.equal(new LeaseFile(directory, 'boot-2').read(), undefined);
    assert.deepEqual(new LeaseFile(directory, 'boot-1').read()?.pods, ['a']);
  });

  it('is refused when it is none', async () => {
    await writeFile(join(directory, 'lease'), 'soon\n');
    assert.throws(() => new LeaseFile(directory).read(), /is no lease/);
  });
});
