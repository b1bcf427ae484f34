import assert from 'node:assert/strict';
import { Members, PROBE_MILLISECONDS } from '../../../control-plane/storage/etcd/members.ts';
import { FakeClock } from '../../../lib/clock.ts';

const AWAY = new Error('4 DEADLINE_EXCEEDED: Deadline exceeded after 5.001s');
const fails = (error: Error) => (): Promise<never> => Promise.reject(error);

describe('members of etcd', () => {
  let clock: FakeClock;
  let members: Members;
  let away: Set<string>;

  beforeEach(() => {
    clock = new FakeClock();
    away = new Set();
    const probe = (endpoint: string): Promise<void> => (away.has(endpoint) ? Promise.reject(AWAY) : Promise.resolve());
    members = new Members({ endpoints: ['a', 'b', 'c'], probe, clock });
  });
  afterEach(() => members.close());

  const call = (endpoint: string, does: () => unknown): Promise<unknown> =>
    Promise.resolve(members.policyOf(endpoint).execute(does as never));
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('passes over one that does not answer until it answers a probe', async () => {
    away.add('a');
    await assert.rejects(call('a', fails(AWAY)), AWAY);
    await assert.rejects(
      call('a', () => 'called'),
      /a does not answer/,
    );
    clock.advance(PROBE_MILLISECONDS);
    await turn();
    assert.equal(members.isPassedOver('a'), true);
    away.delete('a');
    clock.advance(PROBE_MILLISECONDS);
    await turn();
    assert.equal(await call('a', () => 'called'), 'called');
  });

  it('goes on calling one that refuses', async () => {
    await assert.rejects(call('a', fails(new Error('etcdserver: mvcc: database space exceeded'))));
    assert.equal(members.isPassedOver('a'), false);
  });

  it('calls any when none answers', async () => {
    for (const endpoint of ['a', 'b', 'c']) await assert.rejects(call(endpoint, fails(AWAY)));
    assert.equal(await call('b', () => 'called'), 'called');
  });

  it('finds on a check who is away', async () => {
    away.add('b');
    members.check();
    await turn();
    assert.deepEqual(
      ['a', 'b', 'c'].filter((endpoint) => members.isPassedOver(endpoint)),
      ['b'],
    );
  });
});
