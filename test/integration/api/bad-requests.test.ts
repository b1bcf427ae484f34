import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import tls from 'node:tls';
import fc from 'fast-check';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import { adminAccess, RawClient, statusOf, type RawAnswer } from '../../support/raw-requests.ts';
import {
  BadInputTarget,
  configMap,
  JSON_TYPE,
  MAPS,
  patch,
  PATCH_TYPE,
  PODS,
  post,
  YAML_TYPE,
} from '../../support/bad-input.ts';

const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const { merge: MERGE, json: JSON_PATCH, strategic: STRATEGIC } = PATCH_TYPE;
const MEGABYTE = 1024 * 1024;

/** Of paths and queries, well-formed and not. */
const PIECES: readonly string[] = [
  '/api',
  '/v1',
  '/apis',
  '/namespaces',
  '/default',
  '/pods',
  '/configmaps',
  '/kept',
  '/proxy',
  '/',
  '..',
  '%2e%2e',
  '%2f',
  '%',
  '%zz',
  '%00',
  '%0d%0a',
  '?',
  '&',
  'watch=1',
  'limit=-1',
  'labelSelector=(',
  '#',
  '@',
  ':',
  '\\',
  'http://169.254.169.254',
  '//example.com',
  '/__proto__',
  '/constructor',
  '\u00ff',
  '{',
  '"',
];

