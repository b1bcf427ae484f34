import { MemoryLeases } from '../../control-plane/storage/memory-leases.ts';
import { MemoryStore } from '../../control-plane/storage/memory.ts';
import { FakeClock } from '../../lib/clock.ts';
import { coordinationContract } from './coordination.ts';

coordinationContract('memory', () => {
  const store = new MemoryStore({ clock: new FakeClock() });
  const leases = new MemoryLeases({ store });
  return Promise.resolve({ store, leases, endLeases: () => leases.endAll(), close: () => Promise.resolve() });
});
