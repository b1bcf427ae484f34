import assert from 'node:assert/strict';
import { Compactor } from '../../../control-plane/storage/compactor.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { CompactedError } from '../../../control-plane/storage/port.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('compactor', () => {
  it('keeps at least one interval of history, with several servers too', async () => {
    const clock = new FakeClock();
    const store = new MemoryStore({ clock });
    const compactors = [1, 2].map(() => new Compactor({ store, clock, log: silentLog, interval: 1000 }));
    for (const compactor of compactors) await compactor.start();
    const revisions: number[] = [];
    const write = async (): Promise<void> => {
      const result = await store.write({ key: `/k${revisions.length}`, expected: 0, value: Buffer.from('x') });
      assert.ok(result.ok);
      revisions.push(result.revision);
    };
    const tick = async (): Promise<void> => {
      clock.advance(1000);
      await turn();
    };
    await write();
    await tick();
    await write();
    assert.equal((await store.list('/', { revision: revisions[0] })).entries.length, 1);
    await tick();
    await assert.rejects(store.list('/', { revision: revisions[0] }), CompactedError);
    await store.list('/', { revision: revisions[1] });
    await Promise.all(compactors.map((compactor) => compactor.stop()));
    await tick();
    await tick();
    await store.list('/', { revision: revisions[1] });
  });
});
