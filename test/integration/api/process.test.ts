/** `dure server` as its users run it: how it stops, and what it says when it can't start. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import path from 'node:path';
import type { APIService } from '../../../api/types/apiregistration.v1.ts';
import type { ClusterRole, Role } from '../../../api/types/rbac.v1.ts';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import type { ClusterAccess } from '../../../lib/client/cluster.ts';
import { RestClient, type ListOf } from '../../../lib/client/rest.ts';
import { watch } from '../../../lib/client/watch.ts';
import { systemClock } from '../../../lib/clock.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { ServerHost, type ServerProcess } from '../../support/server-process.ts';

const MAPS = '/api/v1/namespaces/kept/configmaps';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const LARGE = 200;
const LARGE_BYTES = 50_000;

function configMap(name: string, text = ''): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } };
}

/** Authorizers learn of a binding from a watch, a moment after it is written. */
async function untilAllowed(ask: () => Promise<string | undefined>): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error('it was never allowed');
}

describe('dure server', function () {
  this.timeout(150_000);
  let host: ServerHost;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  beforeEach(async () => {
    host = await ServerHost.make();
  });
  afterEach(() => host?.remove());

  async function started(): Promise<{ server: ServerProcess; access: ClusterAccess; client: RestClient }> {
    const server = host.run();
    await server.ready();
    const access = await adminAccess({ kubeconfig: path.join(host.dataDir, 'pki', 'admin.kubeconfig') });
    return { server, access, client: new RestClient({ access, clock: systemClock, userAgent: 'test' }) };
  }

  function request({ server, authority: ca, client }: ClusterAccess, method: string): ClientRequest {
    const headers = method === 'POST' ? { 'content-type': 'application/json' } : {};
    const tls = { ca, cert: client?.certificate, key: client?.key, agent: false };
    return https.request(`${server}${MAPS}`, { ...tls, method, headers });
  }

  it('finishes what is under way before it ends, and its store last', async () => {
    const { server, access, client } = await started();
    await client.create('/api/v1/namespaces', { metadata: { name: 'kept' } });
    const text = 'x'.repeat(LARGE_BYTES);
    for (let index = 0; index < LARGE; index += 1) await client.create(MAPS, configMap(`large-${index}`, text));

    const slowList = request(access, 'GET').end();
    const [list] = (await once(slowList, 'response')) as [IncomingMessage];
    list.pause();
    const slowWrite = request(access, 'POST');
    const body = JSON.stringify(configMap('slow'));
    slowWrite.write(body.slice(0, 20));
    const events = watch(client, MAPS, { query: { resourceVersion: '0' } });
    await events.next();
    const acknowledged: string[] = [];
    const writing = (async (): Promise<void> => {
      for (let index = 0; ; index += 1) {
        await client.create(MAPS, configMap(`small-${index}`));
        acknowledged.push(`small-${index}`);
      }
    })();
    const refused = assert.rejects(writing);

    server.signal('SIGTERM');
    await server.stopping();
    const watched = (async (): Promise<void> => {
      for await (const event of events) assert.notEqual(event.type, 'ERROR');
    })();
    slowWrite.end(body.slice(20));
    const [written] = (await once(slowWrite, 'response')) as [IncomingMessage];
    assert.equal(written.resume().statusCode, 201);
    acknowledged.push('slow');
    const { items } = JSON.parse(Buffer.concat(await list.toArray()).toString()) as ListOf<ConfigMap>;
    assert.equal(items.filter(({ data }) => data?.['text']?.length === LARGE_BYTES).length, LARGE);
    await watched;
    await refused;
    client.close();
    assert.deepEqual(await server.ended, { code: 0, said: [] });
    assert.deepEqual(await host.pids(), [], 'nothing is left running');

    const again = await started();
    const kept = await again.client.get<ListOf<ConfigMap>>(MAPS);
    const names = new Set(kept.items.map(({ metadata }) => metadata.name ?? ''));
    assert.deepEqual(
      acknowledged.filter((name) => !names.has(name)),
      [],
      'every acknowledged write is there',
    );
    again.client.close();
    again.server.signal('SIGINT');
    assert.equal((await again.server.ended).code, 0);
  });

  it('is ready when who acts at once finds his namespace and his rights, and lets Prometheus read its metrics', async () => {
    const { server, access, client } = await started();
    for (;;) {
      const answer = await client.get('/readyz', { accept: 'text/plain' }).catch((error: unknown) => error);
      // 'ok' is no JSON, which is as far as this client reads it.
      if (answer instanceof SyntaxError) break;
      assert.equal((answer as { code?: number }).code, 500);
    }
    await client.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'prometheus' } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:monitoring' };
    const subjects = [{ kind: 'ServiceAccount', namespace: 'default', name: 'prometheus' }];
    await client.create(`${RBAC}/clusterrolebindings`, { metadata: { name: 'prometheus' }, roleRef, subjects });
    const path = '/api/v1/namespaces/default/serviceaccounts/prometheus/token';
    const { status } = await client.create<{ status: { token: string } }>(path, { spec: {} });
    const text = await untilAllowed(async () => {
      const { client: _certificate, ...others } = access;
      const request = https.get(`${access.server}/metrics`, {
        ca: others.authority,
        headers: { authorization: `Bearer ${status.token}` },
        agent: false,
      });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const body = Buffer.concat(await response.toArray()).toString();
      return response.statusCode === 200 ? body : undefined;
    });
    for (const line of [
      /^# TYPE apiserver_request_total counter$/m,
      /^apiserver_request_duration_seconds_bucket\{le="1",verb="POST",group="",version="v1",resource="serviceaccounts",/m,
      /^apiserver_current_inflight_requests\{request_kind="readOnly"\} \d+$/m,
      /^etcd_request_duration_seconds_count\{operation="create"\} \d+$/m,
      /^workqueue_adds_total\{name="rbac-defaults"\} \d+$/m,
      /^scheduler_pending_pods\{queue="active"\} 0$/m,
      /^process_resident_memory_bytes \d+$/m,
    ])
      assert.match(text, line);
    client.close();
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });

  it('has the default roles soon after it has begun, gathered from their parts', async () => {
    const { server, client } = await started();
    const options = { query: { fieldSelector: 'metadata.name=admin' } };
    let rules = '';
    for await (const { object } of watch<ClusterRole>(client, `${RBAC}/clusterroles`, options)) {
      rules = JSON.stringify(object.rules ?? []);
      // Of admin itself, of edit, and of view.
      if (['rolebindings', 'pods/eviction', 'endpointslices'].every((part) => rules.includes(part))) break;
    }
    const { items } = await client.get<ListOf<Role>>(`${RBAC}/namespaces/kube-system/roles`);
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['extension-apiserver-authentication-reader'],
    );
    // What extension API servers find, and what is found of this one.
    const wanted = { query: { fieldSelector: 'metadata.name=extension-apiserver-authentication' } };
    for await (const { object } of watch<ConfigMap>(client, '/api/v1/namespaces/kube-system/configmaps', wanted)) {
      const { 'client-ca-file': ca = '', 'requestheader-client-ca-file': frontProxy = '' } = object.data ?? {};
      assert.match(ca, /^-----BEGIN CERTIFICATE-----/);
      assert.match(frontProxy, /^-----BEGIN CERTIFICATE-----/);
      assert.notEqual(frontProxy, ca);
      break;
    }
    const apis = '/apis/apiregistration.k8s.io/v1/apiservices';
    const metrics = { query: { fieldSelector: 'metadata.name=v1beta1.metrics.k8s.io' } };
    for await (const { object } of watch<APIService>(client, apis, metrics)) {
      const [condition] = object.status.conditions ?? [];
      if (condition?.status === 'True' && condition.reason === 'Local') break;
    }
    client.close();
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });

  it('says in one line why it does not start', async () => {
    const { server, client } = await started();
    client.close();
    const cases: readonly (readonly [flags: string[], words: RegExp])[] = [
      [['--nonsense'], /--nonsense/],
      [['--port', 'http'], /port/],
      [['--port', '70000'], /65535/],
      [['--heartbeat', 'soon'], /heartbeat/],
      [['--etcd-servers', 'http://127.0.0.1:1'], /etcd at http:\/\/127\.0\.0\.1:1 does not answer/],
      [[], /in use by another server \(process \d+\)/],
    ];
    for (const [flags, words] of cases) {
      const { code, said } = await host.run(...flags).ended;
      assert.equal(code, 1);
      assert.equal(said.length, 1, said.join('\n'));
      assert.match(said[0] ?? '', /^dure server: /);
      assert.match(said[0] ?? '', words);
    }
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });
});
