import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ConfigMap } from '../../../api/schema/types/core.v1.ts';
import type { User } from '../../../control-plane/auth/user.ts';
import type { Log } from '../../../lib/log.ts';
import { TestServer } from '../../support/api-server.ts';
import { adminAccess, RawClient, statusOf, type RawAnswer, type RawRequest } from '../../support/raw-requests.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const MEGABYTE = 1024 * 1024;
const TOKENS = new Map<string, User>([['secret-token', { name: 'somebody', groups: [] }]]);

type Refusal = readonly [what: string, path: string, request: RawRequest, code: number, reason: string, words: RegExp];

function post(body: string | Uint8Array | object, type = JSON_TYPE, headers: Record<string, string> = {}): RawRequest {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return { method: 'POST', body: bytes, headers: { 'content-type': type, ...headers } };
}

function patch(type: string, body: unknown): RawRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method: 'PATCH', body: text, headers: { 'content-type': type } };
}

function configMap(name: string, more: object = {}): object {
  return { metadata: { name }, ...more };
}

function pod(name: string, spec: object = {}): object {
  return { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } };
}

function token(fields: object): string {
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

/** Keeps every line, with all that an error carries. */
class LineLog implements Log {
  readonly lines: string[] = [];
  readonly debug = this.line('debug');
  readonly info = this.line('info');
  readonly warn = this.line('warn');
  readonly error = this.line('error');

  child(): Log {
    return this;
  }

  private line(level: string): (fields: object, message: string) => void {
    return (fields, message) => {
      const plain = (_key: string, value: unknown): unknown =>
        value instanceof Error ? { ...Object.fromEntries(Object.entries(value)), stack: value.stack } : value;
      this.lines.push(JSON.stringify({ level, ...fields, message }, plain));
    };
  }
}

describe('bad input to the API server', () => {
  const log = new LineLog();
  let server: TestServer;
  let client: RawClient;

  before(async () => {
    server = await TestServer.start({ tokens: TOKENS, log });
    client = new RawClient(await adminAccess(server));
    const { code } = await client.ask(MAPS, post(configMap('kept', { data: { a: '1', list: 'x' } })));
    assert.equal(code, 201);
  });
  after(async () => {
    client.close();
    await server.stop();
  });
  afterEach(() => {
    const errors = log.lines.filter((line) => line.startsWith('{"level":"error"'));
    assert.deepEqual(errors, [], 'nothing that a client sends is an error of the server');
  });

  async function stored(): Promise<unknown> {
    const { entries, revision } = await server.store.list('/');
    return { revision, entries: entries.map(({ key, value, revision: at }) => [key, at, value.toString()]) };
  }

  async function unchanged<T>(act: () => Promise<T>): Promise<T> {
    const before = await stored();
    const result = await act();
    assert.deepEqual(await stored(), before, 'the store has changed');
    return result;
  }

  function refuses(refusals: readonly Refusal[]): void {
    for (const [what, path, request, code, reason, words] of refusals) {
      it(what, async () => {
        const answer = await unchanged(() => client.ask(path, request));
        const status = statusOf(answer);
        assert.equal(answer.code, code, answer.text.slice(0, 300));
        assert.deepEqual([status.status, status.code, status.reason], ['Failure', code, reason]);
        assert.match(status.message ?? '', words);
        assert.ok(answer.text.length < 100_000, 'the answer is not long');
      });
    }
  }

  const strict = '?fieldValidation=Strict';
  describe('refuses bodies', () => {
    refuses([
      ['that are no JSON', MAPS, post('{"metadata":'), 400, 'BadRequest', /json parse error/],
      ['that are empty', MAPS, post(''), 400, 'BadRequest', /json parse error/],
      ['that are no object', MAPS, post('[]'), 400, 'BadRequest', /is not an object; a ConfigMap is expected/],
      ['that are null', MAPS, post('null'), 400, 'BadRequest', /is not an object/],
      ['with more after the object', MAPS, post('{}{}'), 400, 'BadRequest', /json parse error/],
      ['that are no UTF-8', MAPS, post(Buffer.of(0x7b, 0xff, 0x7d)), 400, 'BadRequest', /not valid UTF-8/],
      ['nested too deeply', MAPS, post('{"a":'.repeat(500_000)), 400, 'BadRequest', /exceeded max depth/],
      ['of another kind', MAPS, post({ kind: 'Pod' }), 400, 'BadRequest', /cannot be handled as a ConfigMap/],
      ['whose kind is no text', MAPS, post({ kind: { a: 1 } }), 400, 'BadRequest', /cannot be handled/],
      ['of another version', MAPS, post({ apiVersion: 'v2' }), 400, 'BadRequest', /expected API version \(v1\)/],
      ['of a type nobody knows', MAPS, post('{}', 'text/plain'), 415, 'UnsupportedMediaType', /unknown format/],
      [
        'in an encoding nobody knows',
        MAPS,
        post('{}', JSON_TYPE, { 'content-encoding': 'br' }),
        415,
        'UnsupportedMediaType',
        /content encoding "br"/,
      ],
      [
        'that are no gzip though they say so',
        MAPS,
        post('{}', JSON_TYPE, { 'content-encoding': 'gzip' }),
        400,
        'BadRequest',
        /not valid gzip/,
      ],
      [
        'that are small only as long as they are compressed',
        MAPS,
        post(gzipSync(Buffer.alloc(50 * MEGABYTE)), JSON_TYPE, { 'content-encoding': 'gzip' }),
        413,
        'RequestEntityTooLarge',
        /limit is 3145728/,
      ],
      [
        'larger than 3 MiB',
        MAPS,
        post(configMap('large', { data: { a: 'x'.repeat(3 * MEGABYTE) } })),
        413,
        'RequestEntityTooLarge',
        /limit is 3145728/,
      ],
      [
        'that ask for another protocol',
        MAPS,
        post(configMap('a'), JSON_TYPE, { connection: 'upgrade', upgrade: 'nonsense' }),
        400,
        'BadRequest',
        /another protocol/,
      ],
    ]);
  });

  describe('refuses YAML', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...Array.from({ length: 9 }, (_, i) => bombLine(i))].join('\n');
    const aliases = `a: [${Array.from({ length: 100_000 }, (_, i) => `&a${i} x, *a${i}`).join()}]`;
    refuses([
      ['that is none', MAPS, post('a: [', YAML_TYPE), 400, 'BadRequest', /yaml: line 1: /],
      ['indented with tabs', MAPS, post('metadata:\n\tname: a', YAML_TYPE), 400, 'BadRequest', /line 2: Tabs/],
      ['with values of the wrong type', MAPS, post('metadata: {name: 5}', YAML_TYPE), 400, 'BadRequest', /type string/],
      ['with keys given twice', MAPS + strict, post('data: {}\ndata: {}', YAML_TYPE), 400, 'BadRequest', /"data"/],
      ['that grows by its aliases', MAPS, post(bomb, YAML_TYPE), 400, 'BadRequest', /[Aa]lias/],
      ['of aliases alone', MAPS, post(aliases, YAML_TYPE), 400, 'BadRequest', /more than 1000 aliases/],
      ['that opens lists', MAPS, post('['.repeat(3_000_000), YAML_TYPE), 400, 'BadRequest', /max depth/],
      ['that opens items', MAPS, post('- '.repeat(1_500_000), YAML_TYPE), 400, 'BadRequest', /max depth/],
      ['of many parts', MAPS, post(`[${','.repeat(3_000_000)}]`, YAML_TYPE), 400, 'BadRequest', /sent as JSON/],
      ['with a tag of its own', MAPS, post('!!binary x', YAML_TYPE), 400, 'BadRequest', /yaml|not an object/],
    ]);

    it('within a time that lets others be served', async () => {
      const begun = performance.now();
      const answers = await Promise.all(
        ['['.repeat(3_000_000), `[${','.repeat(3_000_000)}]`, aliases].map((body) =>
          client.ask(MAPS, post(body, YAML_TYPE)),
        ),
      );
      assert.deepEqual(
        answers.map(({ code }) => code),
        [400, 400, 400],
      );
      // Unbounded, each of these takes the better part of a minute.
      assert.ok(performance.now() - begun < 10_000);
    });
  });

  describe('refuses fields', () => {
    refuses([
      [
        'that nobody knows, when asked to be strict',
        MAPS + strict,
        post(configMap('a', { colour: 'red', metadat: {} })),
        400,
        'BadRequest',
        /strict decoding error: unknown field "colour", unknown field "metadat"$/,
      ],
      [
        'given twice, when asked to be strict',
        MAPS + strict,
        post('{"metadata":{"name":"a"},"data":{"k":"1","k":"2"}}'),
        400,
        'BadRequest',
        /duplicate field "data.k"/,
      ],
      [
        'of the wrong type',
        PODS,
        post(pod('a', { hostNetwork: 'yes' })),
        400,
        'BadRequest',
        /json: cannot unmarshal string into Go struct field PodSpec\.spec\.hostNetwork of type bool/,
      ],
      [
        'with numbers that nothing holds',
        PODS,
        post('{"metadata":{"name":"a"},"spec":{"priority":1e999}}'),
        400,
        'BadRequest',
        /cannot unmarshal number/,
      ],
      [
        'with a fraction where a whole number belongs',
        PODS,
        post(pod('a', { priority: 1.5 })),
        400,
        'BadRequest',
        /number 1\.5 into Go struct field PodSpec\.spec\.priority of type int32/,
      ],
      [
        'with quantities beyond measure',
        PODS,
        post(pod('a', { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1e999999999' } } }] })),
        400,
        'BadRequest',
        /quantity/,
      ],
      ['with times that are none', MAPS, post({ metadata: { creationTimestamp: 'now' } }), 400, 'BadRequest', /time/],
      ['with a validation nobody knows', `${MAPS}?fieldValidation=Some`, post({}), 422, 'Invalid', /fieldValidation/],
      ['by a manager with a name of many lines', `${MAPS}?fieldManager=a%0Ab`, post({}), 422, 'Invalid', /printable/],
    ]);

    it('with a warning alone, when asked to warn, and without one, when asked to ignore', async () => {
      const body = configMap('a', { colour: 'red' });
      const warned = await client.ask(`${MAPS}?dryRun=All`, post(body));
      assert.equal(warned.code, 201);
      assert.equal(warned.headers['warning'], String.raw`299 - "unknown field \"colour\""`);
      const ignored = await client.ask(`${MAPS}?dryRun=All&fieldValidation=Ignore`, post(body));
      assert.deepEqual([ignored.code, ignored.headers['warning']], [201, undefined]);
    });
  });

  describe('refuses objects', () => {
    const twice = post({ metadata: { name: 'kept' } });
    const stale = { metadata: { name: 'kept', resourceVersion: '1' } };
    refuses([
      ['without a name', MAPS, post({}), 422, 'Invalid', /metadata\.name: Required value: name or generateName/],
      ['with a name that is none', MAPS, post(configMap('A/../b')), 422, 'Invalid', /metadata\.name: Invalid value/],
      ['named with line breaks', MAPS, post(configMap('a\nb')), 422, 'Invalid', /"a\\nb"/],
      ['that exist', MAPS, twice, 409, 'AlreadyExists', /^configmaps "kept" already exists$/],
      ['made from an older state', `${MAPS}/kept`, put(stale), 409, 'Conflict', /the object has been modified/],
      ['of another name than the path', `${MAPS}/kept`, put(configMap('other')), 400, 'BadRequest', /other/],
      ['of another namespace', MAPS, post({ metadata: { name: 'a', namespace: 'b' } }), 400, 'BadRequest', /namespace/],
      [
        'in a namespace that is none',
        '/api/v1/namespaces/none/configmaps',
        post(configMap('a')),
        404,
        'NotFound',
        /none/,
      ],
      [
        'with a version, when they are new',
        MAPS,
        post({ metadata: { name: 'a', resourceVersion: '5' } }),
        400,
        'BadRequest',
        /should not be set/,
      ],
    ]);

    it('with a cause for every field, but no more than anybody reads', async () => {
      const body = `{"metadata":{"name":"a"},"spec":{"containers":[${'{},'.repeat(300_000)}{}]}}`;
      const answer = await unchanged(() => client.ask(PODS, post(body)));
      const { causes = [] } = statusOf(answer).details ?? {};
      assert.equal(answer.code, 422);
      assert.ok(answer.text.length < 100_000);
      assert.deepEqual(causes[0], {
        reason: 'FieldValueRequired',
        message: 'Required value',
        field: 'spec.containers[0].name',
      });
    });

    it('whose deletion would never end, but lets it be asked for', async () => {
      const longest = pod('lasting', { nodeName: 'n1', terminationGracePeriodSeconds: Number.MAX_SAFE_INTEGER });
      assert.equal((await client.ask(PODS, post(longest))).code, 201);
      assert.equal((await client.ask(`${PODS}/lasting`, { method: 'DELETE' })).code, 200);
      assert.equal((await client.ask(`${PODS}/lasting?gracePeriodSeconds=0`, { method: 'DELETE' })).code, 200);
    });
  });

  describe('refuses paths', () => {
    const unknown = /^the server could not find the requested resource$/;
    refuses([
      ['of unknown resources', '/api/v1/nonsense', {}, 404, 'NotFound', unknown],
      ['of unknown groups', '/apis/nonsense/v1/things', {}, 404, 'NotFound', unknown],
      ['of unknown versions', '/apis/apps/v9/deployments', {}, 404, 'NotFound', unknown],
      ['of unknown subresources', `${MAPS}/kept/nonsense`, {}, 404, 'NotFound', unknown],
      ['of what every object inherits', `${PODS}/a/constructor`, post({}), 404, 'NotFound', unknown],
      ['of the prototype', `${PODS}/a/__proto__`, {}, 404, 'NotFound', unknown],
      ['of inherited resources', '/api/v1/constructor', {}, 404, 'NotFound', unknown],
      ['of inherited endpoints', '/hasOwnProperty', {}, 404, 'NotFound', unknown],
      ['that climb', '/api/v1/namespaces/default/configmaps/..', {}, 400, 'BadRequest', /invalid segment/],
      ['that climb in disguise', `${MAPS}/%2e%2e%2fkube-system`, {}, 400, 'BadRequest', /invalid segment/],
      ['with a zero byte', `${MAPS}/a%00b`, {}, 400, 'BadRequest', /invalid segment/],
      ['that are encoded wrongly', `${MAPS}/%zz`, {}, 400, 'BadRequest', /not encoded correctly/],
      ['whose bytes are no text', `${MAPS}/%ff%fe`, {}, 400, 'BadRequest', /not encoded correctly/],
      ['whose query is encoded wrongly', `${MAPS}?labelSelector=%zz`, {}, 400, 'BadRequest', /not encoded correctly/],
      [
        'that leave the namespace out',
        '/api/v1/namespaces//configmaps',
        { method: 'DELETE' },
        400,
        'BadRequest',
        /segment/,
      ],
      ['by a method that they do not have', `${MAPS}/kept`, post({}), 405, 'MethodNotAllowed', /not supported/],
      ['by a method that nobody has', `${MAPS}/kept`, { method: 'OPTIONS' }, 405, 'MethodNotAllowed', /not supported/],
    ]);
  });

  describe('refuses questions', () => {
    const rv = '1'.repeat(30);
    refuses([
      ['with a label selector that is none', `${MAPS}?labelSelector=a+in+(`, {}, 400, 'BadRequest', /unable to parse/],
      ['with labels that are none', `${MAPS}?labelSelector=-a-%3Db`, {}, 400, 'BadRequest', /Invalid value: "-a-"/],
      ['with a field selector that is none', `${MAPS}?fieldSelector=a`, {}, 400, 'BadRequest', /invalid selector/],
      [
        'by fields that nobody knows',
        `${MAPS}?fieldSelector=constructor%3Da`,
        {},
        400,
        'BadRequest',
        /not a known field selector/,
      ],
      ['at a revision that is none', `${MAPS}?resourceVersion=abc`, {}, 400, 'BadRequest', /resourceVersion/],
      ['at a revision that is too large', `${MAPS}?resourceVersion=${rv}`, {}, 400, 'BadRequest', /resourceVersion/],
      [
        'at revisions to come',
        `${MAPS}?resourceVersion=99999&resourceVersionMatch=Exact`,
        {},
        504,
        'Timeout',
        /Too large/,
      ],
      ['with a match of no revision', `${MAPS}?resourceVersionMatch=Exact`, {}, 422, 'Invalid', /is forbidden unless/],
      [
        'with a match nobody knows',
        `${MAPS}?resourceVersion=1&resourceVersionMatch=X`,
        {},
        422,
        'Invalid',
        /Unsupported/,
      ],
      ['with a limit that is none', `${MAPS}?limit=1e3`, {}, 400, 'BadRequest', /invalid syntax/],
      ['with a token that is none', `${MAPS}?continue=nonsense`, {}, 400, 'BadRequest', /continue key is not valid/],
      [
        'with a token that climbs',
        `${MAPS}?continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets/' })}`,
        {},
        400,
        'BadRequest',
        /invalid continue token/,
      ],
      [
        'with a grace beyond measure',
        `${MAPS}/kept?gracePeriodSeconds=${rv}`,
        { method: 'DELETE' },
        400,
        'BadRequest',
        /out of range/,
      ],
      [
        'with a policy nobody knows',
        `${MAPS}/kept?propagationPolicy=X`,
        { method: 'DELETE' },
        422,
        'Invalid',
        /Unsupported/,
      ],
      [
        'for a form that is not served',
        MAPS,
        { headers: { accept: 'text/html' } },
        406,
        'NotAcceptable',
        /application\/json/,
      ],
      [
        'for a watch of a selector that is none',
        `${MAPS}?watch=1&labelSelector=(`,
        {},
        400,
        'BadRequest',
        /found '\('/,
      ],
    ]);

    it('so that a token shows nothing outside of the collection', async () => {
      const start = token({ v: 'meta.k8s.io/v1', rv: -1, start: 'a' });
      const answer = await client.ask(`/api/v1/namespaces/kube-system/configmaps?continue=${start}`);
      assert.deepEqual((JSON.parse(answer.text) as { items: unknown[] }).items, []);
    });
  });

  describe('refuses patches', () => {
    const kept = `${MAPS}/kept`;
    refuses([
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
        415,
        'UnsupportedMediaType',
        /not served yet/,
      ],
    ]);
  });

  it('keeps keys that objects inherit as what they are: keys', async () => {
    const body = '{"metadata":{"name":"odd","labels":{"constructor":"a"}},"data":{"__proto__":"x","constructor":"y"}}';
    assert.equal((await client.ask(MAPS, post(body))).code, 201);
    const odd = async (path = `${MAPS}/odd`): Promise<ConfigMap> =>
      JSON.parse((await client.ask(path)).text) as ConfigMap;
    assert.deepEqual(Object.entries((await odd()).data ?? {}), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    await client.ask(`${MAPS}/odd`, patch(MERGE, '{"data":{"__proto__":"merged","toString":"z"}}'));
    await client.ask(`${MAPS}/odd`, patch(STRATEGIC, '{"data":{"constructor":"strategic"}}'));
    await client.ask(`${MAPS}/odd`, patch(JSON_PATCH, '[{"op":"replace","path":"/data/toString","value":"json"}]'));
    assert.deepEqual(Object.entries((await odd()).data ?? {}).toSorted(byKey), [
      ['__proto__', 'merged'],
      ['constructor', 'strategic'],
      ['toString', 'json'],
    ]);
    const found = async (selector: string): Promise<number> =>
      (JSON.parse((await client.ask(`${MAPS}?labelSelector=${selector}`)).text) as { items: unknown[] }).items.length;
    assert.deepEqual([await found('constructor'), await found('toString'), await found('constructor%3Da')], [1, 0, 1]);
    await client.ask(`${MAPS}/odd`, { method: 'DELETE' });
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
        const text = await unchanged(() => client.send(bytes));
        assert.match(text, refusal);
      });
    }

    it('one answer to a request that hides another', async () => {
      const hidden = 'DELETE /api/v1/namespaces/default/configmaps/kept HTTP/1.1\r\nhost: a\r\n\r\n';
      const bytes = `POST ${MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: ${hidden.length}\r\nconnection: close\r\n\r\n${hidden}`;
      const text = await unchanged(() => client.send(bytes));
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1);
    });

    it('413 without reading what is too large', async () => {
      const socket = tls.connect({ ...client.tls, ALPNProtocols: ['http/1.1'] });
      await once(socket, 'secureConnect');
      socket.on('error', () => undefined);
      socket.write(`POST ${MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: ${1e12}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
      await once(socket, 'close');
    });

    it('413 to chunks that never end, over both protocols', async () => {
      const socket = tls.connect({ ...client.tls, ALPNProtocols: ['http/1.1'] });
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

      const session = http2.connect(`https://${client.tls.host}:${client.tls.port}`, {
        ...client.tls,
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
      const session = http2.connect(`https://${client.tls.host}:${client.tls.port}`, {
        ...client.tls,
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
      await unchanged(async () => {
        const socket = tls.connect({ ...client.tls, ALPNProtocols: ['http/1.1'] });
        await once(socket, 'secureConnect');
        socket.write(`POST ${MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n{"metadata":{"name":"half"}}`);
        socket.destroy();
        await once(socket, 'close');
        assert.equal((await client.ask('/readyz')).code, 200);
      });
    });

    it('garbage in the place of TLS with the end of the connection', async () => {
      const { createConnection } = await import('node:net');
      const socket = createConnection({ host: '127.0.0.1', port: client.tls.port ?? 0 });
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      assert.equal((await client.ask('/readyz')).code, 200);
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
        const { server: url, authority } = await adminAccess(server);
        const nobody = new RawClient({ server: url, ...(authority === undefined ? {} : { authority }) });
        const answer = await unchanged(() => nobody.ask(MAPS, { ...post(configMap('a')), headers }));
        nobody.close();
        assert.equal(answer.code, 401);
        assert.equal(statusOf(answer).reason, 'Unauthorized');
      });
    }

    it('in the name of somebody else, the administrator included', async () => {
      const answer = await client.ask(MAPS, { headers: { 'impersonate-user': 'bob' } });
      assert.equal(answer.code, 403);
      assert.match(statusOf(answer).message ?? '', /cannot impersonate resource "users"/);
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
      await unchanged(() =>
        fc.assert(
          fc.asyncProperty(body, fc.constantFrom(...types), async (given, type) =>
            orderly(await client.ask(`${PODS}?dryRun=All`, post(given, type))),
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
      await unchanged(() =>
        fc.assert(
          fc.asyncProperty(metadata, spec, async (meta, rest) =>
            orderly(await client.ask(`${PODS}?dryRun=All`, post({ metadata: { name: 'a', ...meta }, spec: rest }))),
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
      await unchanged(() =>
        fc.assert(
          fc.asyncProperty(any, async ([type, body]) =>
            orderly(await client.ask(`${MAPS}/kept?dryRun=All`, patch(type, body))),
          ),
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
      await unchanged(() =>
        fc.assert(
          fc.asyncProperty(path, query, async (segments, parameters) => {
            const target = `/${segments.join('/')}?${new URLSearchParams(parameters).toString()}`;
            const answer = await client.ask(target);
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
      await unchanged(() =>
        fc.assert(
          fc.asyncProperty(text, async (bytes) => void (await client.send(bytes))),
          { ...RUNS, numRuns: 40 },
        ),
      );
      assert.equal((await client.ask('/readyz')).code, 200);
    });
  });

  it('writes nothing secret into its log, and no line that a client made up', async () => {
    const secret = 'hunter2-hunter2';
    const data = { password: Buffer.from(secret).toString('base64') };
    await client.ask('/api/v1/namespaces/default/secrets', post(configMap('s', { data })));
    await client.ask('/api/v1/namespaces/default/secrets', post(`{"data":{"password":"${secret}"`));
    await client.ask('/api/v1/namespaces/default/secrets', post(configMap('s', { data: { password: secret } })));
    await client.ask(MAPS, { headers: { authorization: `Bearer ${secret}` } });
    await client.ask(`${MAPS}?token=${secret}`);
    await client.ask(`${MAPS}/a%0a%7B%22level%22%3A%22error%22%7D`);
    const nobody = new RawClient({ server: server.webUrl, authority: server.pki.authorityCertificate });
    await nobody.ask('/join', post({ token: secret, nodeName: 'n1', request: secret }));
    await nobody.ask('/join', post(`{"token":"${secret}"`));
    await nobody.ask('/join', post(`{"token":${secret}}`));
    nobody.close();
    assert.ok(log.lines.length > 5);
    for (const line of log.lines) {
      assert.ok(!line.includes(secret) && !line.includes(data.password), line);
      assert.ok(!line.includes('\n'), line);
    }
  });
});

function byKey([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

function put(body: object): RawRequest {
  return { ...post(body), method: 'PUT' };
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

function bombLine(index: number): string {
  const before = index === 0 ? 'a' : `b${index - 1}`;
  return `b${index}: &b${index} [${Array.from({ length: 9 }, () => `*${before}`).join()}]`;
}
