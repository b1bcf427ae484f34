import assert from 'node:assert/strict';
import { PREFIX, json, started, write, type Item } from './fixture.ts';

const KEY = 'a/x';

async function counting() {
  const parsed: string[] = [];
  const parse = (value: Buffer): Item => {
    parsed.push(value.toString());
    return JSON.parse(value.toString()) as Item;
  };
  return { parsed, ...(await started({ parse })) };
}

function itemOf(value: Buffer): Item {
  return JSON.parse(value.toString()) as Item;
}

function versioned(item: Item, revision: number): Item {
  return { ...item, metadata: { ...item.metadata, resourceVersion: String(revision) } };
}

describe('what a server writes itself', () => {
  it('is in its cache without being parsed, and shares what it was made of', async () => {
    const { store, cache, parsed } = await counting();
    const value = json(KEY, '1');
    const object = itemOf(value);
    cache.expect(KEY, value, object);
    const revision = await write(store, KEY, '1');
    await cache.whenFresh();
    assert.deepEqual(parsed, []);
    const entry = cache.get(KEY);
    assert.equal(entry?.object.data, object.data);
    assert.equal(entry?.object.metadata.resourceVersion, String(revision));
    assert.deepEqual(itemOf(entry.bytes), entry.object);
  });

  it('is the same object for the writer and for the cache, whoever of them is told first', async () => {
    const { store, cache, parsed } = await counting();
    for (const isToldFirst of [true, false]) {
      const value = json(KEY, String(isToldFirst));
      const object = itemOf(value);
      cache.expect(KEY, value, object);
      const expected = cache.get(KEY)?.revision ?? 0;
      const revision = (await store.revision()) + 1;
      if (isToldFirst) await store.write({ key: PREFIX + KEY, expected, value });
      const landed = cache.landed(KEY, value, versioned(object, revision));
      assert.equal(cache.get(KEY)?.object === landed, isToldFirst);
      assert.deepEqual(itemOf(cache.bytesOf(landed) ?? Buffer.from('{}')), landed);
      assert.ok(Object.isFrozen(landed.metadata));
      if (!isToldFirst) await store.write({ key: PREFIX + KEY, expected, value });
      await cache.whenFresh();
      assert.equal(cache.get(KEY)?.object, landed);
      assert.deepEqual(cache.bytesOf(landed), cache.get(KEY)?.bytes);
    }
    assert.deepEqual(parsed, []);
  });

  it('is parsed when the store holds something else', async () => {
    const { store, cache, parsed } = await counting();
    cache.expect(KEY, json(KEY, 'mine'), itemOf(json(KEY, 'mine')));
    await write(store, KEY, "somebody else's");
    await cache.whenFresh();
    assert.equal(cache.get(KEY)?.object.data?.['value'], "somebody else's");
    assert.equal(parsed.length, 1);
  });

  it('is forgotten when it was not written', async () => {
    const { store, cache, parsed } = await counting();
    const value = json(KEY, '1');
    cache.expect(KEY, value, itemOf(value));
    cache.forget(KEY, value);
    await write(store, KEY, '1');
    await cache.whenFresh();
    assert.equal(parsed.length, 1);
  });

  it('has no bytes when it is only like what the cache holds, as after a dry run', async () => {
    const { store, cache } = await counting();
    const revision = await write(store, KEY, '1');
    await cache.whenFresh();
    assert.equal(cache.bytesOf(versioned(itemOf(json(KEY, '2')), revision)), undefined);
  });

  it('is remembered of so many writes only', async () => {
    const { store, cache, parsed } = await counting();
    const value = json(KEY, '1');
    cache.expect(KEY, value, itemOf(value));
    for (let other = 0; other < 10_000; other += 1) cache.expect(`b/${other}`, value, itemOf(value));
    await store.write({ key: PREFIX + KEY, expected: 0, value });
    await cache.whenFresh();
    assert.equal(parsed.length, 1);
  });
});
