import assert from 'node:assert/strict';
import type { PodFence } from '../../../node-agent/pods/pod-fence.ts';
import { container, pod, TestNode } from './harness.ts';

/** Holds what it is told to. */
class FakeFence implements PodFence {
  readonly known = new Set<string>();
  private readonly held = new Set<string>();
  private listener: (uid: string) => void = () => undefined;

  add(uid: string): void {
    this.known.add(uid);
  }

  remove(uid: string): void {
    this.known.delete(uid);
  }

  holds(uid: string): boolean {
    return this.held.has(uid);
  }

  subscribe(listener: (uid: string) => void): () => void {
    this.listener = listener;
    return () => undefined;
  }

  hold(uid: string): void {
    this.held.add(uid);
    this.listener(uid);
  }

  release(uid: string): void {
    this.held.delete(uid);
    this.listener(uid);
  }
}

const MEMBER = { name: 'db-0', uid: 'uid-db-0', annotations: { 'dure.internal/identity': 'true' } };
const PROBE = { exec: { command: ['live'] }, periodSeconds: 1, failureThreshold: 1 };
const LOGS = { namespace: 'default', name: 'db-0', uid: 'uid-db-0' };

describe('a frozen pod', () => {
  let fence: FakeFence;
  let node: TestNode;
  let probes: number;
  beforeEach(async () => {
    fence = new FakeFence();
    node = new TestNode({}, { fence });
    probes = 0;
    node.runtime.execSync = () => {
      probes += 1;
      const exitCode = fence.holds('uid-db-0') ? 1 : 0;
      return Promise.resolve({ exitCode, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
    };
    await node.start();
  });
  afterEach(() => node.manager.stop());

  const member = (probe: object = {}) =>
    pod({ terminationGracePeriodSeconds: 60, containers: [container({ name: 'db', ...probe })] }, MEMBER);
  const names = async (): Promise<string[]> => (await node.running()).map(({ name }) => name);

  it('is told to the fence when it must not run twice, and no other is', async () => {
    await node.apply(member());
    await node.apply(pod());
    const named = { 'statefulset.kubernetes.io/pod-name': 'db-1' };
    await node.apply(pod({}, { name: 'db-1', uid: 'uid-db-1', labels: named }));
    assert.deepEqual([...fence.known], ['uid-db-0', 'uid-db-1']);
  });

  it('is not probed, so that no probe ends it for being frozen', async () => {
    await node.apply(member({ livenessProbe: PROBE, readinessProbe: PROBE }));
    await node.advance(2);
    assert.equal(node.condition('Ready', 'uid-db-0'), 'True');
    const { id } = (await node.running())[0] ?? {};
    fence.hold('uid-db-0');
    await node.settle();
    const before = probes;
    for (let second = 0; second < 60; second += 1) await node.advance(1);
    assert.equal(probes, before);
    assert.equal(node.condition('Ready', 'uid-db-0'), 'True', 'what it was found to be stays');
    fence.release('uid-db-0');
    await node.settle();
    await node.advance(1);
    assert.ok(probes > before);
    assert.equal((await node.running())[0]?.id, id, 'the same container');
    assert.equal(node.condition('Ready', 'uid-db-0'), 'True');
    assert.ok(!node.reasons().includes('Killing'));
  });

  it('is not started, restarted, resized or ended', async () => {
    fence.hold('uid-db-0');
    await node.apply(member());
    await node.advance(60);
    assert.deepEqual(await names(), []);
    fence.release('uid-db-0');
    await node.advance(1);
    assert.deepEqual(await names(), ['db']);
    fence.hold('uid-db-0');
    node.pods.delete('default/db-0');
    await node.advance(60);
    assert.deepEqual(await names(), ['db']);
    fence.release('uid-db-0');
    await node.advance(1);
    assert.deepEqual(await names(), []);
    assert.deepEqual([...fence.known], []);
  });

  it('says so to whoever wants to run something in it', async () => {
    await node.apply(member());
    assert.equal((await node.manager.lookup.container(LOGS, 'db', false))?.isFrozen, false);
    fence.hold('uid-db-0');
    assert.equal((await node.manager.lookup.container(LOGS, 'db', false))?.isFrozen, true);
  });
});
