import assert from 'node:assert/strict';
import { Liveness } from '../../../control-plane/nodes/liveness.ts';
import { FakeClock } from '../../../lib/clock.ts';

async function setUp() {
  const clock = new FakeClock();
  const lost: string[] = [];
  const pauses: number[] = [];
  const liveness = new Liveness({
    clock,
    silentMilliseconds: 1600,
    closedMilliseconds: 10_000,
    onLost: (node) => lost.push(`${node} at ${clock.now()}`),
    onPause: (milliseconds) => pauses.push(milliseconds),
  });
  await liveness.start();
  /** Time goes on as it does for a process that is not held up, with a heartbeat of each of `nodes` every 400 ms. */
  const pass = (milliseconds: number, ...nodes: string[]): void => {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      if (passed % 400 === 0) for (const node of nodes) liveness.heard(node);
      clock.advance(50);
    }
  };
  return { clock, liveness, lost, pauses, pass };
}

describe('liveness', () => {
  it('loses a node that falls silent, once, and no other', async () => {
    const { lost, pass } = await setUp();
    pass(2000, 'a', 'b');
    pass(10_000, 'b');
    assert.deepEqual(lost, ['a at 3250']);
  });

  it('gives an agent whose connection was closed the time to come back', async () => {
    const { liveness, lost, pass } = await setUp();
    pass(400, 'a');
    liveness.closed('a');
    pass(9000);
    assert.deepEqual(lost, []);
    pass(400, 'a');
    pass(3000);
    assert.deepEqual(lost, ['a at 11050']);
  });

  it('loses nobody for a pause of its own, and counts anew after it', async () => {
    const { clock, lost, pauses, pass } = await setUp();
    pass(400, 'a', 'b');
    // A stopped process: its timers come late, all at once.
    clock.stall(30_000);
    pass(1000, 'a', 'b');
    assert.deepEqual(lost, []);
    assert.equal(pauses.length, 1);
    pass(3000, 'a');
    assert.equal(lost.length, 1);
    assert.match(lost[0] ?? '', /^b/);
  });

  it('does not judge a node that it has been told to forget', async () => {
    const { liveness, lost, pass } = await setUp();
    pass(400, 'a');
    liveness.forget('a');
    pass(20_000);
    assert.deepEqual(lost, []);
  });
});
