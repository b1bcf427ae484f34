import assert from 'node:assert/strict';
import { FakeClock } from '../../../lib/clock.ts';
import { RuntimeHealth } from '../../../node-agent/node/runtime-health.ts';

describe('the health of the runtime', () => {
  it('forgives one that is away for a moment, and names one that stays away', async () => {
    const clock = new FakeClock();
    let isAway = false;
    const answer = (): Promise<string[]> => (isAway ? Promise.reject(new Error('refused')) : Promise.resolve([]));
    const health = new RuntimeHealth({ runtime: { problems: answer }, clock });
    isAway = true;
    assert.deepEqual(await health.problems(), []);
    clock.advance(29_000);
    assert.deepEqual(await health.problems(), []);
    clock.advance(1000);
    assert.deepEqual(await health.problems(), ['the container runtime does not answer: refused']);
    isAway = false;
    assert.deepEqual(await health.problems(), []);
    isAway = true;
    assert.deepEqual(await health.problems(), []);
  });

  it('passes on what the runtime itself complains of at once', async () => {
    const problems = ['NetworkReady: cni plugin not initialized'];
    const health = new RuntimeHealth({
      runtime: { problems: () => Promise.resolve(problems) },
      clock: new FakeClock(),
    });
    assert.deepEqual(await health.problems(), problems);
  });
});
