import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import type { User } from '../../../control-plane/user.ts';
import { createAuthority, issue } from '../../../lib/certificates.ts';
import { Connection, readAll } from '../../../lib/client/connection.ts';
import { Informer } from '../../../lib/client/informer.ts';
import type { ClusterAccess } from '../../../lib/client/cluster.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient, type ListOf } from '../../../lib/client/rest.ts';
import { watch } from '../../../lib/client/watch.ts';
import { systemClock } from '../../../lib/clock.ts';
import { joinCluster, renewMembership } from '../../../lib/join.ts';
import { TestServer } from '../../support/api-server.ts';
import { RawClient } from '../../support/raw-requests.ts';

const MEGABYTE = 1024 * 1024;
const MAPS = '/api/v1/namespaces/default/configmaps';
const TOKENS = new Map<string, User>([['somebody', { name: 'somebody', groups: [] }]]);

async function adminAccess(server: TestServer): Promise<ClusterAccess> {
  const config = parse(await readFile(server.kubeconfig, 'utf8')) as { users: { user: Record<string, string> }[] };
  const user = config.users[0]?.user ?? {};
  const text = (name: string): string => Buffer.from(user[name] ?? '', 'base64').toString();
  return {
    server: server.url,
    authority: server.pki.authorityCertificate,
    client: { certificate: text('client-certificate-data'), key: text('client-key-data') },
  };
}

function clientWith(access: ClusterAccess, onWarning?: (text: string) => void): RestClient {
  return new RestClient({ access, clock: systemClock, userAgent: 'test', ...(onWarning ? { onWarning } : {}) });
}

function refusedWith(code: number, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code);
    if (message) assert.match(error.message, message);
    return true;
  };
}

function configMap(name: string, data: Record<string, string> = {}): object {
  return { metadata: { name }, data };
}

