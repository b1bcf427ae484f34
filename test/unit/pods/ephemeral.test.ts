import assert from 'node:assert/strict';
import type { ContainerStatus, EphemeralContainer } from '../../../api/types/core.v1.ts';
import { containerMessage } from '../../../node-agent/runtime/requests.ts';
import type { ContainerConfig, SandboxConfig } from '../../../node-agent/runtime/port.ts';
import { container, pod, TestNode } from './harness.ts';

describe('an ephemeral container', () => {
  let node: TestNode;
  afterEach(() => node.manager.stop());

  const debug = (change: Partial<EphemeralContainer> = {}): EphemeralContainer => ({
    ...container({ name: 'debug' }),
    ...change,
  });
  const status = (): ContainerStatus | undefined => node.status().ephemeralContainerStatuses?.[0];

  it('joins a pod that runs, runs once, and changes nothing of how the pod stands', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod());
    const web = await node.idOf('web');
    const looked = pod({ ephemeralContainers: [debug()] });
    await node.apply(looked);
    assert.equal(await node.idOf('web'), web);
    assert.ok(status()?.state.running);
    assert.deepEqual([status()?.ready, 'started' in (status() ?? {})], [false, false]);
    assert.equal(node.condition('Ready'), 'True');
    node.runtime.exit(await node.idOf('debug'), 1);
    await node.settle();
    await node.advance(1000);
    assert.equal(status()?.state.terminated?.exitCode, 1);
    assert.equal(status()?.restartCount, 0);
    assert.equal(node.condition('Ready'), 'True');
    await node.restartAgent();
    assert.deepEqual(
      (await node.running()).map(({ name }) => name),
      ['web'],
    );
  });

  it('starts though the init containers fail, and is told about as one', async () => {
    node = new TestNode({ program: ({ name }) => (name === 'init' ? { exitAfterMilliseconds: 1, exitCode: 1 } : {}) });
    await node.start();
    const initContainers = [container({ name: 'init' })];
    await node.apply(pod({ initContainers, ephemeralContainers: [debug()] }));
    await node.advance(1);
    assert.ok(status()?.state.running);
    assert.equal(node.status().phase, 'Pending');
  });

  it('sees the processes of the container it is for', async () => {
    const configs: ContainerConfig[] = [];
    node = new TestNode({ program: (config) => (configs.push(config), {}) });
    await node.start();
    await node.apply(pod());
    await node.apply(pod({ ephemeralContainers: [debug({ targetContainerName: 'web' })] }));
    const config = configs.find(({ name }) => name === 'debug');
    assert.equal(config?.security.processesOf, await node.idOf('web'));
    const message = containerMessage(config, {} as SandboxConfig);
    const { linux } = message as { linux: { securityContext: { namespaceOptions: object } } };
    assert.deepEqual(linux.securityContext.namespaceOptions, {
      network: 'POD',
      pid: 'TARGET',
      ipc: 'POD',
      targetId: await node.idOf('web'),
    });
  });

  it('waits for a target that has not begun', async () => {
    node = new TestNode({
      program: ({ name }) => (name === 'init' ? { exitAfterMilliseconds: 500, exitCode: 0 } : {}),
    });
    await node.start();
    const initContainers = [container({ name: 'init' })];
    await node.apply(pod({ initContainers, ephemeralContainers: [debug({ targetContainerName: 'web' })] }));
    assert.equal(status()?.state.waiting?.message, 'unable to find target container web');
    await node.advance(1);
    await node.advance(4);
    assert.ok(status()?.state.running);
  });
});
