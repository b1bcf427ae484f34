import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import type { ProbeHandler } from '../../../api/types/core.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import type { Attempt } from '../../../node-agent/pods/handler.ts';
import { attempt } from '../../../node-agent/pods/handler.ts';
import { MemoryRuntime } from '../../../node-agent/runtime/memory.ts';
import { container, pod } from './harness.ts';

describe('one probe of a container', () => {
  let server: http.Server;
  let port: number;
  const seen: http.IncomingMessage[] = [];

  beforeEach(async () => {
    seen.length = 0;
    server = http.createServer((request, response) => {
      seen.push(request);
      if (request.url === '/hang') return;
      const redirect = { '/near': '/fine', '/far': 'http://192.0.2.1/', '/loop': '/loop' }[request.url ?? ''];
      if (redirect !== undefined) response.writeHead(302, { location: redirect }).end();
      else response.writeHead(request.url === '/bad' ? 500 : 200).end('x'.repeat(100_000));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = (handler: ProbeHandler, timeoutSeconds = 5): Promise<Attempt> => {
    const target = {
      pod: pod(),
      container: container({ ports: [{ name: 'web', containerPort: port, protocol: 'TCP' }] }),
      containerId: 'absent',
      ip: '127.0.0.1',
    };
    return attempt(new MemoryRuntime({ clock: new FakeClock() }), target, handler, timeoutSeconds);
  };
  const get = (path: string): ProbeHandler => ({ httpGet: { path, port: 'web' } });

  it('asks over HTTP by the name of a port, with its headers, on a connection of its own', async () => {
    const httpHeaders = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Probe', value: 'a' },
      { name: 'X-Probe', value: 'b' },
    ];
    assert.equal((await ask({ httpGet: { path: '/fine', port: 'web', httpHeaders } })).result, 'success');
    const headers = seen[0]?.headers ?? {};
    assert.deepEqual([headers.host, headers['x-probe'], headers.connection], ['shop.example', 'a, b', 'close']);
    assert.match(headers['user-agent'] ?? '', /^kube-probe\//);
  });

  it('takes 2xx and 3xx for success, follows redirects to the same host only, and not forever', async () => {
    assert.deepEqual(await ask(get('/bad')), { result: 'failure', output: 'HTTP probe failed with statuscode: 500' });
    assert.equal((await ask(get('/near'))).result, 'success');
    assert.equal(seen.at(-1)?.url, '/fine');
    const far = await ask(get('/far'));
    assert.deepEqual([far.result, far.isWarning], ['success', true]);
    assert.match(far.output, /^Probe terminated redirects, Response body: /);
    const loop = await ask(get('/loop'));
    assert.match(loop.output, /stopped after 10 redirects/);
  });

  it('gives up in time and says why nothing answered', async () => {
    const late = await ask(get('/hang'), 0.05);
    assert.equal(late.result, 'failure');
    assert.match(late.output, /^Get "http:\/\/127\.0\.0\.1:\d+\/hang": context deadline exceeded/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const refused = await ask({ tcpSocket: { port } });
    assert.deepEqual(refused, { result: 'failure', output: `dial tcp 127.0.0.1:${port}: connect: connection refused` });
  });

  it('tells what could not be asked from what failed', async () => {
    assert.equal((await ask({ tcpSocket: { port } })).result, 'success');
    assert.deepEqual(await ask({ tcpSocket: { port: 'nope' } }), {
      result: 'unknown',
      output: `couldn't find port: "nope"`,
    });
    assert.equal((await ask({ exec: { command: ['true'] } })).result, 'unknown');
  });

  it('asks by gRPC whether a program, or one service of it, serves', async () => {
    const asked: string[] = [];
    const health = new grpc.Server();
    const method = {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    health.addService({ check: method } as grpc.ServiceDefinition, {
      check: ({ request }: { request: Buffer }, answer: grpc.sendUnaryData<Buffer>) => {
        const service = request.subarray(request.length > 0x80 ? 3 : 2).toString();
        asked.push(service);
        if (service === 'none') answer({ code: grpc.status.NOT_FOUND, details: 'unknown service' });
        else answer(null, Buffer.from([0x08, service === 'sick' ? 2 : 1]));
      },
    });
    const bind = promisify(health.bindAsync.bind(health));
    const at = await bind('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
    const check = (service?: string): Promise<Attempt> => ask({ grpc: { port: at, service: service ?? '' } });
    try {
      assert.equal((await check()).result, 'success');
      const long = 'x'.repeat(200);
      assert.equal((await check(long)).result, 'success');
      assert.deepEqual(asked, ['', long]);
      const sick = await check('sick');
      assert.deepEqual(sick, { result: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' });
      assert.match((await check('none')).output, /health rpc probe failed: rpc error: code = NotFound desc = unknown/);
    } finally {
      health.forceShutdown();
    }
    const absent = await ask({ grpc: { port: at, service: '' } }, 0.2);
    assert.match(absent.output, /^timeout: failed to connect service "127\.0\.0\.1:\d+" within 0\.2s/);
  });
});
