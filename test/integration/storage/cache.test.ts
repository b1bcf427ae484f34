import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { isStatusError } from '../../../api/errors.ts';
import type { ConfigMap, Pod } from '../../../api/types/core.v1.ts';
import { WatchCache } from '../../../control-plane/cacher/cache.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';

const common = { clock: systemClock, log: silentLog };

describe('watch cache on etcd', function () {
  this.timeout(30_000);
  let etcd: TestEtcd;

  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.close());

  async function write(key: string, expected = 0): Promise<number> {
    const [namespace, name] = key.split('/').slice(-2);
    const value = Buffer.from(JSON.stringify({ metadata: { namespace, name } }));
    const result = await etcd.store.write({ key, expected, value });
    assert.ok(result.ok);
    return result.revision;
  }

  it('is fresh after every write of any resource, on a quiet resource too', async () => {
    const { store } = etcd;
    const pods = new WatchCache<Pod>({ kind: kinds.pods, store, prefix: '/registry/core/pods/', ...common });
    const quiet = new WatchCache<ConfigMap>({
      kind: kinds.configmaps,
      store,
      prefix: '/registry/core/configmaps/',
      ...common,
    });
    await Promise.all([pods.start(), quiet.start()]);
    for (let i = 0; i < 100; i++) {
      const revision = await write(`/registry/core/pods/a/${i}`);
      assert.ok((await quiet.whenFresh()) >= revision);
      await pods.waitFor(revision);
      assert.equal(pods.get(`a/${i}`)?.revision, revision);
    }
    await Promise.all([pods.stop(), quiet.stop()]);
  });

  it('resumes a watch from before the server was started, for as long as etcd remembers', async () => {
    const { store } = etcd;
    const first = await write('/registry/core/pods/p/0');
    for (let i = 1; i < 50; i++) await write(`/registry/core/pods/p/${i}`);
    const cache = new WatchCache<Pod>({ kind: kinds.pods, store, prefix: '/registry/core/pods/', ...common });
    await cache.start();
    const after = await write('/registry/core/pods/p/50');
    const names: string[] = [];
    await new Promise<void>((resolve, reject) => {
      cache.watch({
        after: first,
        namespace: 'p',
        matches: () => true,
        onEvent: ({ type, entry }) => {
          names.push(`${type} ${entry.key}`);
          if (entry.revision === after) resolve();
        },
        onBookmark: () => {},
        onEnd: (error) => reject(error ?? new Error('ended')),
      });
    });
    assert.deepEqual(
      names,
      Array.from({ length: 50 }, (_, i) => `ADDED p/${i + 1}`),
    );

    await store.compact(after);
    const ended = await new Promise<Error | undefined>((resolve) => {
      const unwanted = (): void => assert.fail('it was told something');
      const request = { after: first, namespace: 'p', matches: () => true, onBookmark: unwanted };
      cache.watch({ ...request, onEvent: unwanted, onEnd: resolve });
    });
    assert.ok(isStatusError(ended, 'Expired'), String(ended));
    await cache.stop();
  });

  it('shows what other servers write and survives the death of etcd', async () => {
    const { member } = etcd;
    const other = etcd.connect();
    const cache = new WatchCache<Pod>({ kind: kinds.pods, store: other, prefix: '/registry/core/pods/', ...common });
    await cache.start();
    const before = await write('/registry/core/pods/b/1');
    await cache.waitFor(before);
    assert.ok(member.pid);
    process.kill(member.pid, 'SIGKILL');
    let fresh: number | undefined;
    while (fresh === undefined) {
      fresh = await cache.whenFresh().catch((error: unknown) => {
        assert.ok(isStatusError(error, 'ServiceUnavailable'), String(error));
        return undefined;
      });
    }
    const after = await write('/registry/core/pods/b/2');
    await cache.waitFor(after);
    assert.deepEqual(
      cache.list('b').map(({ key }) => key),
      ['b/1', 'b/2'],
    );
    await cache.stop();
  });
});
