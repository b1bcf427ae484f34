/** What other programs send: webhooks, issuers, API servers, streaming clients, and the files of users. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateRawSync, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { WebSocket } from 'ws';
import { StatusError } from '../../../api/errors.ts';
import { parseJson } from '../../../api/machinery/body.ts';
import type { KubeObject } from '../../../api/object.ts';
import { documentMessage } from '../../../api/openapi/document-message.ts';
import { openApiV3From } from '../../../api/openapi/from-v2.ts';
import { openApiPart, withParts } from '../../../api/openapi/merge-v2.ts';
import { PATCH_TYPES, Patcher } from '../../../api/patch/patcher.ts';
import { StrategicMerge } from '../../../api/patch/strategic.ts';
import { fromAggregated, fromResourceList } from '../../../api/remote-discovery.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { Protobuf } from '../../../api/schema/protobuf/protobuf.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions.v1.ts';
import { loadKubeconfig, resolveKubeconfig } from '../../../cli/kubeconfig.ts';
import { OidcTokens } from '../../../control-plane/auth/oidc/tokens.ts';
import { readClaims, userOf } from '../../../control-plane/auth/tokens/claims.ts';
import { TokenError } from '../../../control-plane/auth/tokens/port.ts';
import { issuerOf } from '../../../control-plane/auth/tokens/service-accounts.ts';
import { converterOf } from '../../../control-plane/custom-resources/conversion-webhook.ts';
import { serverProgram } from '../../../control-plane/flags.ts';
import { forwardChannels } from '../../../control-plane/handlers/streams/forward-channels.ts';
import { WebSocketClient } from '../../../control-plane/handlers/streams/websocket.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { FlagError, readFlags } from '../../../lib/flags.ts';
import { generateKeyPair, SignJWT } from '../../../lib/jose.ts';
import { HEADER_DICTIONARY } from '../../../lib/spdy/dictionary.ts';
import { SpdyProtocolError } from '../../../lib/spdy/frames.ts';
import { HeaderReader, MAX_HEADER_BLOCK } from '../../../lib/spdy/headers.ts';
import { hostileJson, inherited, KEYS, orderly, RUNS, sentences } from '../../support/hostile.ts';

const table = loadSchemaTable();
const POD = 'io.k8s.api.core.v1.Pod';

/** Bytes that were something once: cut, overwritten and put together anew. */
function damaged(original: Uint8Array): fc.Arbitrary<Buffer> {
  const change = fc.record({
    at: fc.nat(original.length),
    remove: fc.nat(8),
    insert: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constant(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x7f]))),
  });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) =>
    changes.reduce<Buffer>((bytes, { at, remove, insert }) => {
      return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
    }, Buffer.from(original)),
  );
}

