/** What `--etcd-servers` stands for: three members that others run, in containers, one of which fails in every way. */
import assert from 'node:assert/strict';
import { EtcdStore } from '../../../control-plane/storage/etcd/store.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import type { RestClient } from '../../../lib/client/rest.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { storeContract } from '../../contract/store.ts';
import { canHaveDocker, startDocker, type Docker } from '../../support/docker.ts';
import { EtcdContainers } from '../../support/etcd-containers.ts';
import { eventually } from '../../support/eventually.ts';
import { OutsideServer } from '../../support/outside-server.ts';
import { WriteLoad } from '../../support/write-load.ts';

/** Milliseconds: two writes in a row whose answer is given up after five seconds each, around an election. */
const BACK_WITHIN = 15_000;
const SOME_WRITES = 100;

describe('an etcd cluster that others run', function () {
  this.timeout(60_000);
  let docker: Docker | undefined;
  let etcd: EtcdContainers;

  before(async function () {
    if (!(await canHaveDocker())) return this.skip();
    docker = await startDocker('docker');
    etcd = await EtcdContainers.start(docker);
  });
  after(() => docker?.remove());

  const open = (): EtcdStore => new EtcdStore({ endpoints: etcd.urls, clock: systemClock, log: silentLog });

  storeContract('three members of etcd', () => {
    const store = open();
    return Promise.resolve({ store, close: () => store.stop(), passSeconds: () => {} });
  });

  describe('loses nothing', () => {
    let store: EtcdStore;

    before(() => {
      store = open();
    });
    after(() => store?.stop());

    /** Under load: the fault, going on without the member, the remedy, going on with it. */
    async function survives(
      name: string,
      fault: () => Promise<unknown>,
      remedy: () => Promise<unknown>,
    ): Promise<void> {
      const load = await WriteLoad.start(store, `/${name}/`);
      try {
        await load.goesOn(SOME_WRITES);
        await fault();
        const without = await load.goesOn(SOME_WRITES);
        await remedy();
        await etcd.untilWhole();
        const after = await load.goesOn(SOME_WRITES);
        await load.stop();
        assert.ok(without < BACK_WITHIN, `it went on after ${without} ms`);
        assert.ok(after < BACK_WITHIN, `it went on ${after} ms after the member came back`);
      } finally {
        load.abandon();
      }
    }

    it('while the leader is paused', async () => {
      const leader = await etcd.leader();
      await survives(
        'paused',
        () => leader.pause(),
        () => leader.unpause(),
      );
    });

    it('while the leader is cut off', async () => {
      const leader = await etcd.leader();
      await survives(
        'cut',
        () => leader.disconnect(),
        () => leader.reconnect(),
      );
    });

    it('while a member is killed and started again', async () => {
      const leader = await etcd.leader();
      await survives(
        'killed',
        () => leader.kill(),
        () => leader.startAgain(),
      );
    });
  });

  describe('serves dure server', () => {
    const path = '/api/v1/namespaces/default/configmaps';
    let server: OutsideServer;
    let client: RestClient;

    before(async () => {
      server = await OutsideServer.start(etcd.urls);
      client = server.client();
    });
    after(async () => {
      client?.close();
      await server?.stop();
    });

    const create = (name: string): Promise<unknown> => client.create(path, { metadata: { name } });
    const ready = (): Promise<true> =>
      eventually('the server is ready', async () => {
        await client.open('/readyz', {}).then(({ body }) => body.destroy());
        await client.get('/api/v1/namespaces/default');
        return true as const;
      });
    const names = async (): Promise<string[]> => {
      const { items } = await client.list<{ metadata: { name: string } }>(path);
      return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('kept-'));
    };

    it('through the loss of the leader', async () => {
      await ready();
      const leader = await etcd.leader();
      await create('kept-before');
      await leader.kill();
      try {
        await create('kept-without');
        assert.deepEqual(await names(), ['kept-before', 'kept-without']);
      } finally {
        await leader.startAgain();
      }
      await etcd.untilWhole();
    });

    it('and is refused clearly while none of them answers, and serves again', async () => {
      await Promise.all(etcd.members.map((member) => member.kill()));
      try {
        await assert.rejects(
          create('kept-nowhere'),
          (error) => error instanceof ApiError && [503, 504].includes(error.code),
        );
        await assert.rejects(client.open('/readyz', {}), (error) => error instanceof ApiError && error.code === 500);
      } finally {
        await Promise.all(etcd.members.map((member) => member.startAgain()));
      }
      await etcd.untilWhole();
      await ready();
      await create('kept-after');
      assert.deepEqual(
        (await names()).filter((name) => name !== 'kept-nowhere'),
        ['kept-after', 'kept-before', 'kept-without'],
      );
    });
  });
});
