import assert from 'node:assert/strict';
import type { Container } from '../../../api/types/core.v1.ts';
import { podCpuRequest } from '../../../node-agent/pods/resources.ts';
import { container, deleted, pod, TestNode } from './harness.ts';

const sidecar = (name: string, change: Partial<Container> = {}): Container =>
  container({ name, restartPolicy: 'Always', ...change });

describe('a sidecar', () => {
  let node: TestNode;
  afterEach(() => node.manager.stop());

  const names = async (): Promise<string[]> => (await node.running()).map(({ name }) => name).toSorted();
  const statusOf = (name: string) => node.status().initContainerStatuses?.find((status) => status.name === name);

  it('starts in its turn and stays beside those that follow', async () => {
    const order: string[] = [];
    node = new TestNode({
      program: ({ name }) => {
        order.push(name);
        return name === 'init' ? { exitAfterMilliseconds: 1000, exitCode: 0 } : {};
      },
    });
    await node.start();
    await node.apply(pod({ initContainers: [sidecar('proxy'), container({ name: 'init' }), sidecar('logs')] }));
    assert.deepEqual(order, ['proxy', 'init']);
    assert.equal(node.status().phase, 'Pending');
    await node.advance(1);
    assert.deepEqual(order, ['proxy', 'init', 'logs', 'web']);
    assert.deepEqual(await names(), ['logs', 'proxy', 'web']);
    assert.equal(node.status().phase, 'Running');
    assert.equal(node.condition('Ready'), 'True');
    assert.deepEqual([statusOf('proxy')?.ready, statusOf('proxy')?.started], [true, true]);
  });

  it('holds up what follows until its startup probe succeeds', async () => {
    let exitCode = 1;
    node = new TestNode({ exec: () => Promise.resolve({ exitCode }) });
    const startupProbe = { exec: { command: ['up'] }, periodSeconds: 1, failureThreshold: 30 };
    await node.start();
    await node.apply(pod({ initContainers: [sidecar('proxy', { startupProbe })] }));
    await node.advance(1);
    assert.deepEqual(await names(), ['proxy']);
    assert.equal(statusOf('proxy')?.started, false);
    assert.equal(node.condition('Initialized'), 'False');
    assert.equal(node.status().phase, 'Pending');
    exitCode = 0;
    await node.advance(1);
    assert.deepEqual(await names(), ['proxy', 'web']);
    assert.equal(node.condition('Initialized'), 'True');
  });

  it('is restarted with back-off, also where nothing else is, and beside what has begun', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod({ initContainers: [sidecar('proxy')], restartPolicy: 'Never' }));
    node.runtime.exit(await node.idOf('proxy'), 0);
    await node.settle();
    assert.equal(statusOf('proxy')?.restartCount, 1);
    node.runtime.exit(await node.idOf('proxy'), 1);
    await node.settle();
    assert.equal(statusOf('proxy')?.state.waiting?.reason, 'CrashLoopBackOff');
    assert.equal(node.status().phase, 'Running');
    assert.equal(node.condition('Ready'), 'False');
    assert.deepEqual(await names(), ['web']);
    await node.advance(10);
    assert.deepEqual(await names(), ['proxy', 'web']);
    assert.equal(node.condition('Ready'), 'True');
  });

  it('is restarted before what starts in the same turn', async () => {
    const order: string[] = [];
    node = new TestNode({
      program: ({ name }) => {
        order.push(name);
        return name === 'init' ? { exitAfterMilliseconds: 1000, exitCode: 0 } : {};
      },
    });
    await node.start();
    await node.apply(pod({ initContainers: [sidecar('proxy'), container({ name: 'init' })] }));
    node.runtime.exit(await node.idOf('init'), 0);
    node.runtime.exit(await node.idOf('proxy'), 1);
    await node.settle();
    assert.deepEqual(order, ['proxy', 'init', 'proxy', 'web']);
  });

  it('does not count for how the pod has ended, and ends after the others, the last one first', async () => {
    node = new TestNode({ program: () => ({ onTerminate: 'ignore' }) });
    await node.start();
    const spec = { initContainers: [sidecar('a'), sidecar('b')], restartPolicy: 'Never' };
    await node.apply(pod({ ...spec, terminationGracePeriodSeconds: 5 }));
    node.runtime.exit(await node.idOf('web'), 0);
    await node.settle();
    const killed = (): string[] => node.events.filter(({ reason }) => reason === 'Killing').map((each) => each.message);
    assert.deepEqual(killed(), ['Stopping container b']);
    node.runtime.exit(await node.idOf('b'), 0);
    await node.settle();
    assert.deepEqual(killed(), ['Stopping container b', 'Stopping container a']);
    assert.deepEqual(await names(), ['a']);
    await node.advance(5);
    assert.deepEqual(await names(), []);
    assert.equal(node.status().phase, 'Succeeded');
    assert.equal(statusOf('a')?.state.terminated?.exitCode, 137);
  });

  it('ends with its pod within the grace, though the others take all of it', async () => {
    node = new TestNode({ program: () => ({ onTerminate: 'ignore' }) });
    await node.start();
    const made = pod({ initContainers: [sidecar('proxy')] });
    await node.apply(made);
    await node.apply(deleted(made, 5));
    await node.advance(4);
    assert.deepEqual(await names(), ['proxy', 'web']);
    await node.advance(1);
    assert.deepEqual(await names(), ['proxy']);
    await node.advance(2);
    assert.deepEqual(node.gone, ['uid-web']);
  });

  it('goes at once with a pod that gets no time', async () => {
    node = new TestNode({ program: () => ({ onTerminate: 'ignore' }) });
    await node.start();
    const made = pod({ initContainers: [sidecar('proxy')] });
    await node.apply(made);
    await node.apply(deleted(made, 0));
    assert.deepEqual(node.gone, ['uid-web']);
  });

  it('asks for its share beside all that follow', () => {
    const cpu = (text: string): Partial<Container> => ({ resources: { requests: { cpu: text } } });
    const initContainers = [
      container({ name: 'first', ...cpu('300m') }),
      sidecar('proxy', cpu('100m')),
      container({ name: 'second', ...cpu('250m') }),
    ];
    assert.equal(podCpuRequest(pod({ initContainers, containers: [container(cpu('200m'))] })), 350);
    assert.equal(podCpuRequest(pod({ initContainers, containers: [container(cpu('500m'))] })), 600);
  });
});

describe('rules for restarts', () => {
  let node: TestNode;
  afterEach(() => node.manager.stop());

  it('of a container overrule the policy of its pod', async () => {
    node = new TestNode();
    await node.start();
    const restartPolicyRules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
    const containers = [container({ restartPolicy: 'Never', restartPolicyRules })];
    await node.apply(pod({ containers, restartPolicy: 'Always' }));
    node.runtime.exit(await node.idOf('web'), 42);
    await node.settle();
    assert.equal(node.status().containerStatuses?.[0]?.restartCount, 1);
    node.runtime.exit(await node.idOf('web'), 1);
    await node.settle();
    assert.equal(node.status().phase, 'Failed');
  });
});