describe('what others send', () => {
  const before = inherited();
  afterEach(() => assert.deepEqual(inherited(), before, 'the prototype was changed'));

  it('converts objects into objects of the same identity, or says what is wrong with the answer', async () => {
    const original = {
      apiVersion: 'a.example.com/v1',
      kind: 'Box',
      metadata: { name: 'b', namespace: 'n', uid: 'u', labels: { a: 'b' } },
    } as KubeObject;
    const definition = {
      spec: {
        names: { kind: 'Box' },
        conversion: { strategy: 'Webhook', webhook: { clientConfig: {}, conversionReviewVersions: ['v1'] } },
      },
    } as unknown as CustomResourceDefinition;
    const { metadata: own } = original;
    const metadata = fc.oneof(
      hostileJson('name', 'labels', 'annotations'),
      hostileJson().map((labels) => ({ ...own, labels })),
      fc.constant(own),
    );
    const object = fc.oneof(
      fc.record({
        apiVersion: fc.constantFrom('a.example.com/v2', 'a.example.com/v2', 'x'),
        kind: fc.constantFrom('Box', 'Box', 'x'),
        metadata,
      }),
      hostileJson('apiVersion', 'kind', 'metadata'),
    );
    const response = fc.record({
      uid: fc.constantFrom('review', 'review', 'review', 'other'),
      result: fc.oneof({ weight: 4, arbitrary: fc.constant({ status: 'Success' }) }, hostileJson('status', 'message')),
      convertedObjects: fc.oneof({ weight: 4, arbitrary: fc.array(object, { maxLength: 2 }) }, hostileJson()),
    });
    const review = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' };
    const answer = fc.oneof(
      response.map((given) => ({ ...review, response: given })),
      hostileJson('response', 'kind'),
    );
    let converted = 0;
    const property = fc.asyncProperty(answer, async (given) => {
      const webhooks = { call: () => Promise.resolve(given) };
      const convert = converterOf(definition, { webhooks, newUid: () => 'review' });
      assert.ok(convert);
      try {
        const objects = await convert([original], 'a.example.com/v2');
        converted += 1;
        assert.deepEqual(
          objects.map(({ apiVersion, kind, metadata: { name, namespace, uid } }) => [
            apiVersion,
            kind,
            name,
            namespace,
            uid,
          ]),
          [['a.example.com/v2', 'Box', 'b', 'n', 'u']],
        );
        for (const value of Object.values(objects[0]?.metadata.labels ?? {})) assert.equal(typeof value, 'string');
      } catch (error) {
        assert.ok(error instanceof StatusError, String((error as Error).stack));
        assert.match(error.message, /conversion webhook for a\.example\.com\/v1, Kind=Box /);
      }
    });
    const right = {
      uid: 'review',
      result: { status: 'Success' },
      convertedObjects: [{ ...original, apiVersion: 'a.example.com/v2' }],
    };
    await fc.assert(property, { ...RUNS, examples: [[{ ...review, response: right }]] });
    assert.ok(converted > 0, 'not even the right answer was taken');
  });

  it('is a token with claims that mean somebody, or none', async () => {
    const claims = hostileJson(
      'sub',
      'iss',
      'aud',
      'exp',
      'kubernetes.io',
      'namespace',
      'serviceaccount',
      'email',
      'groups',
    );
    const part = fc.oneof(
      fc.string(),
      fc.json(),
      claims.map((value) => JSON.stringify(value)),
    );
    const text = fc
      .array(
        part.map((each) => Buffer.from(each).toString('base64url')),
        { minLength: 2, maxLength: 4 },
      )
      .map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (token) => void issuerOf(token)),
      RUNS,
    );
    const sub = 'system:serviceaccount:n:a';
    fc.assert(
      fc.property(claims, (bound) => {
        const payload = { sub, 'kubernetes.io': bound } as Parameters<typeof readClaims>[0];
        const read = readClaims(payload);
        if (read) assert.equal(userOf(read).name, sub);
      }),
      RUNS,
    );
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const clock = new FakeClock();
    const tokens = new OidcTokens({
      settings: {
        issuer: 'https://i.example.com',
        clientId: 'dure',
        usernameClaim: 'email',
        usernamePrefix: 'x:',
        groupsClaim: 'groups',
        groupsPrefix: 'x:',
        requiredClaims: new Map([['constructor', 'a']]),
        signingAlgorithms: ['ES256'],
      },
      keys: { find: () => Promise.resolve(publicKey) },
      audiences: ['api'],
      clock,
    });
    const exp = Math.floor(clock.date().getTime() / 1000) + 600;
    const said = fc.record({
      email: hostileJson(),
      groups: fc.oneof(hostileJson(), fc.array(fc.string())),
      constructor: fc.constantFrom('a', 'b', {}),
    });
    const property = fc.asyncProperty(said, async (given) => {
      const payload = { ...given, iss: 'https://i.example.com', aud: 'dure', exp };
      const token = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
      const verified = await tokens.verify(token, ['api']).catch((error: unknown) => {
        assert.ok(error instanceof TokenError, String(error));
      });
      if (!verified) return;
      assert.match(verified.user.name, /^x:./);
      for (const group of verified.user.groups) assert.match(group, /^x:/);
    });
    await fc.assert(property, { ...RUNS, numRuns: 150 });
  });

  it('describes what another server serves, as far as it is well-formed', () => {
    const keys = [
      'items',
      'metadata',
      'name',
      'versions',
      'version',
      'resources',
      'resource',
      'scope',
      'verbs',
      'subresources',
    ];
    const resources = hostileJson(...keys, 'subresource', 'responseKind', 'shortNames', 'namespaced');
    const named = resources.map((value) => ({
      items: [{ metadata: { name: 'g' }, versions: [{ version: 'v', resources: value }] }],
    }));
    const where = { group: 'g', version: 'v' };
    fc.assert(
      fc.property(fc.oneof(named, resources), resources, (document, list) => {
        for (const told of [fromAggregated(document, where), fromResourceList({ resources: list }, where)]) {
          for (const { resource, verbs } of told?.resources ?? []) {
            assert.equal(typeof resource, 'string');
            for (const verb of verbs) assert.equal(typeof verb, 'string');
          }
        }
      }),
      RUNS,
    );
  });

  it('describes types in OpenAPI, and takes nothing from those of others', () => {
    const refs = [
      '#/definitions/a',
      '#/definitions/__proto__',
      '#/definitions/missing',
      '#/parameters/p',
      '#/other',
      'x',
    ];
    const schema = hostileJson('$ref', 'properties', 'items', 'type', 'allOf', 'parameters', 'responses', 'schema');
    const withRefs = fc.oneof(
      schema,
      fc.constantFrom(...refs).map(($ref) => ({ $ref, properties: { b: { $ref } } })),
    );
    const document = fc.record({
      paths: fc.dictionary(
        fc.constantFrom('/apis/g/v/a', '/apis/g/v/__proto__', '/other'),
        fc.dictionary(fc.constantFrom('get', 'post', 'parameters', ...KEYS), withRefs),
      ),
      definitions: fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), withRefs),
      parameters: fc.dictionary(fc.constantFrom('p', '__proto__'), withRefs),
    });
    const own = { paths: { '/mine': {} }, definitions: { a: { type: 'object' } } };
    fc.assert(
      fc.property(fc.oneof(document, hostileJson('paths', 'definitions')), (given) => {
        const part = orderly(() => openApiPart(given, 'g', 'v'), Error);
        if (!part) return;
        const whole = withParts(own, [part, part]) as typeof own;
        assert.deepEqual(whole.definitions.a, own.definitions.a);
        assert.ok('/mine' in whole.paths);
        orderly(() => openApiV3From(part), Error);
        orderly(
          () =>
            documentMessage({
              paths: Object.fromEntries(part.paths),
              definitions: Object.fromEntries(part.definitions),
            }),
          Error,
        );
      }),
      RUNS,
    );
  });

  it('comes through channels of a WebSocket, whatever their number', async () => {
    const message = fc
      .oneof(fc.uint8Array({ maxLength: 12 }), fc.constantFrom('0aGk=', '4!', '9', '\u00ff', ''))
      .map((given) => Buffer.from(given as string));
    for (const protocol of ['v5.channel.k8s.io', 'base64.channel.k8s.io']) {
      const property = fc.asyncProperty(
        fc.array(fc.tuple(message, fc.boolean()), { maxLength: 8 }),
        async (messages) => {
          const client = new WebSocketClient({
            socket: fakeSocket(protocol) as unknown as WebSocket,
            clock: new FakeClock(),
          });
          const { socket } = client as unknown as { socket: FakeSocket };
          for (const [data, isBinary] of messages) socket.emit('message', data, isBinary);
          socket.terminate();
          for await (const { channel, data } of client.frames) {
            assert.ok(Number.isInteger(channel) && Buffer.isBuffer(data));
          }
          await client.closed;
        },
      );
      await fc.assert(property, { ...RUNS, numRuns: 150 });
    }
    const property = fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (messages) => {
      const socket = fakeSocket('v4.base64.channel.k8s.io');
      const sent: number[] = [];
      const dial = () =>
        Promise.resolve({
          frames: { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) },
          send: (channel: number) => Promise.resolve(void sent.push(channel)),
          end: () => Promise.resolve(),
          close: () => {},
        });
      const forwarded = forwardChannels(socket as unknown as WebSocket, [80, 81], {
        dial: dial as never,
        pod: 'p',
        signal: new AbortController().signal,
      });
      for (const data of messages) socket.emit('message', data, true);
      socket.terminate();
      await forwarded;
      assert.ok(sent.length <= messages.length);
    });
    await fc.assert(property, { ...RUNS, numRuns: 150 });
  });

  it('has headers of SPDY that stay small, however well they were packed', async () => {
    const packed = (bytes: Uint8Array): Buffer => deflateSync(bytes, { dictionary: HEADER_DICTIONARY });
    const pairs = Buffer.concat([
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]),
      Buffer.from('a'),
      Buffer.from([0, 0, 0, 1]),
      Buffer.from('b'),
    ]);
    const block = fc.oneof(
      damaged(packed(pairs)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => packed(bytes)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    const property = fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 3 }), async (blocks) => {
      const reader = new HeaderReader();
      try {
        for (const each of blocks) await reader.read(each);
      } catch (error) {
        assert.ok(error instanceof SpdyProtocolError, String(error));
      } finally {
        reader.close();
      }
    });
    await fc.assert(property, { ...RUNS, numRuns: 200 });
    const bomb = new HeaderReader();
    const large = Buffer.concat([Buffer.from([0x78, 0x01]), deflateRawSync(Buffer.alloc(64 * MAX_HEADER_BLOCK))]);
    await assert.rejects(bomb.read(large), SpdyProtocolError);
    bomb.close();
  });

  it('is a message that is read, or refused, whatever happened to it on the way', () => {
    const protobuf = new Protobuf({ table });
    const codec = new Codec({ table });
    const containers = [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } }];
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { a: 'b' } }, spec: { containers } };
    const { object } = codec.decode<KubeObject>(POD, pod, 'Strict');
    const bytes = protobuf.encode(POD, object);
    fc.assert(
      fc.property(damaged(bytes), (given) => {
        const read = orderly(() => protobuf.decode(POD, protobuf.open(given)), StatusError);
        if (read !== undefined) orderly(() => codec.decode(POD, read as object, 'Strict'), StatusError);
      }),
      { ...RUNS, numRuns: 1000 },
    );
    let deep: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 200; depth++) deep = Buffer.concat([Buffer.from([0x0a]), lengthOf(deep.length), deep]);
    orderly(() => protobuf.decode(POD, { apiVersion: 'v1', kind: 'Pod', raw: deep }), StatusError);
  });

  it('is a patch that makes an object of the type, or is refused', () => {
    const codec = new Codec({ table });
    const patcher = new Patcher({ codec, strategic: new StrategicMerge({ table }) });
    const original = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { a: 'b' }, finalizers: ['x/y'] },
      spec: { containers: [{ name: 'c', image: 'i' }], tolerations: [{ key: 'k', operator: 'Exists' }] },
    };
    const copy = structuredClone(original);
    const words = [
      'metadata',
      'labels',
      'spec',
      'containers',
      'name',
      'finalizers',
      'tolerations',
      '$patch',
      '$retainKeys',
      '$setElementOrder/containers',
      '$deleteFromPrimitiveList/finalizers',
      'key',
    ];
    const merge = hostileJson(...words);
    const pointer = sentences('/', 'metadata', 'labels', 'a', '0', '-', '~', '~1', '__proto__', 'containers', 'spec');
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', '__proto__'),
      path: pointer,
      from: pointer,
      value: hostileJson(...words),
    });
    const types = [PATCH_TYPES.merge, PATCH_TYPES.strategic] as const;
    const patch = fc.oneof(
      fc.tuple(fc.constantFrom(...types), merge),
      fc.tuple(fc.constant(PATCH_TYPES.json), fc.oneof(fc.array(operation, { maxLength: 4 }), merge)),
    );
    fc.assert(
      fc.property(patch, ([type, value]) => {
        // As it comes over the wire.
        const body = parseJson(Buffer.from(JSON.stringify(value ?? null)));
        orderly(() => patcher.apply(POD, type, original, body, 'Ignore'), StatusError);
        assert.deepEqual(original, copy);
      }),
      { ...RUNS, numRuns: 1000 },
    );
  });

  describe('in files', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'dure-input-'));
    const file = path.join(directory, 'file');
    after(() => rmSync(directory, { recursive: true }));
    const yaml = sentences(
      'a: ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a',
      '!!binary ',
      '"',
      ': ',
      '<<: ',
      '|',
      '%',
      '---\n',
    );

    it('is a kubeconfig, or the file is named', () => {
      const config = hostileJson(
        'clusters',
        'cluster',
        'users',
        'user',
        'contexts',
        'context',
        'current-context',
        'server',
        'name',
        'token',
      );
      const entry = (name: string): fc.Arbitrary<unknown> => config.map((value) => [{ name: 'a', [name]: value }]);
      const shaped = fc.record({
        clusters: entry('cluster'),
        users: entry('user'),
        contexts: entry('context'),
        'current-context': fc.constant('a'),
      });
      fc.assert(
        fc.property(
          fc.oneof(
            yaml,
            config.map((value) => JSON.stringify(value) ?? ''),
            shaped.map((value) => JSON.stringify(value)),
          ),
          (text) => {
            writeFileSync(file, text);
            const loaded = orderly(() => loadKubeconfig([file]), Error);
            if (loaded) orderly(() => resolveKubeconfig(loaded, {}), Error);
          },
        ),
        RUNS,
      );
    });

    it('are flags, or the flag is named', () => {
      const flags = hostileJson('port', 'name', 'join', 'log-level', 'data-dir', 'oidc-required-claim').map(
        (value) => JSON.stringify(value) ?? '',
      );
      fc.assert(
        fc.property(fc.oneof(yaml, flags), (text) => {
          writeFileSync(file, text);
          orderly(() => readFlags(serverProgram, ['--config', file], {}), FlagError);
        }),
        RUNS,
      );
    });
  });
});

function lengthOf(size: number): Buffer {
  return size < 128 ? Buffer.of(size) : Buffer.of((size & 0x7f) | 0x80, size >> 7);
}

interface FakeSocket extends EventEmitter {
  terminate(): void;
}

/** As much of a WebSocket as is spoken to. */
function fakeSocket(protocol: string): FakeSocket {
  const socket = new EventEmitter();
  return Object.assign(socket, {
    protocol,
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 0,
    isPaused: false,
    send: (_message: unknown, done: () => void) => done(),
    ping: () => {},
    pause: () => {},
    resume: () => {},
    close: () => void socket.emit('close'),
    terminate: () => void socket.emit('close'),
  });
}
