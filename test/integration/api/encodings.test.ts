import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { Codec } from '../../../api/schema/codec.ts';
import { Protobuf } from '../../../api/schema/protobuf/protobuf.ts';
import { Reader } from '../../../api/schema/protobuf/wire.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { adminAccess, RawClient, type RawAnswer } from '../../support/raw-requests.ts';

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
/** As client-go's typed clients send it. */
const TYPED = `${PROTOBUF_TYPE},${JSON_TYPE}`;
const MAPS = '/api/v1/namespaces/default/configmaps';
const CORE = 'io.k8s.api.core.v1';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const METADATA = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

const table = loadSchemaTable();
const codec = new Codec({ table });
const protobuf = new Protobuf({ table });

interface List {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubeObject[];
}

function decoded<T>(typeName: string, body: Uint8Array): T {
  return codec.decode<object>(typeName, protobuf.decode(typeName, protobuf.open(body)), 'Strict').object as T;
}

/** The events of a watch in protobuf: its frames say how long each of them is. */
function* framesOf(bytes: Buffer): Generator<{ type: string; object: Uint8Array }> {
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const reader = new Reader(bytes.subarray(at + 4, at + 4 + length));
    assert.deepEqual(reader.tag(), { field: 1, wire: 2 });
    const type = Buffer.from(reader.bytes()).toString();
    assert.deepEqual(reader.tag(), { field: 2, wire: 2 });
    const raw = new Reader(reader.bytes());
    assert.deepEqual(raw.tag(), { field: 1, wire: 2 });
    yield { type, object: raw.bytes() };
    at += 4 + length;
  }
}

