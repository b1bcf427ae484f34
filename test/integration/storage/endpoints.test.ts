import assert from 'node:assert/strict';
import { EtcdStore } from '../../../control-plane/storage/etcd/store.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { type TestEtcd, freePort, startEtcd } from '../../support/etcd.ts';

describe('several endpoints of the store, in order', function () {
  this.timeout(60_000);
  let first: TestEtcd;
  let second: TestEtcd;
  let list: string[];
  let store: EtcdStore;

  before(async () => {
    [first, second] = await Promise.all([startEtcd(), startEtcd()]);
    // Two stores of one cluster would say the same: these tell who answered.
    await first.store.write({ key: '/who', expected: 0, value: Buffer.from('first') });
    await second.store.write({ key: '/who', expected: 0, value: Buffer.from('second') });
  });
  after(() => Promise.all([first?.close(), second?.close()]));

  beforeEach(() => {
    const endpoints = { list: () => list, serverName: 'localhost' };
    store = new EtcdStore({ endpoints, clock: systemClock, log: silentLog });
  });
  afterEach(() => store.stop());

  const whoAnswers = async (): Promise<string | undefined> => (await store.get('/who'))?.value.toString();

  it('asks the first that can be reached', async () => {
    list = [`http://127.0.0.1:${await freePort()}`, second.url, first.url];
    assert.equal(await whoAnswers(), 'second');
  });

  it('turns to one that it has learned of meanwhile when the first is gone', async () => {
    list = [first.url];
    assert.equal(await whoAnswers(), 'first');
    list = [first.url, second.url];
    assert.equal(await whoAnswers(), 'first');
    await first.member.stop();
    assert.equal(await whoAnswers(), 'second');
  });
});
