import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { SharedRounds } from '../../../control-plane/storage/shared-rounds.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

describe('rounds that servers share', () => {
  function harness() {
    const clock = new FakeClock();
    const store = new MemoryStore({ clock });
    /** Who did a round, and when the one before had been. */
    const done: { server: string; previous: string | undefined }[] = [];
    const signals: AbortSignal[] = [];
    const roundsOf = (server: string, failure?: Error): SharedRounds =>
      new SharedRounds({
        store,
        key: '/dure/rounds',
        interval: 1000,
        clock,
        log: silentLog,
        failure: 'failed',
        round: (previous, signal) => {
          done.push({ server, previous: previous?.value.toString().slice(14, 23) });
          signals.push(signal);
          return failure ? Promise.reject(failure) : Promise.resolve();
        },
      });
    const pass = async (milliseconds: number): Promise<void> => {
      clock.advance(milliseconds);
      await setImmediate();
    };
    return { done, signals, roundsOf, pass };
  }

  it('are done by one of them, with the mark of the one before', async () => {
    const { done, roundsOf, pass } = harness();
    for (const server of ['a', 'b', 'c']) await roundsOf(server).start();
    for (let each = 0; each < 3; each++) await pass(1000);
    assert.deepEqual(
      done.map(({ previous }) => previous),
      [undefined, '00:01.000', '00:02.000'],
    );
  });

  it('leave out a server that started before the last one', async () => {
    const { done, roundsOf, pass } = harness();
    await roundsOf('a').start();
    await pass(900);
    await roundsOf('b').start();
    await pass(100);
    await pass(900);
    assert.deepEqual(done, [{ server: 'a', previous: undefined }]);
  });

  it('go on after one that failed, until they are stopped', async () => {
    const { done, signals, roundsOf, pass } = harness();
    const rounds = roundsOf('a', new Error('no'));
    await rounds.start();
    await pass(1000);
    await pass(1000);
    assert.equal(done.length, 2);
    assert.equal(signals[1]?.aborted, false);
    await rounds.stop();
    await pass(5000);
    assert.equal(done.length, 2);
    assert.ok(signals[1].aborted);
  });
});
