import assert from 'node:assert/strict';
import fc from 'fast-check';
import { insertVersion, replaceVersion } from '../../../control-plane/cacher/encoding.ts';

describe('resourceVersion in stored JSON', () => {
  const objects = fc.record({
    before: fc.jsonValue(),
    metadata: fc.dictionary(fc.string(), fc.jsonValue()).filter((metadata) => !('resourceVersion' in metadata)),
    after: fc.jsonValue(),
  });
  const revisions = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

  it('is put into the metadata, whatever surrounds it', () => {
    fc.assert(
      fc.property(objects, revisions, fc.constantFrom(0, 2), (object, revision, indent) => {
        const json = Buffer.from(
          JSON.stringify({ kind: 'metadata', nested: { metadata: {} }, ...object }, null, indent),
        );
        const versioned = insertVersion(json, revision);
        const parsed: unknown = JSON.parse(versioned?.bytes.toString() ?? '');
        const expected = JSON.parse(json.toString()) as { metadata: Record<string, unknown> };
        expected.metadata['resourceVersion'] = String(revision);
        assert.deepEqual(parsed, expected);
      }),
    );
  });

  it('is exchanged for another', () => {
    fc.assert(
      fc.property(objects, revisions, revisions, (object, first, second) => {
        const json = Buffer.from(JSON.stringify(object));
        const versioned = insertVersion(json, first);
        assert.ok(versioned);
        assert.deepEqual(replaceVersion(versioned, second), insertVersion(json, second));
      }),
    );
  });

  it('has no place in what is not an object with metadata', () => {
    for (const json of [
      '',
      '[]',
      '"metadata"',
      '{"metadata":1}',
      '{"a":{"metadata":{}}}',
      '{"metadata"',
      '{"metadata":',
    ]) {
      assert.equal(insertVersion(Buffer.from(json), 1), undefined, json);
    }
  });
});
