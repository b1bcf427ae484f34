import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';

import { Document } from '../../../control-plane/server/document.ts';

describe('a document of the API', () => {
  it('is compressed once, however many ask for it', async () => {
    const bytes = Buffer.from(
      JSON.stringify({ paths: Array.from({ length: 1000 }, (_, number) => `/path/${number}`) }),
    );
    const document = new Document({ bytes, contentType: 'application/json', etag: '"1"' });
    const [first, second] = await Promise.all([document.compressed(), document.compressed()]);
    assert.equal(first, second);
    assert.equal(await document.compressed(), first);
    assert.deepEqual(gunzipSync(first), bytes);
  });
});
