import assert from 'node:assert/strict';
import type { Container, ContainerStatus } from '../../../api/types/core.v1.ts';
import { container, pod, TestNode } from './harness.ts';

describe('the resources of a container that runs', () => {
  let node: TestNode;
  afterEach(() => node.manager.stop());

  const sized = (cpu: string, change: Partial<Container> = {}): Container =>
    container({ resources: { requests: { cpu }, limits: { cpu } }, ...change });
  const status = (): ContainerStatus | undefined => node.status().containerStatuses?.[0];

  it('are told, and changed in place', async () => {
    node = new TestNode();
    await node.start();
    await node.apply(pod({ containers: [sized('100m')] }));
    const id = await node.idOf('web');
    assert.deepEqual(status()?.resources, { requests: { cpu: '100m' }, limits: { cpu: '100m' } });
    assert.deepEqual(status()?.allocatedResources, { cpu: '100m' });
    await node.apply(pod({ containers: [sized('200m')] }));
    assert.equal(await node.idOf('web'), id);
    assert.deepEqual(status()?.allocatedResources, { cpu: '200m' });
    assert.deepEqual(node.runtime.resourcesOf(id).cpuQuota, 20_000);
    await node.restartAgent();
    await node.settle();
    assert.equal(await node.idOf('web'), id);
    assert.deepEqual(status()?.allocatedResources, { cpu: '200m' });
  });

  it('are given to a new container where its policy says so', async () => {
    node = new TestNode();
    await node.start();
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    await node.apply(pod({ containers: [sized('100m', { resizePolicy })] }));
    await node.apply(pod({ containers: [sized('200m', { resizePolicy })] }));
    assert.equal(status()?.restartCount, 1);
    assert.deepEqual(status()?.allocatedResources, { cpu: '200m' });
  });

  it('are told with the mounts of the container', async () => {
    node = new TestNode();
    await node.start();
    const volumeMounts = [
      { name: 'a', mountPath: '/a' },
      { name: 'b', mountPath: '/b', readOnly: true },
    ];
    await node.apply(pod({ containers: [container({ volumeMounts })] }));
    assert.deepEqual(status()?.resources, {});
    assert.deepEqual(status()?.volumeMounts, [
      { mountPath: '/a', name: 'a' },
      { mountPath: '/b', name: 'b', readOnly: true, recursiveReadOnly: 'Disabled' },
    ]);
  });
});
