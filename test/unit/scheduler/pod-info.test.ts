import assert from 'node:assert/strict';
import type { Pod } from '../../../api/types/core.v1.ts';
import { podInfo } from '../../../control-plane/scheduler/pod-info.ts';
import { makePod } from './world.ts';

const DEVICE = 'example.com/device';

function container(name: string, requests: Record<string, string>, restartPolicy?: string): object {
  return { name, resources: { requests }, ...(restartPolicy && { restartPolicy }) };
}

describe('what a pod asks of a node', () => {
  it('is its containers and sidecars, or the step of its start that asks for more, and its overhead', () => {
    const spec = {
      initContainers: [
        container('sidecar', { cpu: '100m', [DEVICE]: '1' }, 'Always'),
        container('big', { cpu: '2', memory: '10' }),
      ],
      containers: [container('a', { cpu: '1', [DEVICE]: '2' }), container('b', { cpu: '500m', memory: '40' })],
      overhead: { cpu: '250m', memory: '5', 'ephemeral-storage': '7' },
    };
    const { request } = podInfo(makePod('pod', {}, spec as unknown as Partial<Pod['spec']>));
    assert.equal(request.cpu, 2350);
    assert.equal(request.memory, 45);
    assert.deepEqual(
      request.others,
      new Map([
        [DEVICE, 3],
        ['ephemeral-storage', 7],
      ]),
    );
  });

  it('is what its containers still have, until a resize down has been carried out', () => {
    const spec = {
      initContainers: [container('sidecar', { cpu: '100m' }, 'Always')],
      containers: [container('a', { cpu: '1', memory: '20' }), container('b', { cpu: '1', memory: '20' })],
    };
    const status = {
      initContainerStatuses: [{ name: 'sidecar', resources: { requests: { cpu: '300m' } } }],
      containerStatuses: [
        { name: 'b', allocatedResources: { cpu: '500m', memory: '30' }, resources: {} },
        { name: 'a', allocatedResources: { cpu: '2' }, resources: { requests: { cpu: '3' } } },
      ],
    };
    const pod = makePod('pod', {}, spec as unknown as Partial<Pod['spec']>);
    const { request, weight } = podInfo({ ...pod, status: status as unknown as Pod['status'] });
    assert.equal(request.cpu, 300 + 3000 + 1000);
    assert.equal(request.memory, 20 + 30);
    assert.equal(weight.cpu, request.cpu);
  });

  it('makes pods with the same wishes one template, whatever their names and labels are', () => {
    const template = (name: string, requests: Record<string, string>, priority = 0): string =>
      podInfo(makePod(name, requests, { priority }, { name })).template;
    assert.equal(template('a', { [DEVICE]: '1' }), template('b', { [DEVICE]: '1' }));
    assert.notEqual(template('a', { [DEVICE]: '1' }), template('a', { [DEVICE]: '2' }));
    assert.notEqual(template('a', {}, 1), template('a', {}, 2));
  });
});
