import { FakeClock } from '../../lib/clock.ts';
import { MemoryStore } from '../../control-plane/storage/memory.ts';
import { storeContract } from './store.ts';

storeContract('memory', async () => {
  const clock = new FakeClock();
  return {
    store: new MemoryStore({ clock }),
    passSeconds: (seconds) => clock.advance(seconds * 1000),
    close: () => Promise.resolve(),
  };
});
