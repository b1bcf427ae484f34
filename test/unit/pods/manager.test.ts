import assert from 'node:assert/strict';
import { RuntimeError } from '../../../node-agent/runtime/port.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Program } from '../../../node-agent/runtime/memory.ts';
import { container, deleted, pod, TestNode } from './harness.ts';

describe('a pod on a node', () => {
  let node: TestNode;
  afterEach(() => node.manager.stop());

  it('runs, is ready, and says so as kubectl knows it', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    const status = node.status();
    assert.equal(status.phase, 'Running');
    assert.equal(status.hostIP, '192.0.2.1');
    assert.match(status.podIP ?? '', /^10\.244\./);
    assert.equal(status.qosClass, 'BestEffort');
    const [web] = status.containerStatuses ?? [];
    assert.ok(web?.ready && web.started && web.state.running);
    assert.match(web.containerID ?? '', /^containerd:\/\//);
    for (const type of ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled']) {
      assert.equal(node.condition(type), 'True', type);
    }
    assert.deepEqual(node.reasons(), ['Pulled', 'Created', 'Started']);
  });

  it('tells of its sandbox together with its first container, or alone when that takes long', async () => {
    node = new TestNode();
    const ips = (): (string | undefined)[] => node.history.map(({ podIP }) => podIP);
    const gate = Promise.withResolvers<void>();
    const startContainer = node.runtime.startContainer.bind(node.runtime);
    node.runtime.startContainer = (id) => gate.promise.then(() => startContainer(id));
    await node.start();
    await node.apply(pod());
    assert.deepEqual(ips(), [undefined]);
    await node.advance(1);
    assert.equal(ips().length, 2);
    assert.match(ips()[1] ?? '', /^10\.244\./);
    assert.equal(node.condition('PodReadyToStartContainers'), 'True');
    gate.resolve();
    await node.settle();
    assert.equal(node.status().phase, 'Running');
    await node.apply(pod({}, { name: 'other', uid: 'uid-other' }));
    assert.deepEqual(
      node.history.slice(3).map(({ phase, podIP }) => [phase, podIP !== undefined]),
      [
        ['Pending', false],
        ['Running', true],
      ],
    );
  });

  it('waits with its sandbox while containers of others are being started', async () => {
    node = new TestNode({}, { parallelStarts: 1 });
    const gate = Promise.withResolvers<void>();
    const startContainer = node.runtime.startContainer.bind(node.runtime);
    node.runtime.startContainer = (id) => gate.promise.then(() => startContainer(id));
    await node.start();
    await node.apply(pod());
    await node.apply(pod({}, { name: 'other', uid: 'uid-other' }));
    assert.equal((await node.runtime.listSandboxes()).length, 1);
    gate.resolve();
    await node.settle();
    assert.equal((await node.running()).length, 2);
  });

  it('runs init containers in order, one at a time, before the others', async () => {
    const order: string[] = [];
    const program = ({ name }: { name: string }): Program => {
      order.push(name);
      return name.startsWith('init') ? { exitAfterMilliseconds: 1000, exitCode: 0 } : {};
    };
    node = new TestNode({ program });
    await node.start();
    await node.apply(pod({ initContainers: [container({ name: 'init-a' }), container({ name: 'init-b' })] }));
    assert.deepEqual(order, ['init-a']);
    assert.equal(node.status().phase, 'Pending');
    assert.equal(node.status().containerStatuses?.[0]?.state.waiting?.reason, 'PodInitializing');
    assert.equal(node.condition('Initialized'), 'False');
    await node.advance(1);
    assert.deepEqual(order, ['init-a', 'init-b']);
    assert.deepEqual(
      node.status().initContainerStatuses?.map(({ ready, started }) => [ready, started]),
      [
        [true, false],
        [false, true],
      ],
    );
    await node.advance(1);
    assert.deepEqual(order, ['init-a', 'init-b', 'web']);
    assert.equal(node.status().phase, 'Running');
    assert.equal(node.status().initContainerStatuses?.[0]?.state.terminated?.reason, 'Completed');
  });

  it('restarts a crashed container at once, then after 10 s, 20 s, … and forgives after ten quiet minutes', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    node.runtime.exit(await node.idOf('web'), 1);
    await node.settle();
    assert.equal(node.status().containerStatuses?.[0]?.restartCount, 1);
    for (const seconds of [10, 20, 40]) {
      node.runtime.exit(await node.idOf('web'), 1);
      await node.settle();
      const waiting = node.status().containerStatuses?.[0]?.state.waiting;
      assert.equal(waiting?.reason, 'CrashLoopBackOff');
      assert.equal(waiting?.message, `back-off ${seconds}s restarting failed container=web pod=web_default(uid-web)`);
      assert.equal(node.status().phase, 'Running');
      assert.equal(node.status().containerStatuses?.[0]?.lastState.terminated?.exitCode, 1);
      await node.advance(seconds - 1);
      assert.equal((await node.running()).length, 0);
      await node.advance(1);
      assert.equal((await node.running()).length, 1);
    }
    await node.advance(601);
    node.runtime.exit(await node.idOf('web'), 1);
    await node.settle();
    assert.equal((await node.running()).length, 1);
    assert.ok(node.reasons().includes('BackOff'));
  });

  it('tells an OOM kill, though the runtime still says running', async () => {
    node = new TestNode({ statusLagMilliseconds: 80 });
    await node.start();
    await node.apply(pod({ restartPolicy: 'Never' }));
    node.runtime.outOfMemory(await node.idOf('web'));
    await node.settle();
    const terminated = node.status().containerStatuses?.[0]?.state.terminated;
    assert.equal(terminated?.reason, 'OOMKilled');
    assert.equal(terminated?.exitCode, 137);
    await node.advance(1);
    assert.equal(node.status().phase, 'Failed');
  });

  it('never runs a finished pod again', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod({ restartPolicy: 'OnFailure' }));
    node.runtime.exit(await node.idOf('web'), 0);
    await node.settle();
    assert.equal(node.status().phase, 'Succeeded');
    await node.apply({ ...pod({ restartPolicy: 'OnFailure' }), status: node.status() });
    await node.restartAgent();
    await node.advance(1000);
    assert.equal((await node.running()).length, 0);
    assert.equal((await node.runtime.listContainers()).length, 1);
    assert.equal(node.status().phase, 'Succeeded');
  });

  it('ends a deleted pod within its grace and leaves nothing', async () => {
    node = new TestNode({ program: () => ({ onTerminate: 'ignore' }) });
    await node.start();
    await node.apply(pod());
    await node.apply(deleted(pod(), 5));
    assert.equal((await node.running()).length, 1);
    await node.advance(5);
    assert.deepEqual(await node.runtime.listSandboxes(), []);
    assert.deepEqual(node.gone, ['uid-web']);
    assert.equal(node.status().containerStatuses?.[0]?.state.terminated?.exitCode, 137);
    assert.equal(node.status().phase, 'Failed');
    assert.equal(node.manager.size, 0);
  });

  it('has nothing to add when others change a pod that has ended here', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    await node.apply(deleted(pod(), 5));
    await node.advance(5);
    assert.deepEqual(node.gone, ['uid-web']);
    const last = node.status();
    const held = deleted(pod(), 5);
    await node.apply({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/held'] } });
    assert.equal(node.manager.size, 0);
    assert.deepEqual(node.status(), last);
  });

  it('lets a shorter grace overtake a longer one', async () => {
    node = new TestNode({ program: () => ({ onTerminate: 'ignore' }) });
    await node.start();
    await node.apply(pod());
    await node.apply(deleted(pod(), 300));
    await node.advance(1);
    await node.apply(deleted(pod(), 2));
    await node.advance(2);
    assert.deepEqual(node.gone, ['uid-web']);
    assert.equal(node.reasons().filter((reason) => reason === 'Killing').length, 1);
  });

  it('runs preStop before SIGTERM, within the same grace', async () => {
    const calls: string[] = [];
    const hook = Promise.withResolvers<{ exitCode: number }>();
    node = new TestNode({
      exec: (_container, command) => {
        calls.push(command.join(' '));
        return hook.promise;
      },
      intercept: (method) => void (method === 'stopContainer' && calls.push(method)),
    });
    await node.start();
    const web = pod({ containers: [container({ lifecycle: { preStop: { exec: { command: ['drain'] } } } })] });
    await node.apply(web);
    await node.apply(deleted(web));
    assert.deepEqual(calls, ['drain']);
    hook.resolve({ exitCode: 0 });
    await node.settle();
    assert.deepEqual(calls, ['drain', 'stopContainer']);
    assert.deepEqual(node.gone, ['uid-web']);
  });

  it('goes on with what runs after a restart of the agent', async () => {
    node = new TestNode();
    await node.start();
    const probed = pod({
      containers: [container({ readinessProbe: { exec: { command: ['true'] }, periodSeconds: 60 } })],
    });
    await node.apply(probed);
    const before = await node.running();
    await node.advance(1);
    assert.equal(node.condition('Ready'), 'True');
    node.pods.set('default/web', { ...probed, status: node.status() });
    node.history.length = 0;
    await node.restartAgent();
    assert.deepEqual(await node.running(), before);
    assert.ok(node.history.every(({ conditions }) => conditions?.every(({ status }) => status === 'True')));
  });

  it('ends at once what a complete desired state no longer names, and only then', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    await node.manager.stop();
    const other = new TestNode();
    Object.assign(other, { runtime: node.runtime, clock: node.clock });
    const pods = new (node.pods.constructor as typeof import('../../../lib/view.ts').MapView<ReturnType<typeof pod>>)();
    Object.assign(other, { pods });
    node = other;
    node.manager = node.makeManager();
    await node.start();
    assert.equal((await node.running()).length, 1);
    pods.markSynced();
    await node.settle();
    assert.deepEqual(await node.runtime.listSandboxes(), []);
  });

  it('keeps the last status of a finished pod of which the runtime holds nothing any more', async () => {
    node = new TestNode();
    const done = pod({ restartPolicy: 'Never' });
    node.pods.set('default/web', { ...done, status: { phase: 'Succeeded' } });
    await node.start();
    assert.equal(node.statuses.size, 0);
    assert.deepEqual(await node.runtime.listSandboxes(), []);
    await node.apply(deleted({ ...done, status: { phase: 'Succeeded' } }));
    assert.deepEqual(node.gone, ['uid-web']);
  });

  it('tries again at once when the runtime is back, however often it failed before', async () => {
    node = new TestNode();
    await node.start();
    node.runtime.disconnect();
    await node.apply(pod());
    for (let minute = 0; minute < 10; minute += 1) await node.advance(60);
    node.runtime.reconnect();
    await node.settle();
    assert.equal((await node.running()).length, 1);
  });

  it('survives a runtime that goes away and comes back', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    const before = await node.running();
    node.runtime.disconnect();
    await node.apply(pod({}, { name: 'late', uid: 'uid-late' }));
    await node.advance(1);
    node.runtime.reconnect();
    await node.advance(30);
    const after = await node.running();
    assert.equal(after.length, 2);
    assert.ok(after.some(({ id }) => id === before[0]?.id));
  });

  it('makes a new sandbox when the old one has died', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    const [old] = await node.runtime.listSandboxes();
    node.runtime.crashSandbox(old?.id ?? '');
    await node.settle();
    const sandboxes = await node.runtime.listSandboxes();
    assert.equal(sandboxes.find(({ ready }) => ready)?.attempt, 1);
    assert.equal((await node.running()).length, 1);
    assert.equal(node.status().containerStatuses?.[0]?.restartCount, 1);
    assert.ok(node.reasons().includes('SandboxChanged'));
  });

  it('replaces just the container whose image has changed', async () => {
    node = new TestNode();
    await node.start();
    const two = (image: string): ReturnType<typeof pod> =>
      pod({ containers: [container({ image }), container({ name: 'side' })] });
    await node.apply(two('app:1'));
    const side = await node.idOf('side');
    await node.apply(two('app:2'));
    assert.equal(await node.idOf('side'), side);
    const web = (await node.running()).find(({ name }) => name === 'web');
    assert.equal(web?.attempt, 1);
    assert.ok(node.events.some(({ message }) => message === 'Container web definition changed, will be restarted'));
  });

  it('waits for a config map by its own event', async () => {
    node = new TestNode();
    await node.start();
    const env = [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }];
    await node.apply(pod({ containers: [container({ env })] }));
    const waiting = node.status().containerStatuses?.[0]?.state.waiting;
    assert.deepEqual(waiting, { reason: 'CreateContainerConfigError', message: 'configmap "settings" not found' });
    node.configmaps.set('default/settings', {
      metadata: { name: 'settings', namespace: 'default' },
      data: { color: 'red' },
    });
    await node.settle();
    const config = node.runtime.configOf(await node.idOf('web'));
    assert.ok(config.env.some(({ name, value }) => name === 'COLOR' && value === 'red'));
  });

  it('backs off from an image that can not be pulled', async () => {
    node = new TestNode();
    node.runtime.images.failPull('missing:1', 'no such image');
    await node.start();
    await node.apply(pod({ containers: [container({ image: 'missing:1' })] }));
    assert.equal(node.status().containerStatuses?.[0]?.state.waiting?.reason, 'ErrImagePull');
    await node.advance(1);
    const waiting = node.status().containerStatuses?.[0]?.state.waiting;
    assert.equal(waiting?.reason, 'ImagePullBackOff');
    assert.match(waiting?.message ?? '', /^Back-off pulling image "missing:1": ErrImagePull: /);
    node.runtime.images.healPull('missing:1');
    await node.advance(10);
    assert.equal(node.status().phase, 'Running');
  });

  it('shows a container that can not be started', async () => {
    node = new TestNode({ program: () => ({ startError: 'exec: "nope": not found' }) });
    await node.start();
    await node.apply(pod());
    const [web] = node.status().containerStatuses ?? [];
    assert.equal(web?.lastState.terminated?.reason, 'StartError');
    assert.equal(web?.state.waiting?.reason, 'CrashLoopBackOff');
    assert.ok(node.events.some(({ message }) => message === 'Error: exec: "nope": not found'));
  });

  it('does not let a call that hangs hold up other pods', async () => {
    const never = new Promise<void>(() => {});
    node = new TestNode({
      intercept: (method, subject) => (method === 'runSandbox' && subject === 'stuck' ? never : undefined),
    });
    await node.start();
    await node.apply(pod({}, { name: 'stuck', uid: 'uid-stuck' }));
    await node.apply(pod());
    assert.equal(node.status().phase, 'Running');
    assert.equal(node.status('uid-stuck').phase, 'Pending');
  });

  it('retries a sandbox that fails, later and later', async () => {
    let fails = 2;
    node = new TestNode({
      intercept: (method) => {
        if (method === 'runSandbox' && fails-- > 0) throw new RuntimeError('Other', 'no network');
      },
    });
    await node.start();
    await node.apply(pod());
    assert.ok(node.events.some(({ message }) => message === 'Failed to create pod sandbox: no network'));
    await node.advance(1);
    assert.equal((await node.running()).length, 0);
    await node.advance(2);
    assert.equal((await node.running()).length, 1);
  });

  it('restarts a container whose liveness probe fails and takes an unready one out', async () => {
    let healthy = true;
    node = new TestNode({ exec: () => ({ exitCode: healthy ? 0 : 1, stderr: 'sick' }) });
    await node.start();
    const exec = { command: ['check'] };
    const livenessProbe = { exec, periodSeconds: 10, failureThreshold: 3 };
    const readinessProbe = { exec, periodSeconds: 5, failureThreshold: 1 };
    await node.apply(pod({ containers: [container({ livenessProbe, readinessProbe })] }));
    assert.equal(node.condition('Ready'), 'False');
    await node.advance(0);
    assert.equal(node.condition('Ready'), 'True');
    healthy = false;
    await node.advance(5);
    assert.equal(node.condition('Ready'), 'False');
    assert.ok(node.events.some(({ message }) => message === 'Readiness probe failed: sick'));
    for (let seconds = 0; seconds < 25; seconds += 5) await node.advance(5);
    assert.ok(node.events.some(({ message }) => message === 'Container web failed liveness probe, will be restarted'));
    assert.equal(node.status().containerStatuses?.[0]?.restartCount, 1);
  });

  it('ends a pod at its deadline', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod({ activeDeadlineSeconds: 60 }));
    await node.advance(59);
    assert.equal(node.status().phase, 'Running');
    await node.advance(1);
    assert.equal(node.status().phase, 'Failed');
    assert.equal(node.status().reason, 'DeadlineExceeded');
    assert.deepEqual(
      node.events.filter(({ reason }) => reason === 'DeadlineExceeded').map(({ type }) => type),
      ['Normal'],
    );
    assert.equal((await node.running()).length, 0);
  });

  it('does not start what it can not do, and says what that is', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod({ containers: [container({ lifecycle: { stopSignal: 'SIGUSR1' } })] }));
    assert.equal((await node.running()).length, 0);
    assert.ok(
      node.events.some(({ reason, message }) => reason === 'FailedValidation' && message.includes('stop signals')),
    );
    assert.equal(node.status().containerStatuses?.[0]?.state.waiting?.reason, 'CreateContainerConfigError');
  });

  it('is refused when another has one of its host ports, until that one has ended', async () => {
    node = new TestNode();
    await node.start();
    const named = (name: string, hostPort = 8080): Pod =>
      pod({ containers: [container({ ports: [{ hostPort, containerPort: 80 }] })] }, { name, uid: name });
    await node.apply(named('first'));
    await node.apply(named('second'));
    assert.deepEqual([node.status('second').phase, node.status('second').reason], ['Failed', 'NodePorts']);
    assert.match(
      node.status('second').message ?? '',
      /^Pod was rejected: Predicate NodePorts failed: node\(s\) didn't/,
    );
    await node.apply(named('other', 8081));
    assert.equal(node.status('other').phase, 'Running');
    await node.apply(deleted(named('first'), 0));
    await node.settle();
    await node.apply(named('third'));
    assert.equal(node.status('third').phase, 'Running');
  });

  it('is refused with a sysctl that is not safe, for good', async () => {
    node = new TestNode();
    await node.start();
    const unsafe = pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } });
    await node.apply(unsafe);
    const { phase, reason, message } = node.status();
    assert.deepEqual([phase, reason], ['Failed', 'SysctlForbidden']);
    assert.match(message ?? '', /^Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted$/);
    assert.deepEqual(await node.runtime.listSandboxes(), []);
    assert.deepEqual(
      node.events.map((event) => [event.type, event.reason]),
      [['Warning', 'SysctlForbidden']],
    );
    await node.apply({ ...unsafe, status: node.status() });
    await node.restartAgent();
    assert.equal(node.events.length, 1);
  });
});
