/** The API on the store it has in the field: what HTTP promises, with a real etcd below. */
import assert from 'node:assert/strict';
import type { ConfigMap, Pod } from '../../../api/types/core.v1.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient, type ListOf, type Query } from '../../../lib/client/rest.ts';
import { watch } from '../../../lib/client/watch.ts';
import { systemClock } from '../../../lib/clock.ts';
import { TestServer } from '../../support/api-server.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';
import { adminAccess } from '../../support/raw-requests.ts';

const PODS = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

describe('the API on etcd', function () {
  this.timeout(30_000);
  let etcd: TestEtcd;
  let server: TestServer;
  let client: RestClient;
  let maps: string;
  let namespaces = 0;

  before(async () => {
    etcd = await startEtcd();
    server = await TestServer.start({ store: etcd.store });
    client = new RestClient({ access: await adminAccess(server), clock: systemClock, userAgent: 'test' });
  });
  after(async () => {
    client?.close();
    await server?.stop();
    await etcd?.close();
  });
  let namespace: string;
  beforeEach(async () => {
    namespace = `story-${namespaces++}`;
    await server.addNamespace(namespace);
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
  });

  async function make(name: string, more: object = {}): Promise<ConfigMap> {
    return client.create<ConfigMap>(maps, { metadata: { name, ...more } });
  }

  async function names(query: Query = {}): Promise<string[]> {
    const { items } = await client.get<ListOf<ConfigMap>>(maps, { query });
    return items.map(({ metadata }) => metadata.name ?? '');
  }

  async function refused(act: Promise<unknown>, code: number, words: RegExp): Promise<Status> {
    const error = await act.then(
      () => assert.fail(`it was not refused, ${words}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return error.status as Status;
  }

  it('shows pages of one moment, however they are cut and whatever is written between them', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await make(name, { labels: { odd: 'bd'.includes(name) ? 'no' : 'yes' } });
    const seen: string[] = [];
    let query: Query = { limit: 1, labelSelector: 'odd=yes' };
    for (;;) {
      const page = await client.get<ListOf<ConfigMap>>(maps, { query });
      seen.push(...page.items.map(({ metadata }) => metadata.name ?? ''));
      if (!page.metadata.continue) break;
      await client.delete(`${maps}/e`).catch(() => undefined);
      query = { ...query, continue: page.metadata.continue };
    }
    assert.deepEqual(seen, ['a', 'c', 'e']);
    assert.deepEqual(await names(), ['a', 'b', 'c', 'd']);
  });

  it('goes on with what is there, or says that it can not, once the moment is compacted', async () => {
    for (const name of ['a', 'b', 'c']) await make(name);
    const first = await client.get<ListOf<ConfigMap>>(maps, { query: { limit: 1 } });
    const old = first.metadata.resourceVersion;
    await make('d');
    await etcd.store.compact(await etcd.store.revision());
    const query = { limit: 5, continue: first.metadata.continue };
    const status = await refused(client.get(maps, { query }), 410, /continue parameter is too old/);
    assert.equal(status.reason, 'Expired');
    assert.deepEqual(await names({ limit: 5, continue: status.metadata.continue }), ['b', 'c', 'd']);
    const exact = { resourceVersion: old, resourceVersionMatch: 'Exact' };
    await refused(client.get(maps, { query: exact }), 410, /too old/);
  });

  it('reads at, and not before, the revision that is asked for', async () => {
    const a = await make('a');
    await make('b');
    const at = a.metadata.resourceVersion;
    assert.deepEqual(await names({ resourceVersion: at, resourceVersionMatch: 'Exact' }), ['a']);
    assert.deepEqual(await names({ resourceVersion: at, limit: 10 }), ['a']);
    assert.deepEqual(await names({ resourceVersion: at, resourceVersionMatch: 'NotOlderThan' }), ['a', 'b']);
    assert.deepEqual(await names({ resourceVersion: '0' }), ['a', 'b']);
    const future = String(Number(at) + 1_000_000);
    await refused(names({ resourceVersion: future, resourceVersionMatch: 'Exact' }), 504, /Too large resource version/);
    await refused(names({ resourceVersion: future }), 504, /Too large resource version/);
  });

  it('sends a watch all there is, however large, then what changes, bookmarks, and an end in time', async () => {
    const text = 'x'.repeat(500_000);
    for (let index = 0; index < 20; index += 1) {
      await client.create(maps, { metadata: { name: `large-${index}` }, data: { text } });
    }
    const query = { allowWatchBookmarks: true, timeoutSeconds: 5 };
    const seen: string[] = [];
    for await (const { type, object } of watch<ConfigMap>(client, maps, { query })) {
      if (type === 'BOOKMARK') continue;
      seen.push(`${type} ${object.metadata.name}`);
      if (seen.length === 20) await make('late');
    }
    assert.equal(new Set(seen).size, 21);
    assert.equal(seen.at(-1), 'ADDED late');
  });

  it('lets a watch last as long as it asks for, years if need be', async () => {
    await make('a');
    const query = { timeoutSeconds: 99_999_999 };
    const seen: string[] = [];
    for await (const { type, object } of watch<ConfigMap>(client, maps, { query })) {
      if (type === 'BOOKMARK') continue;
      seen.push(`${type} ${object.metadata.name}`);
      if (seen.length === 3) break;
      await make(`after-${seen.length}`);
    }
    assert.deepEqual(seen, ['ADDED a', 'ADDED after-1', 'ADDED after-2']);
  });

  it('resumes a watch after a revision, with every event in its order', async () => {
    const a = await make('a');
    await make('b');
    await client.delete(`${maps}/a`);
    const query = { resourceVersion: a.metadata.resourceVersion, timeoutSeconds: 1 };
    const seen: string[] = [];
    for await (const { type, object } of watch<ConfigMap>(client, maps, { query })) {
      if (type !== 'BOOKMARK') seen.push(`${type} ${object.metadata.name}`);
    }
    assert.deepEqual(seen, ['ADDED b', 'DELETED a']);
  });

  it('lets nobody overwrite what he has not seen, of many who write at once', async () => {
    const first = await make('a');
    const writers = Array.from({ length: 20 }, (_, index) =>
      client.update(`${maps}/a`, { ...first, data: { by: String(index) } }).then(
        () => 'written',
        (error: ApiError) => error.reason,
      ),
    );
    const outcomes = await Promise.all(writers);
    assert.equal(outcomes.filter((outcome) => outcome === 'written').length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === 'Conflict').length, 19);
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        client.patch(`${maps}/a`, 'merge-patch', { data: { [`key-${index}`]: 'x' } }),
      ),
    );
    const { data = {} } = await client.get<ConfigMap>(`${maps}/a`);
    assert.equal(Object.keys(data).length, 11, 'no patch is lost');
  });

  it('deletes only what the preconditions name', async () => {
    const { metadata } = await make('a');
    const remove = (preconditions: object): Promise<unknown> =>
      client.delete(`${maps}/a`, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions });
    await refused(remove({ uid: 'another' }), 409, /UID in the precondition/);
    await refused(remove({ resourceVersion: '1' }), 409, /ResourceVersion in the precondition/);
    assert.deepEqual(await names(), ['a']);
    await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion });
    assert.deepEqual(await names(), []);
  });

  it('deletes collections by selector, and nothing on a dry run', async () => {
    for (const name of ['a', 'b', 'c']) await make(name, { labels: { own: name === 'b' ? 'no' : 'yes' } });
    const query = { labelSelector: 'own=yes' };
    await client.delete(maps, undefined, { query: { ...query, dryRun: 'All' } });
    assert.deepEqual(await names(), ['a', 'b', 'c']);
    await client.delete(maps, undefined, { query });
    assert.deepEqual(await names(), ['b']);
  });

  it('writes nothing on a dry run of any verb, and answers as if it had', async () => {
    const { metadata } = await make('a');
    const revision = await etcd.store.revision();
    const dry = { query: { dryRun: 'All' } };
    const body = { metadata: { name: 'a' }, data: { k: 'v' } };
    const made = await client.create<ConfigMap>(maps, { ...body, metadata: { name: 'b' } }, dry);
    assert.ok(made.metadata.uid);
    assert.equal((await client.update<ConfigMap>(`${maps}/a`, body, dry)).data?.['k'], 'v');
    assert.equal((await client.patch<ConfigMap>(`${maps}/a`, 'merge-patch', body, dry)).data?.['k'], 'v');
    await client.delete(`${maps}/a`, undefined, dry);
    await refused(client.create(maps, body, dry), 409, /already exists/);
    await refused(client.patch(`${maps}/none`, 'merge-patch', body, dry), 404, /not found/);
    assert.equal(await etcd.store.revision(), revision);
    assert.equal((await client.get<ConfigMap>(`${maps}/a`)).metadata.resourceVersion, metadata.resourceVersion);
  });

  it('makes names that nobody has', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => client.create<ConfigMap>(maps, { metadata: { generateName: 'some-' } })),
    );
    const found = new Set(made.map(({ metadata }) => metadata.name ?? ''));
    assert.equal(found.size, 20);
    for (const name of found) assert.match(name, /^some-[a-z0-9]{5}$/);
  });

  it('keeps an object until its last finalizer is gone, and lets none be added meanwhile', async () => {
    const owner = await make('owner');
    const { name = '', uid = '' } = owner.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
    await make('a', { finalizers: ['example.com/one', 'example.com/two'], ownerReferences });
    await client.delete(`${maps}/a`);
    const marked = await client.get<ConfigMap>(`${maps}/a`);
    assert.ok(marked.metadata.deletionTimestamp);
    assert.deepEqual(marked.metadata.ownerReferences, ownerReferences);
    const finalizers = (list: string[]): Promise<unknown> =>
      client.patch(`${maps}/a`, 'merge-patch', { metadata: { finalizers: list } });
    await refused(finalizers(['example.com/one', 'example.com/three']), 422, /finalizers/);
    await finalizers(['example.com/two']);
    assert.deepEqual(await names(), ['a', 'owner']);
    await finalizers([]);
    assert.deepEqual(await names(), ['owner']);
    const two = {
      metadata: { name: 'b', ownerReferences: [0, 1].map(() => ({ ...ownerReferences[0], controller: true })) },
    };
    await refused(client.create(maps, two), 422, /ownerReferences/);
  });

  it('gives a pod its grace, which can be shortened and not lengthened', async () => {
    const spec = { containers: [{ name: 'c', image: 'i' }], nodeName: 'n1' };
    await client.create(PODS(namespace), { metadata: { name: 'a' }, spec });
    const pod = `${PODS(namespace)}/a`;
    const grace = async (): Promise<number | undefined> =>
      (await client.get<Pod>(pod)).metadata.deletionGracePeriodSeconds;
    await client.delete(pod);
    assert.equal(await grace(), 30);
    await client.delete(pod, { gracePeriodSeconds: 300 });
    assert.equal(await grace(), 30);
    await client.delete(pod, { gracePeriodSeconds: 5 });
    assert.equal(await grace(), 5);
    await client.delete(pod, { gracePeriodSeconds: 0 });
    await refused(client.get(pod), 404, /not found/);
  });
});
