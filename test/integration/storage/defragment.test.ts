import assert from 'node:assert/strict';
import { Defragmenter } from '../../../control-plane/storage/defragmenter.ts';
import { EtcdCluster } from '../../../control-plane/storage/etcd-cluster.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { startEtcd } from '../../support/etcd.ts';
import { eventually } from '../../support/eventually.ts';

describe('a real etcd', function () {
  this.timeout(30_000);

  it('gives space back to the disk after a compaction', async () => {
    const etcd = await startEtcd();
    try {
      const { store } = etcd;
      const value = Buffer.alloc(1 << 20, 'x');
      let expected = 0;
      for (let i = 0; i < 24; i++) {
        const result = await store.write({ key: '/large', expected, value });
        assert.ok(result.ok);
        expected = result.revision;
      }
      await store.compact(expected);
      const members = new EtcdCluster({ urls: () => [etcd.url] });
      const sizeNow = async (): Promise<{ size: number; free: number; isLeader: boolean }> => {
        const [{ size, inUse, isLeader } = { size: 0, inUse: 0, isLeader: false }] = await members.sizes();
        return { size, free: (size - inUse) / size, isLeader };
      };
      // Compaction goes on in the background, and etcd counts what is in use when it writes.
      let number = 0;
      const isMostlyFree = async (): Promise<true | undefined> => {
        await store.write({ key: `/small/${(number += 1)}`, expected: 0, value: Buffer.from('x') });
        return (await sizeNow()).free > 0.5 ? true : undefined;
      };
      await eventually('half of it is free', isMostlyFree, 10_000);
      const before = await sizeNow();
      const clock = new FakeClock();
      const defragmenter = new Defragmenter({ store, members, clock, log: silentLog, interval: 1000, minBytes: 1 });
      await defragmenter.start();
      clock.advance(1000);
      await eventually('smaller', async () => ((await sizeNow()).size < before.size / 2 ? true : undefined), 10_000);
      await defragmenter.stop();
      assert.ok(before.isLeader);
      assert.equal((await store.get('/large'))?.value.length, value.length);
    } finally {
      await etcd.close();
    }
  });
});