describe('the encodings of the API', () => {
  let server: TestServer;
  let client: RawClient;

  const get = (path: string, accept: string): Promise<RawAnswer> => client.ask(path, { headers: { accept } });
  const create = async (name: string): Promise<void> => {
    const body = JSON.stringify({ metadata: { name, labels: { app: name } }, data: { b: '2', a: '1' } });
    assert.equal((await client.ask(MAPS, { method: 'POST', body })).code, 201);
  };

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
    for (const name of ['one', 'three', 'two']) await create(name);
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  it('give an object as a message that says what the JSON says', async () => {
    const answer = await get(`${MAPS}/one`, TYPED);
    assert.equal(answer.headers['content-type'], PROTOBUF_TYPE);
    const json: unknown = JSON.parse((await get(`${MAPS}/one`, JSON_TYPE)).text);
    assert.deepEqual(decoded(`${CORE}.ConfigMap`, answer.bytes), json);
  });

  it('give a list as a message, page by page as well', async () => {
    const json = JSON.parse((await get(MAPS, JSON_TYPE)).text) as List;
    const answer = await get(MAPS, TYPED);
    const untyped = json.items.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
    assert.deepEqual(decoded(`${CORE}.ConfigMapList`, answer.bytes), { ...json, items: untyped });

    const names: (string | undefined)[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const page = await get(`${MAPS}?limit=2&continue=${token}`, TYPED);
      const list: List = decoded(`${CORE}.ConfigMapList`, page.bytes);
      names.push(...list.items.map(({ metadata }) => metadata.name));
      token = list.metadata.continue;
    }
    assert.deepEqual(names, ['one', 'three', 'two']);
  });

  it('take and give messages when something is written', async () => {
    const wanted = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'sent' }, data: { k: 'v' } };
    const headers = { 'content-type': PROTOBUF_TYPE, accept: TYPED };
    const body = protobuf.encode(`${CORE}.ConfigMap`, wanted);
    const created = await client.ask(MAPS, { method: 'POST', body, headers });
    assert.equal(created.code, 201);
    const object: KubeObject & { data: object } = decoded(`${CORE}.ConfigMap`, created.bytes);
    assert.deepEqual(object.data, { k: 'v' });

    const options = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'another' } };
    const refused = await client.ask(`${MAPS}/sent`, {
      method: 'DELETE',
      headers,
      body: protobuf.encode(`${META}.DeleteOptions`, options),
    });
    assert.equal(refused.code, 409);
    assert.match(decoded<Status>(`${META}.Status`, refused.bytes).message ?? '', /UID in the precondition \(another\)/);
    const gone = await client.ask(`${MAPS}/sent`, { method: 'DELETE', headers: { accept: TYPED } });
    const { status, details }: Status = decoded(`${META}.Status`, gone.bytes);
    assert.deepEqual([status, details?.uid], ['Success', object.metadata.uid]);
  });

  it('tell errors in the encoding of the answer, and in JSON to those who ask for what is not served', async () => {
    const message = await get(`${MAPS}/none`, TYPED);
    assert.equal(message.headers['content-type'], PROTOBUF_TYPE);
    const { reason, code, details }: Status = decoded(`${META}.Status`, message.bytes);
    assert.deepEqual([reason, code, details?.name], ['NotFound', 404, 'none']);

    for (const accept of ['application/cbor', `${PROTOBUF_TYPE};as=Table;g=meta.k8s.io;v=v1`]) {
      const refused = await get(`${MAPS}/one`, accept);
      assert.equal(refused.headers['content-type'], JSON_TYPE);
      const said = JSON.parse(refused.text) as Status;
      assert.deepEqual([said.code, said.reason], [406, 'NotAcceptable']);
      assert.match(said.message ?? '', /: application\/json, application\/yaml, application\/vnd.kubernetes.protobuf$/);
    }
    const body = await client.ask(MAPS, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: Uint8Array.of(0xa0),
    });
    assert.equal(body.code, 415);
  });

  it('give metadata alone, of an object and of a list', async () => {
    const object = await get(`${MAPS}/one`, `${PROTOBUF_TYPE};${METADATA},${JSON_TYPE};${METADATA}`);
    const partial: KubeObject = decoded(`${META}.PartialObjectMetadata`, object.bytes);
    assert.deepEqual([partial.kind, partial.metadata.labels], ['PartialObjectMetadata', { app: 'one' }]);
    const list = await get(MAPS, `${PROTOBUF_TYPE};${METADATA_LIST}`);
    const { kind, items }: List = decoded(`${META}.PartialObjectMetadataList`, list.bytes);
    assert.equal(kind, 'PartialObjectMetadataList');
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['one', 'three', 'two'],
    );
  });

  it('give YAML', async () => {
    const answer = await get(`${MAPS}/one`, YAML_TYPE);
    assert.equal(answer.headers['content-type'], YAML_TYPE);
    assert.deepEqual(parse(answer.text), JSON.parse((await get(`${MAPS}/one`, JSON_TYPE)).text));
    assert.deepEqual(parse((await get(MAPS, YAML_TYPE)).text), JSON.parse((await get(MAPS, JSON_TYPE)).text));
    assert.deepEqual((parse((await get(`${MAPS}?labelSelector=app=x`, YAML_TYPE)).text) as List).items, []);
    const rows = parse((await get(MAPS, `${YAML_TYPE};as=Table;g=meta.k8s.io;v=v1`)).text) as { rows: unknown[] };
    assert.equal(rows.rows.length, 3);
  });

  describe('of a watch', () => {
    const watch = (query: string, accept: string): Promise<RawAnswer> =>
      get(`${MAPS}?watch=1&timeoutSeconds=1&${query}`, accept);
    const INITIAL = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

    it('frame messages by their length', async () => {
      const answer = await watch('', TYPED);
      assert.equal(answer.headers['content-type'], `${PROTOBUF_TYPE};stream=watch`);
      const events = [...framesOf(answer.bytes)];
      assert.deepEqual(
        events.map(({ type }) => type),
        ['ADDED', 'ADDED', 'ADDED'],
      );
      const json: unknown = JSON.parse((await get(`${MAPS}/one`, JSON_TYPE)).text);
      assert.deepEqual(decoded(`${CORE}.ConfigMap`, events[0]?.object ?? Buffer.of()), json);
    });

    it('end the present state with a bookmark', async () => {
      const [messages, lines, tables, metadata] = await Promise.all([
        watch(INITIAL, TYPED),
        watch(INITIAL, JSON_TYPE),
        watch(INITIAL, `${JSON_TYPE};as=Table;g=meta.k8s.io;v=v1`),
        watch(INITIAL, `${PROTOBUF_TYPE};${METADATA}`),
      ]);
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      const inMessage = [...framesOf(messages.bytes)][3];
      assert.equal(inMessage?.type, 'BOOKMARK');
      const { metadata: marked }: KubeObject = decoded(`${CORE}.ConfigMap`, inMessage.object);
      assert.deepEqual(marked.annotations, annotations);
      assert.equal(
        marked.resourceVersion,
        (JSON.parse((await get(MAPS, JSON_TYPE)).text) as List).metadata.resourceVersion,
      );

      const inLine = JSON.parse(lines.text.split('\n')[3] ?? '') as { type: string; object: KubeObject };
      assert.deepEqual([inLine.type, inLine.object.metadata.annotations], ['BOOKMARK', annotations]);
      const inTable = tables.text
        .split('\n')
        .slice(0, 4)
        .map(
          (line) =>
            JSON.parse(line) as {
              type: string;
              object: { columnDefinitions: unknown[] | null; rows: { object: KubeObject }[] };
            },
        );
      assert.deepEqual(
        inTable.map(({ object }) => object.columnDefinitions === null),
        [false, true, true, true],
      );
      assert.deepEqual(inTable[3]?.object.rows[0]?.object.metadata.annotations, annotations);
      const inMetadata = [...framesOf(metadata.bytes)][3]?.object ?? Buffer.of();
      assert.deepEqual(
        decoded<KubeObject>(`${META}.PartialObjectMetadata`, inMetadata).metadata.annotations,
        annotations,
      );
    });

    it('send no present state to those who do not want it', async () => {
      const none = 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
      const answers = await Promise.all(['', '&resourceVersion=0'].map((more) => watch(none + more, JSON_TYPE)));
      assert.deepEqual(
        answers.map(({ text }) => text),
        ['', ''],
      );
    });
  });
});
