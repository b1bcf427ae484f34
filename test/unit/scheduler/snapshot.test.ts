import assert from 'node:assert/strict';
import fc from 'fast-check';
import { podInfo } from '../../../control-plane/scheduler/pod-info.ts';
import { Snapshot } from '../../../control-plane/scheduler/snapshot.ts';
import { makeNode, makePod } from './world.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const DEVICE = 'example.com/device';

interface There {
  readonly node: string;
  readonly cpu: number;
}

describe('the snapshot of the nodes', () => {
  const node = fc.constantFrom(...NAMES);
  const step = fc.oneof(
    fc.record({ type: fc.constant('set' as const), node }),
    fc.record({ type: fc.constant('remove' as const), node }),
    fc.record({ type: fc.constant('place' as const), node, pod: fc.nat(5), cpu: fc.integer({ min: 0, max: 900 }) }),
    fc.record({ type: fc.constant('leave' as const), pod: fc.nat(5) }),
  );

  it('shows the nodes that exist, with the pods that are on them, whichever came first', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const snapshot = new Snapshot();
        const tally = snapshot.tallies.of('all', undefined, () => true);
        const existing = new Set<string>();
        const pods = new Map<string, There>();
        for (const action of steps) {
          const { staticVersion } = snapshot;
          const isNews = apply(action, snapshot, existing, pods);
          assert.equal(snapshot.staticVersion > staticVersion, isNews, 'only nodes that exist are news');
          assert.equal(snapshot.size, existing.size);
          assert.deepEqual(new Set([...snapshot.all()].map((row) => snapshot.names[row])), existing);
          const domains = snapshot.domains(tally, 'names', (row) => snapshot.names[row]);
          for (const name of NAMES) {
            const row = snapshot.rowOf(name);
            assert.equal(row !== undefined, existing.has(name));
            if (row === undefined) continue;
            const there = [...pods.values()].filter((each) => each.node === name);
            const cpu = there.reduce((sum, each) => sum + each.cpu, 0);
            assert.equal(snapshot.usedCpu[row], cpu);
            assert.equal(snapshot.usedOthers[row]?.get(DEVICE) ?? 0, there.length);
            assert.equal(snapshot.pods[row]?.size, there.length);
            assert.equal(domains.of(name), there.length);
          }
          const needed = new Set([...existing, ...[...pods.values()].map((each) => each.node)]);
          assert.deepEqual(new Set(snapshot.names.filter((name) => name !== undefined)), needed);
          assert.ok(snapshot.names.length <= NAMES.length + 1, 'rows are used again');
        }
      }),
    );
  });

  it('keeps nothing of nodes that only pods have named', () => {
    const snapshot = new Snapshot();
    snapshot.setNode(makeNode('a'));
    const { staticVersion } = snapshot;
    for (let count = 0; count < 100; count += 1) {
      snapshot.place(podInfo(makePod('pod')), `x-${count}`);
      snapshot.remove('uid-pod');
    }
    assert.equal(snapshot.names.length, 2);
    assert.equal(snapshot.staticVersion, staticVersion);
  });
});

type Step =
  | { type: 'set' | 'remove'; node: string }
  | { type: 'place'; node: string; pod: number; cpu: number }
  | { type: 'leave'; pod: number };

/** Returns whether a node has come or gone. */
function apply(action: Step, snapshot: Snapshot, existing: Set<string>, pods: Map<string, There>): boolean {
  switch (action.type) {
    case 'set': {
      snapshot.setNode(makeNode(action.node));
      const isNew = !existing.has(action.node);
      existing.add(action.node);
      return isNew;
    }
    case 'remove':
      snapshot.removeNode(action.node);
      return existing.delete(action.node);
    case 'place': {
      const uid = `uid-p${action.pod}`;
      const { node, cpu } = action;
      if (pods.get(uid)?.node === node) return false;
      snapshot.place(podInfo(makePod(`p${action.pod}`, { cpu: `${cpu}m`, [DEVICE]: '1' })), node);
      pods.set(uid, { node, cpu });
      return false;
    }
    case 'leave': {
      const uid = `uid-p${action.pod}`;
      assert.equal(snapshot.remove(uid), pods.delete(uid));
      return false;
    }
  }
}
