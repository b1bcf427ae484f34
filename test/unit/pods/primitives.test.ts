import assert from 'node:assert/strict';
import { DEFAULT_BACKOFF, formatDelay, nextBackoff, waitUntil } from '../../../node-agent/pods/backoff.ts';
import { Limit } from '../../../node-agent/pods/limit.ts';
import { moveStage, STAGES } from '../../../node-agent/pods/stage.ts';

describe('what pods are made of', () => {
  it('moves forward one stage at a time, or not at all', () => {
    for (const [at, from] of STAGES.entries()) {
      for (const [then, to] of STAGES.entries()) {
        if (then === at || then === at + 1) assert.equal(moveStage(from, to), to);
        else assert.throws(() => moveStage(from, to), /can't go from/);
      }
    }
  });

  it('doubles the back-off up to its cap, and begins anew after twice that time', () => {
    let backoff = nextBackoff(undefined, 0, 0, DEFAULT_BACKOFF);
    const delays = [backoff.delay];
    for (let crash = 0; crash < 6; crash += 1) {
      backoff = nextBackoff(backoff, backoff.since, backoff.since, DEFAULT_BACKOFF);
      delays.push(backoff.delay);
    }
    assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    assert.equal(waitUntil(backoff, 5, 10, DEFAULT_BACKOFF), 300_005);
    assert.equal(waitUntil(backoff, 600_001, 600_001, DEFAULT_BACKOFF), undefined);
    assert.equal(nextBackoff(backoff, 600_001, 600_001, DEFAULT_BACKOFF).delay, 10_000);
    assert.deepEqual([10_000, 80_000, 300_000].map(formatDelay), ['10s', '1m20s', '5m0s']);
  });

  it('lets no more run together than the limit says, also when some fail', async () => {
    const limit = new Limit(2);
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    let running = 0;
    let most = 0;
    const all = gates.map(({ promise }) =>
      limit.run(async () => {
        running += 1;
        most = Math.max(most, running);
        await promise.finally(() => (running -= 1));
      }),
    );
    gates[0]?.reject(new Error('broken'));
    await assert.rejects(all[0] ?? Promise.resolve(), /broken/);
    for (const gate of gates.slice(1)) gate.resolve();
    await Promise.all(all.slice(1));
    assert.equal(most, 2);
  });

  it('makes others wait for what goes on at once', async () => {
    const limit = new Limit(1);
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const urgent = ['x', 'y'].map((name) => limit.runAtOnce(() => gate.promise.then(() => void order.push(name))));
    const waiting = limit.run(() => Promise.resolve(order.push('later')));
    gate.resolve();
    await Promise.all([...urgent, waiting]);
    assert.deepEqual(order, ['x', 'y', 'later']);
    await limit.run(() => Promise.resolve());
  });
});
