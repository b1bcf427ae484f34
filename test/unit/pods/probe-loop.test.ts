import assert from 'node:assert/strict';
import { FakeClock } from '../../../lib/clock.ts';
import type { Attempt } from '../../../node-agent/pods/handler.ts';
import { type ProbeKind, ProbeLoop } from '../../../node-agent/pods/probe-loop.ts';

/** Asks for `seconds`; the program answers as `answers` says, by the milliseconds that have passed. Returns when it was asked. */
async function asked(kind: ProbeKind, seconds: number, answers: (at: number) => Attempt['result']): Promise<number[]> {
  const clock = new FakeClock();
  const times: number[] = [];
  const loop = new ProbeLoop({
    kind,
    probe: { periodSeconds: 2 },
    clock,
    age: 0,
    verdict: kind === 'readiness' ? false : undefined,
    attempt: () => {
      times.push(clock.now());
      return Promise.resolve({ result: answers(clock.now()), output: '' });
    },
    onVerdict: () => undefined,
    onTrouble: () => undefined,
  });
  loop.start();
  for (let passed = 0; passed < seconds * 1000; passed += 50) {
    clock.advance(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  loop.stop();
  return times.map((time) => time - (times[0] ?? 0));
}

describe('a probe', () => {
  it('of readiness asks a program that is just coming up sooner than its period, and later and later', async () => {
    const times = await asked('readiness', 8, () => 'failure');
    assert.deepEqual(times, [0, 100, 300, 700, 1500, 3100, 5100, 7100]);
  });

  it('keeps to its period once the program was ready', async () => {
    const times = await asked('readiness', 8, (at) => (at < 250 || at > 3000 ? 'failure' : 'success'));
    assert.deepEqual(times, [0, 100, 300, 2300, 4300, 6300]);
  });

  it('of life keeps to its period from the beginning', async () => {
    const times = await asked('startup', 5, () => 'failure');
    assert.deepEqual(times, [0, 2000, 4000]);
  });
});