describe('the API server', () => {
  let server: TestServer;
  let access: ClusterAccess;
  let client: RestClient;
  const warnings: string[] = [];

  beforeEach(async () => {
    server = await TestServer.start({ tokens: TOKENS });
    access = await adminAccess(server);
    client = clientWith(access, (text) => warnings.push(text));
  });
  afterEach(async () => {
    client.close();
    await server.stop();
  });

  describe('lets in', () => {
    it('nobody who does not say who he is, but to health and version', async () => {
      const nobody = clientWith({ server: server.url, authority: server.pki.authorityCertificate });
      await assert.rejects(nobody.get('/api/v1/pods'), refusedWith(401, /^Unauthorized$/));
      await assert.rejects(nobody.get('/metrics'), refusedWith(401));
      assert.equal((await nobody.get<{ minor: string }>('/version')).minor, '35');
      nobody.close();
    });

    it('nobody with a wrong token', async () => {
      const wrong = clientWith({ server: server.url, authority: server.pki.authorityCertificate, token: 'wrong' });
      await assert.rejects(wrong.get('/api/v1/pods'), refusedWith(401));
      wrong.close();
    });

    it('nobody with a certificate that has expired, or is from another authority', async () => {
      const now = Date.now();
      const past = { notBefore: new Date(now - 20_000), notAfter: new Date(now - 10_000) };
      const present = { notBefore: new Date(now - 20_000), notAfter: new Date(now + 60_000) };
      const directory = path.dirname(server.kubeconfig);
      const own = {
        certificate: server.pki.authorityCertificate,
        key: await readFile(path.join(directory, 'ca.key'), 'utf8'),
      };
      const foreign = await createAuthority('dure-ca', present);
      const admin = { commonName: 'x', organizations: ['system:masters'], dnsNames: [], addresses: [] };
      for (const [authority, validity] of [
        [own, past],
        [foreign, present],
      ] as const) {
        const pair = await issue(authority, { ...admin, ...validity, usages: ['client'] });
        const other = clientWith({ server: server.url, authority: server.pki.authorityCertificate, client: pair });
        await assert.rejects(other.get('/api/v1/pods'), refusedWith(401));
        other.close();
      }
    });

    it('somebody without roles to nothing but discovery', async () => {
      const somebody = clientWith({
        server: server.url,
        authority: server.pki.authorityCertificate,
        token: 'somebody',
      });
      const why =
        'pods is forbidden: User "somebody" cannot list resource "pods" in API group "" in the namespace "default"';
      await assert.rejects(somebody.get('/api/v1/namespaces/default/pods'), refusedWith(403, new RegExp(`^${why}$`)));
      assert.ok(await somebody.get('/apis'));
      somebody.close();
    });

    it('a node to its own Node and to no other', async () => {
      for (const name of ['n1', 'n2']) await client.create('/api/v1/nodes', { metadata: { name } });
      const { client: pair } = await joinCluster({
        server: server.webUrl,
        token: await server.tokens.create(),
        nodeName: 'n1',
      });
      const node = clientWith({ server: server.url, authority: server.pki.authorityCertificate, client: pair });
      const status = { status: { conditions: [] } };
      assert.ok(await node.patch('/api/v1/nodes/n1/status', 'merge-patch', status));
      await assert.rejects(node.patch('/api/v1/nodes/n2/status', 'merge-patch', status), refusedWith(403));
      const labelled = (label: string): Promise<unknown> =>
        node.patch('/api/v1/nodes/n1', 'merge-patch', { metadata: { labels: { [label]: 'b' } } });
      assert.ok(await labelled('a'));
      await assert.rejects(
        labelled('node-restriction.kubernetes.io/a'),
        refusedWith(403, /is not allowed to modify labels: node-restriction\.kubernetes\.io\/a$/),
      );
      await assert.rejects(node.get('/api/v1/secrets'), refusedWith(403));
      node.close();
    });

    it('an agent that joins with a token, and renews with its certificate', async () => {
      const token = await server.tokens.create();
      const joined = await joinCluster({ server: server.webUrl, token, nodeName: 'n1' });
      assert.deepEqual(joined.settings, { servers: [server.url] });
      const renewal = { server: server.webUrl, authority: joined.authority, current: joined.client };
      assert.ok(await renewMembership({ ...renewal, nodeName: 'n1' }));
      await assert.rejects(renewMembership({ ...renewal, nodeName: 'n2' }), /answered 403/);
      await assert.rejects(
        joinCluster({ server: server.webUrl, token: token.replace(/\.[0-9a-f]{4}/, '.0000'), nodeName: 'n1' }),
        /answered 401/,
      );
      await assert.rejects(
        joinCluster({ server: server.webUrl, token: `${token.slice(0, -4)}0000`, nodeName: 'n1' }),
        /not the one that the join token names/,
      );
    });
  });

  describe('refuses', () => {
    it('what it does not know, as Kubernetes does', async () => {
      const unknown = refusedWith(404, /^the server could not find the requested resource$/);
      await assert.rejects(client.get('/api/v1/nonsense'), unknown);
      await assert.rejects(client.get('/nonsense'), unknown);
      await assert.rejects(client.get('/api/v1/namespaces/default/configmaps/a/nonsense'), unknown);
      await assert.rejects(client.get(`${MAPS}/a`), refusedWith(404, /^configmaps "a" not found$/));
    });

    it('bodies that are too large, no JSON, of another kind or in another place', async () => {
      const large = configMap('large', { a: 'x'.repeat(4 * 1024 * 1024) });
      await assert.rejects(client.create(MAPS, large), refusedWith(413, /limit is 3145728/));
      await assert.rejects(client.create(MAPS, []), refusedWith(400));
      await assert.rejects(client.create(MAPS, { kind: 'Pod', metadata: { name: 'a' } }), refusedWith(400, /Pod/));
      const elsewhere = { metadata: { name: 'a', namespace: 'kube-system' } };
      await assert.rejects(client.create(MAPS, elsewhere), refusedWith(400, /namespace of the provided object/));
    });

    it('unknown fields when asked to be strict, and warns of them otherwise', async () => {
      const object = { ...configMap('a'), colour: 'red' };
      const strict = { query: { fieldValidation: 'Strict' } };
      await assert.rejects(client.create(MAPS, object, strict), refusedWith(400, /unknown field "colour"/));
      warnings.length = 0;
      await client.create(MAPS, object);
      assert.deepEqual(warnings, ['unknown field "colour"']);
    });

    it('to overwrite what somebody else wrote', async () => {
      const first = await client.create<ConfigMap>(MAPS, configMap('a'));
      await client.update(`${MAPS}/a`, { ...first, data: { a: '1' } });
      await assert.rejects(
        client.update(`${MAPS}/a`, { ...first, data: { a: '2' } }),
        refusedWith(409, /the object has been modified/),
      );
    });
  });

  it('writes nothing on a dry run', async () => {
    await client.create(MAPS, configMap('a'), { query: { dryRun: 'All' } });
    await assert.rejects(client.get(`${MAPS}/a`), refusedWith(404));
    await assert.rejects(
      client.create(MAPS, configMap('a'), { query: { dryRun: 'Some' } }),
      refusedWith(422, /dryRun/),
    );
  });

  describe('lists', () => {
    beforeEach(async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await client.create(MAPS, configMap(name));
    });

    it('in pages that show one moment, whatever is written between them', async () => {
      const first = await client.get<ListOf<ConfigMap>>(MAPS, { query: { limit: 2 } });
      assert.equal(first.metadata.remainingItemCount, 3);
      await client.delete(`${MAPS}/c`);
      await client.create(MAPS, configMap('bb'));
      const rest = await client.get<ListOf<ConfigMap>>(MAPS, {
        query: { limit: 9, continue: first.metadata.continue },
      });
      assert.deepEqual(namesOf(rest), ['c', 'd', 'e']);
      assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion);
    });

    it('go on with what is there when the moment is compacted', async () => {
      const first = await client.get<ListOf<ConfigMap>>(MAPS, { query: { limit: 2 } });
      await client.create(MAPS, configMap('f'));
      await server.store.compact(await server.store.revision());
      const query = { limit: 9, continue: first.metadata.continue };
      let token: string | undefined;
      await assert.rejects(client.get(MAPS, { query }), (error) => {
        assert.ok(error instanceof ApiError && error.reason === 'Expired');
        token = (error.status as { metadata?: { continue?: string } }).metadata?.continue;
        return true;
      });
      const rest = await client.get<ListOf<ConfigMap>>(MAPS, { query: { limit: 9, continue: token } });
      assert.deepEqual(namesOf(rest), ['c', 'd', 'e', 'f']);
    });

    it('as they were, or not older than asked for', async () => {
      const before = await client.get<ListOf<ConfigMap>>(MAPS);
      await client.delete(`${MAPS}/a`);
      const exact = { resourceVersion: before.metadata.resourceVersion, resourceVersionMatch: 'Exact' };
      assert.deepEqual(namesOf(await client.get(MAPS, { query: exact })), ['a', 'b', 'c', 'd', 'e']);
      const newer = { resourceVersion: before.metadata.resourceVersion, resourceVersionMatch: 'NotOlderThan' };
      assert.deepEqual(namesOf(await client.get(MAPS, { query: newer })), ['b', 'c', 'd', 'e']);
    });

    it('in pages of what the selector leaves', async () => {
      for (const name of ['b', 'd', 'e']) {
        await client.patch(`${MAPS}/${name}`, 'merge-patch', { metadata: { labels: { x: 'y' } } });
      }
      const seen: (string | undefined)[][] = [];
      let query: Record<string, string | number | undefined> = { labelSelector: 'x=y', limit: 1 };
      do {
        const page = await client.get<ListOf<ConfigMap>>(MAPS, { query });
        assert.equal(page.metadata.remainingItemCount, undefined);
        seen.push(namesOf(page));
        query = { ...query, continue: page.metadata.continue };
      } while (query['continue'] !== undefined);
      assert.deepEqual(seen, [['b'], ['d'], ['e']]);
    });

    it('by labels and fields', async () => {
      await client.patch(`${MAPS}/b`, 'merge-patch', { metadata: { labels: { x: 'y' } } });
      assert.deepEqual(namesOf(await client.get(MAPS, { query: { labelSelector: 'x=y' } })), ['b']);
      assert.deepEqual(namesOf(await client.get(MAPS, { query: { fieldSelector: 'metadata.name=c' } })), ['c']);
      await assert.rejects(client.get(MAPS, { query: { fieldSelector: 'data.a=c' } }), refusedWith(400));
    });

    it('that are large, compressed and whole', async () => {
      const data = { text: 'abcdefgh'.repeat(20_000) };
      for (const name of ['large-1', 'large-2']) await client.create(MAPS, configMap(name, data));
      const { items } = await client.get<ListOf<ConfigMap>>(MAPS);
      assert.equal(items.find(({ metadata }) => metadata.name === 'large-2')?.data?.['text'], data.text);
      const { body, headers } = await client.open(MAPS, {});
      body.destroy();
      assert.equal(headers['content-encoding'], 'gzip');
    });
  });

  describe('long lists', () => {
    it('are the same over HTTP/2 and HTTP/1.1, compressed or not', async () => {
      const names = Array.from({ length: 300 }, (_, number) => `map-${String(number).padStart(3, '0')}`);
      await Promise.all(names.map((name) => client.create(MAPS, configMap(name, { text: name.repeat(100) }))));
      const connection = new Connection({ access, clock: systemClock });
      const overOne = new RawClient(access);
      for (const encoding of ['identity', 'gzip']) {
        const headers = { 'accept-encoding': encoding };
        const answer = await connection.request({ method: 'GET', path: MAPS, headers });
        const { items } = JSON.parse(String(await readAll(answer.body, MEGABYTE))) as ListOf<ConfigMap>;
        assert.deepEqual(
          items.map(({ metadata }) => metadata.name),
          names,
        );
        assert.ok(items.every(({ metadata, data }) => data?.['text'] === metadata.name?.repeat(100)));
        const { bytes } = await overOne.ask(MAPS, { headers });
        const list = JSON.parse(String(encoding === 'gzip' ? gunzipSync(bytes) : bytes)) as ListOf<ConfigMap>;
        assert.deepEqual(list.items, items);
      }
      connection.close();
      overOne.close();
    });
  });

  describe('watches', () => {
    it('tell what is there, what changes, and where one is', async () => {
      await client.create(MAPS, configMap('a'));
      const ended = new AbortController();
      const seen: string[] = [];
      for await (const { type, object } of watch<ConfigMap>(client, MAPS, { signal: ended.signal })) {
        // The present state ends with one.
        if (type === 'BOOKMARK') continue;
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.length === 1) await client.create(MAPS, configMap('b'));
        if (seen.length === 2) await client.patch(`${MAPS}/a`, 'merge-patch', { data: { k: 'v' } });
        if (seen.length === 3) await client.delete(`${MAPS}/b`);
        if (seen.length === 4) break;
      }
      assert.deepEqual(seen, ['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
    });

    it('end when their time is up', async () => {
      const events = [];
      for await (const event of watch(client, MAPS, { query: { timeoutSeconds: 1 } })) events.push(event);
      assert.ok(events.length <= 1);
    });

    it('of one object see nothing else', async () => {
      await client.create(MAPS, configMap('a'));
      const query = { fieldSelector: 'metadata.name=a', timeoutSeconds: 1 };
      const seen: string[] = [];
      for await (const { type, object } of watch<ConfigMap>(client, MAPS, { query })) {
        if (type === 'BOOKMARK') continue;
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.length === 1) await client.create(MAPS, configMap('b'));
      }
      assert.deepEqual(seen, ['ADDED a']);
    });

    it('end in an orderly way when the server stops, while requests finish', async () => {
      const other = await TestServer.start();
      const admin = clientWith(await adminAccess(other));
      await admin.create(MAPS, configMap('a'));
      const events = watch(admin, MAPS, {});
      await events.next();
      const next = (async (): Promise<string> => {
        for await (const { type } of events) if (type !== 'BOOKMARK') return type;
        return 'ended';
      })();
      await other.stop();
      assert.equal(await next, 'ended');
      admin.close();
    });

    it('are cut when nobody reads them', async () => {
      const { client: pair } = access;
      const request = https.request(`${server.url}${MAPS}?watch=true`, {
        ca: access.authority,
        cert: pair?.certificate,
        key: pair?.key,
        agent: false,
      });
      request.end();
      const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
      response.pause();
      const data = { text: 'x'.repeat(512 * 1024) };
      await client.create(MAPS, configMap('a', data));
      for (let revision = 0; revision < 60; revision++) {
        await client.patch(`${MAPS}/a`, 'merge-patch', { data: { revision: String(revision) } });
      }
      assert.match(await server.metrics.text(), /apiserver_terminated_watchers_total\{[^}]*\} 1/);
      response.destroy();
    });
  });

  it('keeps an informer up to date', async () => {
    const errors: unknown[] = [];
    const informer = new Informer<ConfigMap>({
      client,
      path: MAPS,
      clock: systemClock,
      onError: (error) => errors.push(error),
    });
    await client.create(MAPS, configMap('a'));
    await informer.start();
    assert.ok(informer.get('default/a'));
    const added = new Promise<string>((resolve) => {
      const end = informer.subscribe(({ type, key }) => {
        end();
        resolve(`${type} ${key}`);
      });
    });
    await client.create(MAPS, configMap('b'));
    assert.equal(await added, 'added default/b');
    await informer.stop();
    assert.deepEqual(errors, []);
  });
});

function namesOf({ items }: ListOf<ConfigMap>): (string | undefined)[] {
  return items.map(({ metadata }) => metadata.name);
}
