import assert from 'node:assert/strict';
import { Defragmenter, type MaintainedMembers, type MemberSize } from '../../../control-plane/storage/defragmenter.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

const MEGABYTE = 1 << 20;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Three members; the first leads. Free space is gone once it was given back. */
class Members implements MaintainedMembers {
  readonly defragmented: string[] = [];
  away = false;
  private readonly all: MemberSize[];

  constructor(sizes: readonly (readonly [size: number, inUse: number])[]) {
    this.all = sizes.map(([size, inUse], index) => ({
      url: `m${index}`,
      size: size * MEGABYTE,
      inUse: inUse * MEGABYTE,
      isLeader: index === 0,
    }));
  }

  sizes(): Promise<MemberSize[]> {
    return this.away ? Promise.reject(new Error('a member does not answer')) : Promise.resolve([...this.all]);
  }

  defragment(url: string): Promise<void> {
    this.defragmented.push(url);
    return Promise.resolve();
  }
}

async function afterOneInterval(members: Members, servers = 1): Promise<readonly string[]> {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const options = { store, members, clock, log: silentLog, interval: 1000 };
  const defragmenters = Array.from({ length: servers }, () => new Defragmenter(options));
  for (const defragmenter of defragmenters) await defragmenter.start();
  clock.advance(1000);
  for (let i = 0; i < 5; i++) await turn();
  await Promise.all(defragmenters.map((defragmenter) => defragmenter.stop()));
  return members.defragmented;
}

describe('defragmenter', () => {
  it('takes the members one after the other, the leader last', async () => {
    const members = new Members([
      [400, 100],
      [400, 100],
      [300, 100],
    ]);
    assert.deepEqual(await afterOneInterval(members), ['m1', 'm2', 'm0']);
  });

  it('leaves alone what is small or mostly in use', async () => {
    const members = new Members([
      [400, 300],
      [32, 1],
      [400, 100],
    ]);
    assert.deepEqual(await afterOneInterval(members), ['m2']);
  });

  it('is done by one of several servers', async () => {
    const members = new Members([
      [400, 100],
      [400, 100],
      [400, 100],
    ]);
    assert.equal((await afterOneInterval(members, 3)).length, 3);
  });

  it('does nothing while a member is away', async () => {
    const members = new Members([
      [400, 100],
      [400, 100],
      [400, 100],
    ]);
    members.away = true;
    assert.deepEqual(await afterOneInterval(members), []);
  });
});
