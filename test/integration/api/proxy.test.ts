/** `proxy` of pods, services and nodes, against backends of this process that are reached as an agent reaches them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';
import { kinds } from '../../../api/kinds.ts';
import type { Node, Pod, Service } from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { bindPod } from '../../../control-plane/registry/binding.ts';
import { createAuthority } from '../../../lib/certificates.ts';
import { serveDial } from '../../../node-agent/streams/dial.ts';
import { statusOf } from '../../../node-agent/streams/status.ts';
import { CHANNEL } from '../../../api/streams.ts';
import { TestServer } from '../../support/api-server.ts';
import { pairedTunnels } from '../../support/paired-tunnels.ts';
import { adminAccess, RawClient } from '../../support/raw-requests.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const POD_ADDRESS = '10.8.8.8';
const PAGE = '<html><body><a href="/rewriteme">test</a><a href="near">x</a><img src="http://else/where"></body></html>';

describe('proxy', () => {
  let server: TestServer;
  let client: RawClient;
  let plain: http.Server;
  let secure: https.Server;
  let seen: { method?: string; url?: string; headers: http.IncomingHttpHeaders; body: string };

  const portOf = (listener: http.Server | https.Server): number => (listener.address() as AddressInfo).port;

  async function answer(request: IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method, url, headers } = request;
    seen = { method, url, headers, body: (await buffer(request)).toString() };
    if (url?.startsWith('/page')) response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE);
    else if (url?.startsWith('/moved')) response.writeHead(302, { location: '/there?x=1' }).end();
    else if (url?.startsWith('/broken')) request.socket.destroy();
    else response.writeHead(url?.startsWith('/teapot') ? 418 : 200, { 'x-own': 'yes' }).end(`${method} ${url}`);
  }

  before(async () => {
    const listener = (request: IncomingMessage, response: http.ServerResponse): void => void answer(request, response);
    plain = http.createServer(listener);
    const day = 86_400_000;
    const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
    const { certificate: cert, key } = await createAuthority('pod', validity);
    secure = https.createServer({ cert, key }, listener);
    const sockets = new WebSocketServer({ server: plain });
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`heard ${data.toString()}`)),
    );
    for (const each of [plain, secure]) await once(each.listen(0, '127.0.0.1'), 'listening');
    const dialing = { own: () => [], web: { host: '127.0.0.1', port: portOf(plain) } };
    const pods = { holds: (address: string) => address === '127.0.0.1' };
    const tunnels = pairedTunnels(async (wanted, end) => {
      try {
        if (wanted.kind !== 'dial') return;
        // The pod's address is one of this machine's own for the test.
        const address = wanted.address === POD_ADDRESS ? '127.0.0.1' : wanted.address;
        await serveDial({ ...wanted, address }, pods, dialing, end);
      } catch (error) {
        await end.send(CHANNEL.error, statusOf(error)).catch(() => undefined);
      }
    });
    server = await TestServer.start({ tunnels });
    client = new RawClient(await adminAccess(server));
    await server.registry.resource(kinds.nodes).create({ metadata: { name: 'n1' } } as Node);
    await addPod('p', portOf(plain));
    await addService();
  });
  after(async () => {
    client?.close();
    await server?.stop();
    plain?.closeAllConnections();
    plain?.close();
    secure?.closeAllConnections();
    secure?.close();
  });

  async function addPod(name: string, containerPort: number): Promise<void> {
    const pods = server.registry.resource(kinds.pods);
    const containers = [{ name: 'c', image: 'i', ports: [{ containerPort }] }];
    await pods.create({ metadata: { name, namespace: 'default' }, spec: { containers } } as Pod);
    const binding = { metadata: { namespace: 'default', name }, target: { kind: 'Node', name: 'n1' } };
    await bindPod(pods, binding as Parameters<typeof bindPod>[1], new Date());
    const status = { phase: 'Running', podIP: POD_ADDRESS, podIPs: [{ ip: POD_ADDRESS }] };
    await pods.mutate('default', name, (pod) => ({ ...pod, status: { ...pod.status, ...status } }), {
      subresource: 'status',
    });
  }

  async function addService(): Promise<void> {
    const ports = [
      { name: 'web', port: 80 },
      { name: 'tls', port: 443 },
    ];
    const metadata = { name: 's', namespace: 'default' };
    await server.registry.resource(kinds.services).create({ metadata, spec: { ports } } as Service);
    await server.registry.resource(kinds.endpointslices).create({
      metadata: { name: 's-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ports: [
        { name: 'web', port: portOf(plain) },
        { name: 'tls', port: portOf(secure) },
      ],
      endpoints: [
        { addresses: ['10.9.9.9'], nodeName: 'n1', conditions: { ready: false } },
        { addresses: [POD_ADDRESS], nodeName: 'n1', conditions: { ready: true } },
      ],
    } as EndpointSlice);
  }

  const ask = (path: string, method = 'GET', body?: string, headers: http.OutgoingHttpHeaders = {}) =>
    client.ask(path, { method, headers, ...(body === undefined ? {} : { body }) });

  it('passes on every method with path, query and body as they are', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { code, text, headers } = await ask(
        `${NAMESPACE}/pods/p/proxy/a//b%2Fc/../d?x=1&watch=true`,
        method,
        'body',
      );
      assert.deepEqual([code, text], [200, `${method} /a//b%2Fc/../d?x=1&watch=true`]);
      assert.equal(headers['x-own'], 'yes');
      assert.equal(seen.body, 'body');
    }
    assert.deepEqual((await ask(`${NAMESPACE}/pods/p/proxy/x`, 'HEAD')).text, '');
    assert.equal(seen.method, 'HEAD');
    assert.equal((await ask(`${NAMESPACE}/pods/p/proxy/teapot`)).code, 418);
  });

  it('keeps the credentials to itself and says where the request came from', async () => {
    const secret = { authorization: 'Basic secret', connection: 'x-private', 'x-private': '1', 'x-public': '2' };
    await ask(`${NAMESPACE}/pods/p/proxy/x`, 'GET', undefined, secret);
    assert.equal(seen.headers['authorization'], undefined);
    assert.equal(seen.headers['x-private'], undefined);
    assert.equal(seen.headers['x-public'], '2');
    assert.equal(seen.headers['x-forwarded-uri'], `${NAMESPACE}/pods/p/proxy/x`);
    assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen.headers['host'], `${POD_ADDRESS}:${portOf(plain)}`);
  });

  it('reaches ports by number and name, of pods and services, with and without TLS', async () => {
    const tls = portOf(secure);
    const same = [
      `pods/p:${portOf(plain)}`,
      `pods/http:p:${portOf(plain)}`,
      `pods/https:p:${tls}`,
      'services/s:web',
      'services/s:80',
      'services/http:s:web',
      'services/https:s:tls',
      'services/https:s:443',
    ];
    for (const name of same) {
      const { code, text } = await ask(`${NAMESPACE}/${name}/proxy/`);
      assert.deepEqual([code, text], [200, 'GET /'], name);
    }
  });

  it('leads a page without its slash to the one with it, and links and redirects back here', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { code, headers } = await ask(`${NAMESPACE}/pods/p/proxy?a=b`, method);
      assert.deepEqual([code, headers.location], [301, `${NAMESPACE}/pods/p/proxy/?a=b`]);
    }
    assert.equal((await ask(`${NAMESPACE}/pods/p/proxy`, 'POST')).text, 'POST /');
    const prefix = `${NAMESPACE}/services/s:web/proxy`;
    const page = await ask(`${prefix}/page`);
    assert.equal(page.text, PAGE.replace('"/rewriteme"', `"${prefix}/rewriteme"`));
    assert.equal((await ask(`${prefix}/moved`)).headers.location, `${prefix}/there?x=1`);
  });

  it('carries a WebSocket', async () => {
    const url = `${server.url.replace('https', 'wss')}${NAMESPACE}/pods/p/proxy/socket`;
    const { ca, cert, key } = client.tls;
    const socket = new WebSocket(url, { ca, cert, key } as ClientOptions);
    await once(socket, 'open');
    socket.send('hello');
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.equal(data.toString(), 'heard hello');
    socket.close();
    await once(socket, 'close');
  });

  it("shows what a node's agent serves", async () => {
    assert.equal((await ask('/api/v1/nodes/n1/proxy/metrics')).text, 'GET /metrics');
    assert.equal((await ask('/api/v1/nodes/n1:10250/proxy/metrics')).code, 200);
    assert.equal((await ask('/api/v1/nodes/n1:22/proxy/')).code, 400);
  });

  it('says why somebody can not be reached', async () => {
    const refused: [path: string, code: number, words: RegExp][] = [
      [`${NAMESPACE}/pods/none/proxy/`, 404, /pods \\"none\\" not found/],
      [`${NAMESPACE}/pods/a:b:c:d/proxy/`, 400, /invalid pod request/],
      [`${NAMESPACE}/pods/ftp:p:80/proxy/`, 400, /invalid pod request/],
      [`${NAMESPACE}/pods/p:web/proxy/`, 400, /invalid port/],
      [`${NAMESPACE}/pods/p:1/proxy/`, 503, /error trying to reach service: .*ECONNREFUSED/],
      [`${NAMESPACE}/pods/p/proxy/broken`, 503, /error trying to reach service: /],
      [`${NAMESPACE}/pods/https:p:/proxy/`, 503, /error trying to reach service: /],
      [`${NAMESPACE}/services/s/proxy/`, 503, /no endpoints available for service \\"s\\"/],
      [`${NAMESPACE}/services/s:81/proxy/`, 503, /no service port 81 found for service \\"s\\"/],
    ];
    for (const [path, code, words] of refused) {
      const answered = await ask(path);
      assert.equal(answered.code, code, `${path}: ${answered.text}`);
      assert.match(answered.text, words);
    }
  });
});
