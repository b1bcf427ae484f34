import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newEncryptionConfig } from '../../../control-plane/backend/encryption-config.ts';
import { Encryption } from '../../../control-plane/backend/encryption.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { sealedWith } from '../../../control-plane/storage/sealed/envelope.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Recorder } from '../../support/store-recorder.ts';

const SECRET = '/registry/core/secrets/default/a';

describe('encryption of a server', () => {
  let dataDir: string;
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  let encryption: Encryption;

  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'dure-encryption-'));
    encryption = new Encryption({ dataDir, file: undefined, store, clock, log: silentLog });
  });
  afterEach(async () => {
    await encryption.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('makes its file once, for nobody else to read, and takes a changed one over while it runs', async () => {
    await encryption.start();
    const file = path.join(dataDir, 'encryption.yaml');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await encryption.store.write({ key: SECRET, expected: 0, value: Buffer.from('{}') });
    assert.equal(sealedWith((await store.get(SECRET))?.value ?? Buffer.alloc(0)), 'key1');

    const before = readFileSync(file, 'utf8');
    const [, keys = ''] = /keys:\n([\s\S]*?) {6}- identity/.exec(before) ?? [];
    const more = newEncryptionConfig()
      .replace('key1', 'key2')
      .replace(/( {6}- identity)/, `${keys}$1`);
    writeFileSync(file, more);
    const events = new Recorder(store, SECRET, await store.revision());
    clock.advance(10_000);
    await events.untilEvents(1);
    events.close();
    assert.equal(sealedWith((await store.get(SECRET))?.value ?? Buffer.alloc(0)), 'key2');
    assert.equal((await encryption.store.get(SECRET))?.value.toString(), '{}');
  });

  it('does not start without the file that it was told to use', async () => {
    const file = path.join(dataDir, 'missing.yaml');
    const other = new Encryption({ dataDir, file, store, clock, log: silentLog });
    await assert.rejects(other.start(), /--encryption-provider-config: there is no .*missing.yaml/);
  });
});
