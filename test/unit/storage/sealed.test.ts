import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { SealError, seal, sealedWith, unseal } from '../../../control-plane/storage/sealed/envelope.ts';
import { reseal } from '../../../control-plane/storage/sealed/reseal.ts';
import { Sealing } from '../../../control-plane/storage/sealed/sealing.ts';
import { SealedStore } from '../../../control-plane/storage/sealed/store.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Recorder } from '../../support/store-recorder.ts';

const old = { name: 'old', secret: randomBytes(32) };
const fresh = { name: 'fresh', secret: randomBytes(32) };

describe('a sealed value', () => {
  it('opens to what it was, in its place and with its key alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 40 }), (bytes, place) => {
        const plain = Buffer.from(bytes);
        const sealed = seal(place, plain, old);
        assert.equal(sealedWith(sealed), 'old');
        assert.deepEqual(unseal(place, sealed, old), plain);
        assert.throws(() => unseal(`${place}x`, sealed, old), SealError);
        assert.throws(() => unseal(place, sealed, { name: 'old', secret: fresh.secret }), SealError);
      }),
    );
  });

  it('does not open when any of its bytes was changed or is missing', () => {
    const sealed = seal('/a', Buffer.from('{"data":1}'), old);
    const body = sealed.length - 58;
    for (let at = body; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.throws(() => unseal('/a', changed, old), SealError, `byte ${at}`);
      assert.throws(() => unseal('/a', sealed.subarray(0, at), old), SealError, `cut at ${at}`);
    }
  });

  it('is never the same twice', () => {
    const values = Array.from({ length: 50 }, () => seal('/a', Buffer.from('same'), old).toString('hex'));
    assert.equal(new Set(values).size, 50);
  });

  it('is told from what is not sealed, whatever that begins with', () => {
    for (const text of ['', '{', '{"kind":"Secret"}', 'dure:sealed:', 'dure:sealed:v1:', 'dure:sealed:v1::x']) {
      assert.equal(sealedWith(Buffer.from(text)), undefined, text);
    }
  });
});

describe('a store with sealed values', () => {
  const secret = '/registry/core/secrets/default/a';
  const config = '/registry/core/configmaps/default/a';
  const rule = (...providers: (typeof old | 'plain')[]) => [{ prefixes: ['/registry/core/secrets/'], providers }];

  function make(...providers: (typeof old | 'plain')[]) {
    const inner = new MemoryStore({ clock: new FakeClock() });
    const sealing = new Sealing(rule(...providers));
    return { inner, sealing, store: new SealedStore({ store: inner, sealing, log: silentLog }) };
  }

  it('holds nothing readable of what its rules name, and the rest as it is', async () => {
    const { inner, store } = make(old);
    const value = Buffer.from('{"password":"opensesame"}');
    await store.write({ key: secret, expected: 0, value });
    await store.write({ key: config, expected: 0, value });
    assert.ok(!(await inner.get(secret))?.value.includes('opensesame'));
    assert.deepEqual((await inner.get(config))?.value, value);
    const { entries } = await store.list('/registry/');
    assert.deepEqual(
      entries.map((entry) => entry.value),
      [value, value],
    );
  });

  it('refuses what is not sealed unless its rule says that it may be so', async () => {
    const { inner, store, sealing } = make(old);
    await inner.write({ key: secret, expected: 0, value: Buffer.from('{}') });
    await assert.rejects(store.get(secret), /not sealed, and no provider "identity"/);
    sealing.replace(rule(old, 'plain'));
    assert.equal((await store.get(secret))?.value.toString(), '{}');
  });

  it('names the key that is missing, and hides nothing else because of it', async () => {
    const { store, sealing } = make(old);
    await store.write({ key: secret, expected: 0, value: Buffer.from('one') });
    sealing.replace(rule(fresh));
    await store.write({ key: `${secret}b`, expected: 0, value: Buffer.from('two') });
    await assert.rejects(store.get(secret), /sealed with key "old", which is not configured/);
    const watch = new Recorder(store, '/registry/', 0);
    const { entries } = await store.list('/registry/');
    assert.equal(entries.length, 2);
    assert.equal(entries[1]?.value.toString(), 'two');
    watch.close();
  });

  it('is sealed anew after a rotation, guarded, and not what ends by itself', async () => {
    const { inner, store, sealing } = make('plain');
    const event = '/registry/core/events/default/e';
    for (let at = 0; at < 450; at += 1) {
      await store.write({ key: `${secret}${at}`, expected: 0, value: Buffer.from(`value ${at}`) });
    }
    await store.write({ key: event, expected: 0, value: Buffer.from('{}'), ttlSeconds: 60 });
    const run = (): Promise<number> =>
      reseal({
        store: inner,
        sealing,
        expiring: ['/registry/core/events/'],
        log: silentLog,
        signal: new AbortController().signal,
      });
    assert.equal(await run(), 0);
    sealing.replace([{ prefixes: ['/registry/'], providers: [old, 'plain'] }]);
    assert.equal(await run(), 450);
    sealing.replace([{ prefixes: ['/registry/'], providers: [fresh, old, 'plain'] }]);
    assert.equal(await run(), 450);
    assert.equal(await run(), 0);
    const { entries } = await inner.list('/registry/core/secrets/');
    assert.ok(entries.every(({ value }) => sealedWith(value) === 'fresh'));
    assert.equal((await inner.get(event))?.value.toString(), '{}');
    assert.equal((await store.get(`${secret}449`))?.value.toString(), 'value 449');
  });
});
