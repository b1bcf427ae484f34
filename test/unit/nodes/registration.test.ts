import assert from 'node:assert/strict';
import type { NodeStatus } from '../../../api/types/core.v1.ts';
import { mergeNodeStatus } from '../../../control-plane/nodes/registration.ts';

function status(capacity: Record<string, string>, allocatable = capacity): NodeStatus {
  return { capacity, allocatable } as NodeStatus;
}

describe('what a node reports of its resources', () => {
  it('keeps the extended ones that others have added, and makes them allocatable', () => {
    const merged = mergeNodeStatus(
      status({ cpu: '2', 'example.com/device': '3' }, { cpu: '2' }),
      status({ cpu: '4', memory: '1Gi' }),
    );
    assert.deepEqual(merged.capacity, { cpu: '4', memory: '1Gi', 'example.com/device': '3' });
    assert.deepEqual(merged.allocatable, { cpu: '4', memory: '1Gi', 'example.com/device': '3' });
  });

  it("forgets those that have been taken out of the capacity, and what is the node's own", () => {
    const before = status({ cpu: '2', 'hugepages-2Mi': '4Mi' }, { cpu: '2', 'example.com/device': '3' });
    const merged = mergeNodeStatus(before, status({ cpu: '4' }));
    assert.deepEqual(merged.capacity, { cpu: '4' });
    assert.deepEqual(merged.allocatable, { cpu: '4' });
  });
});