describe('bad requests to the API server', () => {
  const target = BadInputTarget.use();

  describe('refuses patches', () => {
    const kept = `${MAPS}/kept`;
    target.refuses([
      ['of a type nobody knows', kept, patch(JSON_TYPE, {}), 415, 'UnsupportedMediaType', /accepted media types/],
      ['that are no JSON', kept, patch(MERGE, '{'), 400, 'BadRequest', /json parse error/],
      ['that are no object', kept, patch(MERGE, '[]'), 400, 'BadRequest', /must be a JSON object/],
      ['that are no list', kept, patch(JSON_PATCH, {}), 400, 'BadRequest', /must be a list/],
      ['without an operation', kept, patch(JSON_PATCH, [{}]), 400, 'BadRequest', /needs a textual op and path/],
      ['with an unknown one', kept, patch(JSON_PATCH, [{ op: 'x', path: '/a' }]), 422, 'Invalid', /Unexpected kind: x/],
      ['of too many', kept, patch(JSON_PATCH, `[${'{},'.repeat(10_000)}{}]`), 413, 'RequestEntityTooLarge', /10000/],
      [
        'of what is not there',
        kept,
        patch(JSON_PATCH, [{ op: 'remove', path: '/x/y' }]),
        422,
        'Invalid',
        /missing path/,
      ],
      ['of the prototype', kept, patch(JSON_PATCH, [add('/__proto__/polluted')]), 422, 'Invalid', /missing path/],
      [
        'of an inherited member',
        kept,
        patch(JSON_PATCH, [add('/data/constructor/prototype')]),
        422,
        'Invalid',
        /missing/,
      ],
      [
        'whose test fails',
        kept,
        patch(JSON_PATCH, [{ op: 'test', path: '/data/a', value: '2' }]),
        422,
        'Invalid',
        /failed/,
      ],
      ['that copy without end', kept, patch(JSON_PATCH, doubling()), 422, 'Invalid', /copy too much/],
      ['of the kind', kept, patch(MERGE, { kind: 'Secret' }), 400, 'BadRequest', /can not be changed/],
      ['of the name', kept, patch(MERGE, { metadata: { name: 'x' } }), 400, 'BadRequest', /name/],
      [
        'to a wrong type',
        kept,
        patch(MERGE, { data: { a: 1 } }),
        422,
        'Invalid',
        /unmarshal number into Go struct field/,
      ],
      ['with an unknown directive', kept, patch(STRATEGIC, { data: { $patch: 'x' } }), 400, 'BadRequest', /patch/],
      ['of another state', kept, patch(MERGE, { metadata: { resourceVersion: '1' } }), 409, 'Conflict', /modified/],
      [
        'by server-side apply',
        kept,
        patch('application/apply-patch+yaml', '{}'),
        422,
        'Invalid',
        /^PatchOptions\.meta\.k8s\.io "" is invalid: fieldManager: Required value: is required for apply patch$/,
      ],
    ]);
  });

  it('keeps keys that objects inherit as what they are: keys', async () => {
    const body = '{"metadata":{"name":"odd","labels":{"constructor":"a"}},"data":{"__proto__":"x","constructor":"y"}}';
    assert.equal((await target.client.ask(MAPS, post(body))).code, 201);
    const odd = async (path = `${MAPS}/odd`): Promise<ConfigMap> =>
      JSON.parse((await target.client.ask(path)).text) as ConfigMap;
    assert.deepEqual(Object.entries((await odd()).data ?? {}), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    await target.client.ask(`${MAPS}/odd`, patch(MERGE, '{"data":{"__proto__":"merged","toString":"z"}}'));
    await target.client.ask(`${MAPS}/odd`, patch(STRATEGIC, '{"data":{"constructor":"strategic"}}'));
    await target.client.ask(
      `${MAPS}/odd`,
      patch(JSON_PATCH, '[{"op":"replace","path":"/data/toString","value":"json"}]'),
    );
    assert.deepEqual(Object.entries((await odd()).data ?? {}).toSorted(byKey), [
      ['__proto__', 'merged'],
      ['constructor', 'strategic'],
      ['toString', 'json'],
    ]);
    const found = async (selector: string): Promise<number> =>
      (JSON.parse((await target.client.ask(`${MAPS}?labelSelector=${selector}`)).text) as { items: unknown[] }).items
        .length;
    assert.deepEqual([await found('constructor'), await found('toString'), await found('constructor%3Da')], [1, 0, 1]);
    await target.client.ask(`${MAPS}/odd`, { method: 'DELETE' });
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  describe('answers in HTTP', () => {
    const refusal = /^HTTP\/1\.1 (4\d\d|5\d\d) /;
    const garbage: Readonly<Record<string, string>> = {
      'no HTTP': 'nonsense\r\n\r\n',
      'a method that is none': 'G@T / HTTP/1.1\r\nhost: a\r\n\r\n',
      'two lengths': 'POST /api HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      'a length that is none': 'POST /api HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
      'a length and chunks': `POST /api HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      'a header of many lines': 'GET /api HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n',
      'headers without end': `GET /api HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      'a header with a line break in it': 'GET /api HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n',
      'no host': 'GET /api HTTP/1.1\r\n\r\n',
      'an absolute address': 'GET http://a/api HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    };
    for (const [what, bytes] of Object.entries(garbage)) {
      it(`to ${what}`, async () => {
        const text = await target.unchanged(() => target.client.send(bytes));
        assert.match(text, refusal);
      });
    }

    it('one answer to a request that hides another', async () => {
      const hidden = 'DELETE /api/v1/namespaces/default/configmaps/kept HTTP/1.1\r\nhost: a\r\n\r\n';
      const bytes = `POST ${MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: ${hidden.length}\r\nconnection: close\r\n\r\n${hidden}`;
      const text = await target.unchanged(() => target.client.send(bytes));
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1);
    });

    it('413 without reading what is too large', async () => {
      const socket = tls.connect({ ...target.client.tls, ALPNProtocols: ['http/1.1'] });
      await once(socket, 'secureConnect');
      socket.on('error', () => undefined);
      socket.write(`POST ${MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: ${1e12}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
      await once(socket, 'close');
    });

    it('413 to chunks that never end, over both protocols', async () => {
      const socket = tls.connect({ ...target.client.tls, ALPNProtocols: ['http/1.1'] });
      await once(socket, 'secureConnect');
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      let text = '';
      socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
      socket.write(`POST ${MAPS} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`);
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      let sent = 0;
      while (text === '' && !socket.destroyed && sent < 1024) {
        sent += 1;
        await new Promise((resolve) => socket.write(chunk, resolve));
      }
      await closed;
      assert.match(text, /^HTTP\/1\.1 413 /);
      assert.ok(sent < 1024, 'the server read 64 MiB');

      const session = http2.connect(`https://${target.client.tls.host}:${target.client.tls.port}`, {
        ...target.client.tls,
        host: undefined,
      });
      const stream = session.request({ ':method': 'POST', ':path': MAPS });
      stream.on('error', () => undefined);
      stream.write(Buffer.alloc(4 * MEGABYTE));
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      assert.equal(headers[':status'], 413);
      stream.close();
      session.destroy();
    });

    it('to methods of HTTP/2 that are words every object knows', async () => {
      const session = http2.connect(`https://${target.client.tls.host}:${target.client.tls.port}`, {
        ...target.client.tls,
        host: undefined,
      });
      for (const method of ['constructor', '__proto__', 'toString']) {
        const stream = session.request({ ':method': method, ':path': MAPS });
        const [headers] = (await once(stream.resume(), 'response')) as [http2.IncomingHttpHeaders];
        assert.equal(headers[':status'], 405);
      }
      session.destroy();
    });

    it('nothing to an upload that is broken off, and goes on', async () => {
      await target.unchanged(async () => {
        const socket = tls.connect({ ...target.client.tls, ALPNProtocols: ['http/1.1'] });
        await once(socket, 'secureConnect');
        socket.write(`POST ${MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n{"metadata":{"name":"half"}}`);
        socket.destroy();
        await once(socket, 'close');
        assert.equal((await target.client.ask('/readyz')).code, 200);
      });
    });

    it('garbage in the place of TLS with the end of the connection', async () => {
      const { createConnection } = await import('node:net');
      const socket = createConnection({ host: '127.0.0.1', port: target.client.tls.port ?? 0 });
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      assert.equal((await target.client.ask('/readyz')).code, 200);
    });
  });

  describe('lets nobody in', () => {
    const bad: Readonly<Record<string, Record<string, string>>> = {
      'with a token that is none': { authorization: 'Bearer nonsense' },
      'with two tokens in one': { authorization: 'Bearer secret-token, Bearer secret-token' },
      'with an empty token': { authorization: 'Bearer ' },
      'with a password': { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
      'with a name in a header': { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters' },
      'by impersonation': { 'impersonate-user': 'kubernetes-admin', 'impersonate-group': 'system:masters' },
      'with a token of many spaces': { authorization: `Bearer${' '.repeat(8000)}\t` },
    };
    for (const [what, headers] of Object.entries(bad)) {
      it(what, async () => {
        const { server: url, authority } = await adminAccess(target.server);
        const nobody = new RawClient({ server: url, ...(authority === undefined ? {} : { authority }) });
        const answer = await target.unchanged(() => nobody.ask(MAPS, { ...post(configMap('a')), headers }));
        nobody.close();
        assert.equal(answer.code, 401);
        assert.equal(statusOf(answer).reason, 'Unauthorized');
      });
    }

    it('with more rights than the one has in whose name is asked, the administrator included', async () => {
      const answer = await target.client.ask(MAPS, { headers: { 'impersonate-user': 'bob' } });
      assert.equal(answer.code, 403);
      assert.match(statusOf(answer).message ?? '', /User "bob" cannot list resource "configmaps"/);
    });
  });

  describe('whatever it is', () => {
    const RUNS = { numRuns: 60, interruptAfterTimeLimit: 8_000 };

    function orderly(answer: RawAnswer): void {
      assert.ok(answer.code >= 200 && answer.code < 500, `${answer.code}: ${answer.text.slice(0, 300)}`);
      if (answer.code >= 400) assert.equal(statusOf(answer).code, answer.code);
    }

    const types = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE];
    it('in a body, ends in an object or a Status', async () => {
      const magic = fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([Buffer.from('k8s\0'), rest]));
      const json = fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text));
      const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all));
      const body = fc.oneof(json, bytes, magic);
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(body, fc.constantFrom(...types), async (given, type) =>
            orderly(await target.client.ask(`${PODS}?dryRun=All`, post(given, type))),
          ),
          RUNS,
        ),
      );
    });

    it('in an object that is nearly right', async () => {
      const value = fc.jsonValue({ maxDepth: 3 });
      const field = fc.constantFrom('containers', 'volumes', 'affinity', 'tolerations', 'nodeSelector', '__proto__');
      const spec = fc.dictionary(field, value, { maxKeys: 4 });
      const metadata = fc.dictionary(
        fc.constantFrom('name', 'labels', 'annotations', 'finalizers', 'ownerReferences'),
        value,
      );
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(metadata, spec, async (meta, rest) =>
            orderly(
              await target.client.ask(`${PODS}?dryRun=All`, post({ metadata: { name: 'a', ...meta }, spec: rest })),
            ),
          ),
          RUNS,
        ),
      );
    });

    it('in a request line and its headers, ends in an answer of HTTP', async () => {
      const piece = fc.constantFrom(...PIECES);
      const header = fc.tuple(
        fc.constantFrom(
          'accept',
          'content-type',
          'content-encoding',
          'range',
          'expect',
          'impersonate-extra-__proto__',
          'x',
        ),
        fc.oneof(
          fc.constantFrom('gzip', '*/*;q=x', '100-continue', 'application/json;as=Table', '__proto__'),
          fc.string(),
        ),
      );
      const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', '__PROTO__');
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(
            method,
            fc.array(piece, { maxLength: 8 }),
            fc.array(header, { maxLength: 3 }),
            async (verb, pieces, headers) => {
              const lines = headers.map(([name, value]) => `${name}: ${value.replaceAll(/[^\x20-\x7e]/g, '')}\r\n`);
              const path = `/${pieces.join('')}`.replace('watch=1', 'watch=1&timeoutSeconds=1');
              const bytes = `${verb} ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${lines.join('')}\r\n`;
              const text = await target.client.send(bytes);
              assert.match(text, /^HTTP\/1\.1 [1-4]\d\d /, bytes);
            },
          ),
          RUNS,
        ),
      );
    });

    it('in a patch', async () => {
      const pointer = fc
        .array(fc.constantFrom('data', 'metadata', 'labels', '__proto__', '0', '-', 'a', ''))
        .map((steps) => `/${steps.join('/')}`);
      const operation = fc.record({
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
        path: pointer,
        from: pointer,
        value: fc.jsonValue({ maxDepth: 2 }),
      });
      const any = fc.oneof(
        fc.tuple(fc.constant(JSON_PATCH), fc.array(operation, { maxLength: 5 })),
        fc.tuple(fc.constantFrom(MERGE, STRATEGIC), fc.jsonValue({ maxDepth: 3 })),
      );
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(any, async ([type, body]) =>
            orderly(await target.client.ask(`${MAPS}/kept?dryRun=All`, patch(type, body))),
          ),
          RUNS,
        ),
      );
    });

    it('in a configuration to apply, and in who owns what', async () => {
      const value = fc.jsonValue({ maxDepth: 3 });
      const field = fc.constantFrom('containers', 'volumes', 'tolerations', 'nodeSelector', 'affinity', '__proto__');
      const meta = fc.constantFrom(
        'labels',
        'finalizers',
        'ownerReferences',
        'managedFields',
        'annotations',
        '__proto__',
      );
      const item = fc.dictionary(fc.constantFrom('name', 'image', 'ports', 'env'), value, { maxKeys: 3 });
      const spec = fc.dictionary(field, fc.oneof(value, fc.array(item, { maxLength: 3 })), { maxKeys: 3 });
      const config = fc.record({ metadata: fc.dictionary(meta, value, { maxKeys: 2 }), spec: fc.oneof(spec, value) });
      const element = fc.oneof(
        fc.constantFrom('.', 'f:data', 'k:{', 'k:{"a":1}', 'v:', 'v:1', 'i:x', '__proto__'),
        fc.string(),
      );
      const fieldsV1 = fc.oneof(value, fc.dictionary(element, fc.dictionary(element, value)));
      const entry = fc.record(
        {
          manager: value,
          operation: fc.constantFrom('Apply', 'Update', 'x', 1),
          apiVersion: fc.constantFrom('v1', '', 2),
          fieldsType: fc.constant('FieldsV1'),
          fieldsV1,
        },
        { requiredKeys: [] },
      );
      const owners = fc.array(entry, { maxLength: 3 }).map((managedFields) => ({ metadata: { managedFields } }));
      const pod = { apiVersion: 'v1', kind: 'Pod' };
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(config, owners, async (given, managed) => {
            const path = `${PODS}/a?dryRun=All&fieldManager=x`;
            orderly(await target.client.ask(path, patch('application/apply-patch+yaml', { ...pod, ...given })));
            orderly(await target.client.ask(`${MAPS}/kept?dryRun=All`, patch(MERGE, managed)));
          }),
          RUNS,
        ),
      );
    });

    it('in a path and a query', async () => {
      const segment = fc.oneof(
        fc.constantFrom('api', 'v1', 'namespaces', 'default', 'pods', 'status', 'constructor'),
        fc.webSegment(),
      );
      const parameter = fc.constantFrom(
        'labelSelector',
        'fieldSelector',
        'limit',
        'continue',
        'resourceVersion',
        'resourceVersionMatch',
      );
      const query = fc.dictionary(parameter, fc.string({ maxLength: 30 }), { maxKeys: 3 });
      const path = fc.array(segment, { maxLength: 7 });
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(path, query, async (segments, parameters) => {
            const address = `/${segments.join('/')}?${new URLSearchParams(parameters).toString()}`;
            const answer = await target.client.ask(address);
            // A revision that is still to come is waited for and then answered 504.
            if (answer.code !== 504) orderly(answer);
          }),
          RUNS,
        ),
      );
    });

    it('on a connection, leaves the server serving', async () => {
      const line = fc.constantFrom(
        'GET / HTTP/1.1',
        'host: a',
        'content-length: 3',
        'transfer-encoding: chunked',
        'upgrade: a',
        'connection: upgrade',
        '',
        '0',
        'expect: 100-continue',
      );
      const text = fc
        .array(fc.oneof(line, fc.string({ maxLength: 20 })), { maxLength: 8 })
        .map((lines) => `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`);
      await target.unchanged(() =>
        fc.assert(
          fc.asyncProperty(text, async (bytes) => void (await target.client.send(bytes))),
          { ...RUNS, numRuns: 40 },
        ),
      );
      assert.equal((await target.client.ask('/readyz')).code, 200);
    });
  });

  it('writes nothing secret into its log, and no line that a client made up', async () => {
    const secret = 'hunter2-hunter2';
    const data = { password: Buffer.from(secret).toString('base64') };
    await target.client.ask('/api/v1/namespaces/default/secrets', post(configMap('s', { data })));
    await target.client.ask('/api/v1/namespaces/default/secrets', post(`{"data":{"password":"${secret}"`));
    await target.client.ask('/api/v1/namespaces/default/secrets', post(configMap('s', { data: { password: secret } })));
    await target.client.ask(MAPS, { headers: { authorization: `Bearer ${secret}` } });
    await target.client.ask(`${MAPS}?token=${secret}`);
    await target.client.ask(`${MAPS}/a%0a%7B%22level%22%3A%22error%22%7D`);
    const nobody = new RawClient({ server: target.server.webUrl, authority: target.server.pki.authorityCertificate });
    await nobody.ask('/join', post({ token: secret, nodeName: 'n1', request: secret }));
    await nobody.ask('/join', post(`{"token":"${secret}"`));
    await nobody.ask('/join', post(`{"token":${secret}}`));
    nobody.close();
    assert.ok(target.log.lines.length > 5);
    for (const line of target.log.lines) {
      assert.ok(!line.includes(secret) && !line.includes(data.password), line);
      assert.ok(!line.includes('\n'), line);
    }
  });
});

function byKey([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

function add(path: string): object {
  return { op: 'add', path, value: 'x' };
}

/** Each copies what the one before made. */
function doubling(): object[] {
  const first = { op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(1000) } };
  const copies = Array.from({ length: 30 }, (_, i) => ({
    op: 'copy',
    from: '/metadata/annotations',
    path: `/metadata/annotations/k${i}`,
  }));
  return [first, ...copies];
}
