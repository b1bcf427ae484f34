/** Another API server behind this one: reached over TLS through the agent of its pod's node, as its users see it. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { kinds } from '../../../api/kinds.ts';
import type { APIGroupDiscoveryList, APIVersionDiscovery } from '../../../api/types/apidiscovery.v2.ts';
import type { APIService } from '../../../api/types/apiregistration.v1.ts';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import type { APIGroup, APIGroupList, APIResourceList } from '../../../api/types/meta.v1.ts';
import { CHANNEL } from '../../../api/streams.ts';
import { AuditPolicy } from '../../../control-plane/audit/policy.ts';
import type { AuditEvent } from '../../../control-plane/audit/trail.ts';
import type { User } from '../../../control-plane/user.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { Component } from '../../../lib/component.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { watch } from '../../../lib/client/watch.ts';
import { serveDial } from '../../../node-agent/streams/dial.ts';
import { statusOf } from '../../../node-agent/streams/status.ts';
import { aggregationControllers } from '../../support/aggregation-controllers.ts';
import { TestServer } from '../../support/api-server.ts';
import { ExtensionServer, type Flunder, GROUP, type Seen, VERSION } from '../../support/extension-server.ts';
import { kubectl } from '../../support/kubectl.ts';
import { pairedTunnels } from '../../support/paired-tunnels.ts';
import { until } from '../../support/until.ts';

const ANN: User = {
  name: 'ann',
  uid: 'u-1',
  groups: ['devs', 'system:masters'],
  extra: { 'example.com/team': ['blue', 'gr\u00fcn'] },
};
const TOKENS = new Map<string, User>([
  ['ann', ANN],
  ['eve', { name: 'eve', groups: [] }],
]);
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const NAME = `${VERSION}.${GROUP}`;
const FLUNDERS = `/apis/${GROUP}/${VERSION}/namespaces/default/flunders`;
const POD_ADDRESS = '10.9.9.9';

describe('an API server behind this one', () => {
  let server: TestServer;
  let controllers: Component;
  let client: RestClient;
  let extension: ExtensionServer;
  const audited: AuditEvent[] = [];

  before(async () => {
    const tunnels = pairedTunnels(async (wanted, end, node) => {
      if (wanted.kind !== 'dial') return;
      assert.equal(node, 'n1');
      try {
        // The pod's address is this machine's own for the test.
        const here = { ...wanted, address: '127.0.0.1' };
        await serveDial(here, { holds: () => true }, { own: () => [], web: { host: '127.0.0.1', port: 0 } }, end);
      } catch (error) {
        await end.send(CHANNEL.error, statusOf(error));
      }
    });
    const policy = new AuditPolicy('{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}');
    const write = (event: AuditEvent): Promise<void> => Promise.resolve(void audited.push(event));
    server = await TestServer.start({ tokens: TOKENS, tunnels, audit: { policy, write } });
    client = clientOf('ann');
    extension = await ExtensionServer.start(['api.wardle.svc'], server.pki.frontProxyAuthority);
    controllers = aggregationControllers(server);
    await controllers.start();
    await server.addNamespace('wardle');
    await serve();
  });
  after(async () => {
    client.close();
    await controllers.stop();
    await server.stop();
    extension.stop();
  });
  beforeEach(() => {
    extension.seen.length = 0;
    extension.before = () => false;
  });

  function clientOf(token: string): RestClient {
    return new RestClient({
      access: { server: server.url, authority: server.pki.authorityCertificate, token },
      clock: systemClock,
      userAgent: 'test',
    });
  }

  async function serve(): Promise<void> {
    await client.create('/api/v1/namespaces/wardle/services', {
      metadata: { name: 'api' },
      spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] },
    });
    await client.create('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', slice());
    await client.create(API_SERVICES, apiService());
    await condition('True', 'Passed', 'all checks passed');
  }

  function slice(ready = true): object {
    return {
      metadata: { name: 'api', labels: { 'kubernetes.io/service-name': 'api' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: extension.port, protocol: 'TCP' }],
      endpoints: [{ addresses: [POD_ADDRESS], nodeName: 'n1', conditions: { ready } }],
    };
  }

  function apiService(spec: object = {}): object {
    return {
      metadata: { name: NAME },
      spec: {
        group: GROUP,
        version: VERSION,
        service: { namespace: 'wardle', name: 'api' },
        caBundle: extension.caBundle,
        groupPriorityMinimum: 2000,
        versionPriority: 200,
        ...spec,
      },
    };
  }

  const view = () => server.registry.resource(kinds.apiservices).view;
  const availability = (name = NAME) => {
    const found = view()
      .get(name)
      ?.status.conditions?.find(({ type }) => type === 'Available');
    return found && [found.status, found.reason, found.message];
  };

  async function condition(status: string, reason: string, message: string | RegExp, name = NAME): Promise<void> {
    const holds = (): boolean => {
      const [is, why, text = ''] = availability(name) ?? [];
      return is === status && why === reason && (typeof message === 'string' ? text === message : message.test(text));
    };
    const what = `${name} is ${status}: ${reason}`;
    await until([view()], holds, { what, milliseconds: 20_000, instead: () => availability(name) });
  }

  async function refusal(action: Promise<unknown>): Promise<ApiError> {
    const error = await action.then(
      () => assert.fail('it was answered'),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }

  async function run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await kubectl(server.kubeconfig, args);
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** The controllers ask as well, at any time. */
  function lastSeen(method: string): Seen {
    const seen = extension.seen.findLast((each) => each.method === method && each.url.startsWith(FLUNDERS));
    assert.ok(seen, `no ${method}`);
    return seen;
  }

  function raw(path: string, headers: Record<string, string | string[]> = {}): Promise<IncomingMessage> {
    const request = https.request(`${server.url}${path}`, {
      ca: server.pki.authorityCertificate,
      headers: { authorization: 'Bearer ann', ...headers },
      agent: false,
    });
    request.end();
    return new Promise((resolve, reject) => {
      request.once('response', resolve);
      request.once('upgrade', (response, socket: Duplex, head: Buffer) => {
        socket.unshift(head);
        resolve(Object.assign(response, { tunnel: socket }));
      });
      request.once('error', reject);
    });
  }

  it('is told who asks, and by whom', async () => {
    const flunder = { apiVersion: `${GROUP}/${VERSION}`, kind: 'Flunder', metadata: { name: 'told' } };
    const created = await client.create<Flunder>(FLUNDERS, flunder);
    assert.equal(created.metadata.namespace, 'default');
    const { headers, commonName, url } = lastSeen('POST');
    assert.deepEqual([commonName, url], ['front-proxy-client', FLUNDERS]);
    assert.equal(headers['x-remote-user'], 'ann');
    assert.equal(headers['x-remote-uid'], 'u-1');
    assert.equal(headers['x-remote-group'], 'devs, system:masters, system:authenticated');
    const team = Buffer.from(headers['x-remote-extra-example.com%2fteam'] as string, 'latin1').toString();
    assert.equal(team, 'blue, gr\u00fcn');
    assert.equal(headers.authorization, undefined);
    assert.equal(headers.host, 'api.wardle.svc');
    await client.delete(`${FLUNDERS}/told`);
  });

  it('believes no client that says himself who he is', async () => {
    const response = await raw(FLUNDERS, {
      'X-Remote-User': 'root',
      'x-remote-group': ['system:masters', 'more'],
      'X-Remote-Extra-Scopes': 'all',
      'impersonate-user': 'bob',
      'impersonate-group': 'system:masters',
      'x-else': 'kept',
    });
    assert.equal(response.statusCode, 200);
    response.resume();
    const { headers } = lastSeen('GET');
    assert.equal(headers['x-remote-user'], 'bob');
    assert.equal(headers['x-remote-group'], 'system:masters, system:authenticated');
    assert.equal(headers['x-else'], 'kept');
    const others = Object.keys(headers).filter((name) =>
      /^(x-remote-(uid|extra)|impersonate|authorization)/.test(name),
    );
    assert.deepEqual(others, []);
    assert.equal(headers['audit-id'], response.headers['audit-id']);
  });

  it('is asked only what may be asked', async () => {
    const eve = clientOf('eve');
    const error = await refusal(eve.get(FLUNDERS));
    eve.close();
    assert.equal(error.code, 403);
    assert.match(error.message, /User "eve" cannot list resource "flunders" in API group "wardle\.example\.com"/);
    assert.ok(!extension.seen.some(({ url }) => url.startsWith(FLUNDERS)));
  });

  it('answers for itself, and is watched for as long as it likes', async () => {
    const error = await refusal(client.get(`${FLUNDERS}/nothing`));
    assert.equal(error.message, `flunders.${GROUP} "nothing" not found`);
    const cut = new AbortController();
    const events = watch<Flunder>(client, FLUNDERS, { signal: cut.signal });
    const first = events.next();
    // The watch has been accepted before anything happened.
    await extension.watched();
    await client.create(FLUNDERS, { metadata: { name: 'seen' } });
    const { value } = await first;
    assert.deepEqual([value?.type, value?.object.metadata.name], ['ADDED', 'seen']);
    await client.delete(`${FLUNDERS}/seen`);
    assert.equal((await events.next()).value?.type, 'DELETED');
    const [watched] = audited.filter(({ verb, stage }) => verb === 'watch' && stage === 'ResponseStarted');
    assert.partialDeepStrictEqual(watched, { objectRef: { apiGroup: GROUP, resource: 'flunders' } });
    cut.abort();
    await events.return(undefined);
  });

  it('is asked over connections that are kept, and asked again when it has closed them', async () => {
    await client.get(FLUNDERS);
    const before = extension.connections;
    for (let count = 0; count < 20; count++) await client.get(FLUNDERS);
    await Promise.all(Array.from({ length: 5 }, () => client.get(FLUNDERS)));
    for (let count = 0; count < 20; count++) await client.get(FLUNDERS);
    // Its documents are asked for over connections of their own, at any time.
    assert.ok(extension.connections - before <= 10, `${extension.connections - before} connections`);
    const used = new Set<object>();
    extension.before = ({ socket }) => {
      if (used.has(socket)) socket.destroy();
      return used.size === used.add(socket).size;
    };
    for (let count = 0; count < 5; count++) await client.get(FLUNDERS);
    assert.ok(used.size >= 5);
  });

  it('switches protocols', async () => {
    const response = (await raw(`${FLUNDERS}/x/console`, {
      connection: 'Upgrade',
      upgrade: 'echo',
    })) as IncomingMessage & { tunnel: Duplex };
    assert.equal(response.statusCode, 101);
    response.tunnel.write('hello\n');
    const lines: string[] = [];
    for await (const line of createInterface({ input: response.tunnel })) {
      lines.push(line);
      if (lines.length === 2) break;
    }
    response.tunnel.destroy();
    assert.deepEqual(lines, [`GET ${FLUNDERS}/x/console as ann`, 'hello']);
  });

  it('sends nobody elsewhere', async () => {
    extension.before = (request, response) => {
      if (!request.url?.startsWith(FLUNDERS)) return false;
      response.writeHead(302, { location: 'https://169.254.169.254/' }).end();
      return true;
    };
    const response = await raw(FLUNDERS);
    assert.equal(response.statusCode, 502);
    assert.match(await text(response), /attempted to redirect this request/);
  });

  it('is missed as soon as it has no endpoints', async () => {
    const path = '/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices/api';
    await client.patch(path, 'merge-patch', { endpoints: [] });
    await condition(
      'False',
      'MissingEndpoints',
      'endpointslices for service/api in "wardle" have no addresses with port name "https"',
    );
    const response = await raw(FLUNDERS);
    assert.deepEqual([response.statusCode, await text(response)], [503, 'service unavailable\n']);
    const { code, stderr } = await kubectl(server.kubeconfig, ['get', '--raw', FLUNDERS]);
    assert.deepEqual(
      [code, stderr.trim()],
      [1, 'Error from server (ServiceUnavailable): the server is currently unable to handle the request'],
    );
    const columns = (await run('get', 'apiservices', NAME, '--no-headers')).trim().split(/  +/);
    assert.deepEqual(columns.slice(0, 3), [NAME, 'wardle/api', 'False (MissingEndpoints)']);
    await client.delete(path);
    await condition('False', 'EndpointsNotFound', 'cannot find endpointslices for service/api in "wardle"');
    await client.create('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', slice());
    await condition('True', 'Passed', 'all checks passed');
  });

  it('is not believed without the right certificate', async () => {
    const path = `${API_SERVICES}/${NAME}`;
    const own = Buffer.from(server.pki.authorityCertificate).toString('base64');
    await client.patch(path, 'merge-patch', { spec: { caBundle: own } });
    await condition(
      'False',
      'FailedDiscoveryCheck',
      /^failing or missing response from https:\/\/api\.wardle\.svc:443\//,
    );
    await client.patch(path, 'merge-patch', { spec: { caBundle: null, insecureSkipTLSVerify: true } });
    await condition('True', 'Passed', 'all checks passed');
    await client.patch(path, 'merge-patch', { spec: { caBundle: extension.caBundle, insecureSkipTLSVerify: null } });
    await condition('True', 'Passed', 'all checks passed');
  });

  it('may be named wrongly', async () => {
    const named = { metadata: { name: 'v1.other.example.com' }, spec: { group: 'other.example.com', version: 'v1' } };
    const make = (service: object): object => {
      const { spec } = apiService({ ...named.spec, service }) as { spec: object };
      return { ...named, spec };
    };
    await client.create(API_SERVICES, make({ namespace: 'wardle', name: 'nothing' }));
    const name = named.metadata.name;
    await condition('False', 'ServiceNotFound', 'service/nothing in "wardle" is not present', name);
    const service = { namespace: 'wardle', name: 'api', port: 444 };
    await client.patch(`${API_SERVICES}/${name}`, 'merge-patch', { spec: { service } });
    await condition('False', 'ServicePortError', 'service/api in "wardle" is not listening on port 444', name);
    await client.patch(`${API_SERVICES}/${name}`, 'merge-patch', { spec: { service: { port: 443 } } });
    const missing = 'bad status from https://api.wardle.svc:443/apis/other.example.com/v1: 404';
    await condition('False', 'FailedDiscoveryCheck', new RegExp(`${missing}$`), name);
    await client.delete(`${API_SERVICES}/${name}`);
  });

  describe('in a namespace that is being deleted', () => {
    const at = (namespace: string): string => FLUNDERS.replace('default', namespace);
    const namespaces = () => server.registry.resource(kinds.namespaces).view;
    const said = (namespace: string, type: string) =>
      namespaces()
        .get(namespace)
        ?.status.conditions?.find((each) => each.type === type);
    const whenSaid = (namespace: string, type: string, message: RegExp): Promise<number> =>
      until([namespaces()], () => message.test(said(namespace, type)?.message ?? ''), {
        what: `${type} says ${message}`,
        milliseconds: 20_000,
        instead: () => namespaces().get(namespace)?.status.conditions,
      });
    const whenGone = (namespace: string): Promise<number> =>
      until([namespaces()], () => namespaces().get(namespace) === undefined, {
        what: `${namespace} is gone`,
        milliseconds: 20_000,
        instead: () => namespaces().get(namespace)?.status.conditions,
      });

    it('is emptied, and of no other', async () => {
      await server.addNamespace('full');
      for (const name of ['a', 'b']) await client.create(at('full'), { metadata: { name } });
      await client.create(FLUNDERS, { metadata: { name: 'kept' } });
      await client.delete('/api/v1/namespaces/full');
      await whenGone('full');
      assert.deepEqual((await client.list<Flunder>(at('full'))).items, []);
      assert.equal((await client.list(FLUNDERS)).items.length, 1);
      await client.delete(`${FLUNDERS}/kept`);
    });

    it('holds it, and says what does', async () => {
      await server.addNamespace('held');
      await client.create(at('held'), { metadata: { name: 'a', finalizers: ['example.com/hold'] } });
      await client.delete('/api/v1/namespaces/held');
      await whenSaid('held', 'NamespaceContentRemaining', /: flunders\.wardle\.example\.com has 1 resource instances$/);
      assert.match(said('held', 'NamespaceFinalizersRemaining')?.message ?? '', /example\.com\/hold in 1 resource/);
      extension.finalize('held', 'a');
      await whenGone('held');
    });

    it('may refuse, and is quoted', async () => {
      await server.addNamespace('refused');
      await client.create(at('refused'), { metadata: { name: 'a' } });
      extension.before = (request, response) => {
        if (request.method !== 'DELETE') return false;
        response.writeHead(500).end('no disk');
        return true;
      };
      await client.delete('/api/v1/namespaces/refused');
      const quoted = /^Failed to delete all resource types, 1 remaining: delete .*flunders\/a: 500: "no disk"$/;
      await whenSaid('refused', 'NamespaceDeletionContentFailure', quoted);
      extension.before = () => false;
      await whenGone('refused');
    });

    it('is waited for while it does not answer', async () => {
      await server.addNamespace('waiting');
      await client.create(at('waiting'), { metadata: { name: 'a' } });
      const path = '/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices/api';
      await client.delete(path);
      await condition('False', 'EndpointsNotFound', /./);
      await client.delete('/api/v1/namespaces/waiting');
      const group = `${GROUP}/${VERSION}`;
      await whenSaid(
        'waiting',
        'NamespaceDeletionDiscoveryFailure',
        new RegExp(`1 failing: .*${group}: stale .*${group}$`),
      );
      assert.equal(said('waiting', 'NamespaceDeletionDiscoveryFailure')?.reason, 'DiscoveryFailed');
      await client.create('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', slice());
      await whenGone('waiting');
      assert.deepEqual((await client.list<Flunder>(at('waiting'))).items, []);
    });
  });

  it('learns from a config map whom to believe', async () => {
    const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
    const { data } = await client.get<ConfigMap>(path);
    assert.equal(data?.['client-ca-file'], server.pki.authorityCertificate);
    assert.equal(data?.['requestheader-client-ca-file'], server.pki.frontProxyAuthority);
    assert.equal(data?.['requestheader-allowed-names'], '["front-proxy-client"]');
    assert.equal(data?.['requestheader-username-headers'], '["X-Remote-User"]');
    assert.equal(data?.['requestheader-uid-headers'], '["X-Remote-Uid"]');
    assert.equal(data?.['requestheader-group-headers'], '["X-Remote-Group"]');
    assert.equal(data?.['requestheader-extra-headers-prefix'], '["X-Remote-Extra-"]');
  });

  it('stands beside what is served here', async () => {
    await condition('True', 'Local', 'Local APIServices are always available', 'v1.apps');
    const apps = await client.get<APIService>(`${API_SERVICES}/v1.apps`);
    assert.equal(apps.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'], 'onstart');
    assert.deepEqual(apps.spec, {
      group: 'apps',
      version: 'v1',
      groupPriorityMinimum: 17_800,
      versionPriority: 15,
    });
    const core = await client.get<APIService>(`${API_SERVICES}/v1.`);
    assert.deepEqual(core.spec, { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 });
    const metrics = 'v1beta1.metrics.k8s.io';
    await condition('True', 'Local', /./, metrics);
    // What is built in stays, whatever anybody writes; the metrics may be taken over.
    const service = { namespace: 'wardle', name: 'api', port: 443 };
    await client.patch(`${API_SERVICES}/v1.apps`, 'merge-patch', { spec: { service } });
    const manifest = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: metrics, labels: { 'k8s-app': 'metrics-server' } },
      spec: {
        group: 'metrics.k8s.io',
        groupPriorityMinimum: 100,
        insecureSkipTLSVerify: true,
        service: { name: 'api', namespace: 'wardle' },
        version: 'v1beta1',
        versionPriority: 100,
      },
    };
    const applied = await kubectl(server.kubeconfig, ['apply', '-f', '-'], JSON.stringify(manifest));
    assert.equal(applied.stdout, `apiservice.apiregistration.k8s.io/${metrics} configured\n`, applied.stderr);
    assert.ok(await client.list('/apis/apps/v1/namespaces/default/deployments'));
    await condition('False', 'FailedDiscoveryCheck', /404$/, metrics);
    assert.equal((await raw('/apis/metrics.k8s.io/v1beta1/nodes')).statusCode, 503);
    await client.delete(`${API_SERVICES}/${metrics}`);
    await condition('True', 'Local', /./, metrics);
    await until([view()], () => view().get('v1.apps')?.spec.service === undefined, { what: 'v1.apps is local again' });
    assert.equal((await raw('/apis/metrics.k8s.io/v1beta1/nodes')).statusCode, 200);
  });

  describe('in discovery and OpenAPI', () => {
    const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const served = {
      subscribe: (listener: () => void) => {
        server.aggregation.served.onChange(listener);
        return () => {};
      },
    };

    async function discovered(holds: (version: APIVersionDiscovery | undefined) => boolean): Promise<void> {
      const now = (): APIVersionDiscovery | undefined =>
        server.aggregation.served
          .versions()
          .find(({ group }) => group === GROUP)
          ?.discovery();
      await until([served], () => holds(now()), { what: 'it is told', milliseconds: 15_000, instead: now });
    }

    async function described(from: 'server' | 'v2'): Promise<void> {
      const now = () => server.aggregation.served.openApiV3().get(`apis/${GROUP}/${VERSION}`)?.from;
      await until([served], () => now() === from, { what: `OpenAPI from ${from}`, instead: now });
    }

    /** Has it asked anew. */
    async function again(): Promise<void> {
      const path = `${API_SERVICES}/${NAME}`;
      await client.delete(path);
      await client.create(API_SERVICES, apiService());
      await discovered((version) => version?.freshness === 'Current');
    }

    before(() => discovered((version) => version?.freshness === 'Current'));

    it('stands where its priority puts it', async () => {
      const { groups } = await client.get<APIGroupList>('/apis');
      const names = groups.map(({ name }) => name);
      const first = [
        'apiregistration.k8s.io',
        'apps',
        'events.k8s.io',
        'authentication.k8s.io',
        'authorization.k8s.io',
      ];
      assert.deepEqual(names.slice(0, 5), first);
      assert.deepEqual(names.slice(-2), [GROUP, 'metrics.k8s.io']);
      const group = await client.get<APIGroup>(`/apis/${GROUP}`);
      assert.equal(group.preferredVersion?.groupVersion, `${GROUP}/${VERSION}`);
      const { items } = await client.get<APIGroupDiscoveryList>('/apis', { accept: AGGREGATED });
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        names,
      );
      const resources = items.at(-2)?.versions?.[0]?.resources;
      assert.deepEqual(
        resources?.map(({ resource, scope, shortNames }) => [resource, scope, shortNames]),
        [['flunders', 'Namespaced', ['fl']]],
      );
      const list = await client.get<APIResourceList>(`/apis/${GROUP}/${VERSION}`);
      assert.deepEqual(
        list.resources.map(({ name }) => name),
        ['flunders', 'flunders/status'],
      );
    });

    it('is found, made, read and explained by kubectl', async () => {
      await described('server');
      assert.match(await run('api-resources'), /^flunders +fl +wardle\.example\.com\/v1alpha1 +true +Flunder$/m);
      const manifest = JSON.stringify({
        apiVersion: `${GROUP}/${VERSION}`,
        kind: 'Flunder',
        metadata: { name: 'one' },
        spec: { reference: 'two' },
      });
      const { stdout, stderr } = await kubectl(server.kubeconfig, ['create', '-f', '-'], manifest);
      assert.equal(stdout, `flunder.${GROUP}/one created\n`, stderr);
      assert.equal(await run('get', 'fl', '-o', 'name'), `flunder.${GROUP}/one\n`);
      assert.equal(await run('get', 'flunder', 'one', '-o', 'jsonpath={.spec.reference}'), 'two');
      const explained = await run('explain', 'flunders.spec.reference');
      assert.match(explained, /^GROUP: +wardle\.example\.com\nKIND: +Flunder\nVERSION: +v1alpha1\n/);
      assert.match(explained, /FIELD: reference <string>[^]*To another one\./);
      // Checked at the client, by OpenAPI v2: the server knows no field validation.
      const wrong = manifest.replace('"reference"', '"refrence"').replace('"one"', '"wrong"');
      const refused = await kubectl(server.kubeconfig, ['create', '-f', '-'], wrong);
      assert.match(refused.stderr, /unknown field "refrence" in com\.example\.wardle\.v1alpha1\.Flunder\.spec/);
      await run('delete', 'flunder', 'one');
    });

    it('is counted by its name', async () => {
      await client.get(FLUNDERS);
      const metrics = await server.metrics.text();
      assert.match(metrics, /apiserver_request_total\{verb="LIST",group="wardle\.example\.com",.*resource="flunders"/);
    });

    it('is part of OpenAPI v2, and takes nothing from the rest', async () => {
      await described('server');
      const { paths, definitions } = await client.get<{ paths: object; definitions: object }>('/openapi/v2');
      assert.ok(`${FLUNDERS.replace('default', '{namespace}')}` in paths);
      assert.ok(!('/other' in paths) && '/api/v1/namespaces/{namespace}/pods' in paths);
      assert.ok('com.example.wardle.v1alpha1.Flunder' in definitions && !('com.example.Unused' in definitions));
      const index = await client.get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
      const path = index.paths[`apis/${GROUP}/${VERSION}`]?.serverRelativeURL;
      assert.equal(path, `/openapi/v3/apis/${GROUP}/${VERSION}?hash=H1`);
      const document = await client.get<{ components: { schemas: object } }>(path ?? '');
      assert.deepEqual(Object.keys(document.components.schemas), ['com.example.wardle.v1alpha1.Flunder']);
    });

    it('may be older', async () => {
      extension.hasAggregatedDiscovery = false;
      extension.hasOpenApiV3 = false;
      await again();
      await described('v2');
      const { items } = await client.get<APIGroupDiscoveryList>('/apis', { accept: AGGREGATED });
      const version = items.find(({ metadata }) => metadata.name === GROUP)?.versions?.[0];
      const responseKind = { group: GROUP, version: VERSION, kind: 'Flunder' };
      assert.deepEqual(version, {
        version: VERSION,
        freshness: 'Current',
        resources: [
          {
            resource: 'flunders',
            responseKind,
            scope: 'Namespaced',
            singularResource: 'flunder',
            verbs: ['create', 'delete', 'get', 'list', 'watch'],
            shortNames: ['fl'],
            subresources: [{ subresource: 'status', responseKind, verbs: ['get'] }],
          },
        ],
      });
      assert.match(await run('explain', 'flunders.spec.reference'), /FIELD: reference <string>[^]*To another one\./);
      extension.hasAggregatedDiscovery = true;
      extension.hasOpenApiV3 = true;
      await again();
    });

    it('is stale while it does not answer, and nobody waits for it', async () => {
      const path = '/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices/api';
      await client.delete(path);
      await discovered((version) => version?.freshness === 'Stale');
      const { items } = await client.get<APIGroupDiscoveryList>('/apis', { accept: AGGREGATED });
      const version = items.find(({ metadata }) => metadata.name === GROUP)?.versions?.[0];
      assert.deepEqual([version?.freshness, version?.resources?.length], ['Stale', 1]);
      // Clients leave out what is stale, and find everything else.
      const listed = await run('api-resources', '-o', 'name');
      assert.ok(/^deployments\.apps$/m.test(listed) && !listed.includes('flunders'), listed);
      await client.create('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', slice());
      await discovered((now) => now?.freshness === 'Current');
    });

    it('is gone with its APIService', async () => {
      await client.delete(`${API_SERVICES}/${NAME}`);
      await discovered((version) => version === undefined);
      const { groups } = await client.get<APIGroupList>('/apis');
      assert.ok(!groups.some(({ name }) => name === GROUP));
      assert.equal((await refusal(client.get(FLUNDERS))).code, 404);
      await client.create(API_SERVICES, apiService());
      await condition('True', 'Passed', 'all checks passed');
    });
  });
});
