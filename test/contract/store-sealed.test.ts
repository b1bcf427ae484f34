import { randomBytes } from 'node:crypto';
import { MemoryStore } from '../../control-plane/storage/memory.ts';
import { Sealing } from '../../control-plane/storage/sealed/sealing.ts';
import { SealedStore } from '../../control-plane/storage/sealed/store.ts';
import { FakeClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import { storeContract } from './store.ts';

storeContract('memory, every value sealed', async () => {
  const clock = new FakeClock();
  const key = { name: 'k', secret: randomBytes(32) };
  const sealing = new Sealing([{ prefixes: ['/'], providers: [key] }]);
  return {
    store: new SealedStore({ store: new MemoryStore({ clock }), sealing, log: silentLog }),
    passSeconds: (seconds) => clock.advance(seconds * 1000),
    close: () => Promise.resolve(),
  };
});
