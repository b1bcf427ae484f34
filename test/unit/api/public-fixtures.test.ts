/** Types as Kubernetes itself encodes them: its public fixtures are made again, and compared by their digests. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { kinds } from '../../../api/kinds.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { Protobuf } from '../../../api/schema/protobuf/protobuf.ts';
import { loadSchemaTable, localName } from '../../../api/schema/table.ts';
import { PUBLIC_DIGESTS } from './fixtures/digests.ts';
import { filledObject } from './fixtures/filled.ts';

const table = loadSchemaTable();
const codec = new Codec({ table });
const protobuf = new Protobuf({ table });

const digest = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex').slice(0, 16);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(pairs.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

describe('the public fixtures of', () => {
  it('all served kinds of k8s.io/api are among those that are compared', () => {
    const served = Object.values(kinds).map(({ schema }) => schema);
    const missing = served.filter((type) => type.startsWith('io.k8s.api.') && !Object.hasOwn(PUBLIC_DIGESTS, type));
    assert.deepEqual(missing, []);
    assert.ok(served.length > 50);
  });

  for (const [type, [apiVersion, jsonDigest, protobufDigest]] of Object.entries(PUBLIC_DIGESTS)) {
    it(`${type} survive JSON to protobuf to JSON, each as Kubernetes writes it`, () => {
      const fixture = filledObject(table, type, apiVersion, localName(type));
      assert.equal(digest(JSON.stringify(sorted(fixture))), jsonDigest);
      const { object } = codec.decode<object>(type, fixture, 'Strict');
      const bytes = protobuf.encode(type, object);
      assert.equal(digest(bytes), protobufDigest);
      const back = codec.decode(type, protobuf.decode(type, protobuf.open(bytes)), 'Strict').object;
      assert.equal(digest(JSON.stringify(sorted(back))), jsonDigest);
    });
  }
});
