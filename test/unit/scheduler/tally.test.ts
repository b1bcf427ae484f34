import assert from 'node:assert/strict';
import { type PodInfo, podInfo } from '../../../control-plane/scheduler/pod-info.ts';
import { Tallies } from '../../../control-plane/scheduler/tally.ts';
import { makePod } from './world.ts';

function infoOf(name: string, namespace: string): PodInfo {
  const pod = makePod(name);
  return podInfo({ ...pod, metadata: { ...pod.metadata, namespace } });
}

describe('tallies', () => {
  it('are made from the pods of their namespaces alone, where these are by then', () => {
    let looks = 0;
    class Watched extends Set<PodInfo> {
      override [Symbol.iterator](): SetIterator<PodInfo> {
        looks += 1;
        return super[Symbol.iterator]();
      }
    }
    const [a, b, c] = [infoOf('a', 'one'), infoOf('b', 'two'), infoOf('c', 'one')];
    const rows = [new Watched([a]), new Watched([b])];
    const tallies = new Tallies(rows);
    assert.deepEqual(tallies.of('all', undefined, () => true).perRow, [1, 1]);
    const first = looks;
    tallies.add(a, 0, -1, 0);
    tallies.add(c, 1, 1, 0);
    const seen: PodInfo[] = [];
    const tally = tallies.of('ones', ['one'], (info) => seen.push(info) > 0);
    assert.deepEqual(tally.perRow, [0, 1]);
    assert.deepEqual(seen, [c]);
    assert.equal(looks, first, 'nobody else is looked at');
  });
});
