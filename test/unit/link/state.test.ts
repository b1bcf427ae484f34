import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { StateFile } from '../../../node-agent/state/file.ts';
import { StateKeeper } from '../../../node-agent/state/keeper.ts';
import { DesiredStateStore } from '../../../node-agent/state/store.ts';

const SETTINGS = {
  clusterDomain: 'cluster.local',
  clusterDns: '10.96.0.10',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
};

function podBytes(name: string, text = ''): Buffer {
  return Buffer.from(
    JSON.stringify({ metadata: { namespace: 'default', name, annotations: { text } }, spec: {}, status: {} }),
  );
}

describe('the desired state', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dure-state-'));
    path = join(directory, 'state');
  });
  afterEach(() => rm(directory, { recursive: true }));

  function agent() {
    const store = new DesiredStateStore();
    const keeper = new StateKeeper({ store, file: new StateFile(path), clock: new FakeClock(), log: silentLog });
    return { store, keeper };
  }

  it('forgets what a new full state does not name, and only once that is complete', () => {
    const { store } = agent();
    store.beginFull();
    store.set('pods', 'default/a', podBytes('a'));
    store.set('pods', 'default/b', podBytes('b'));
    store.completeFull();
    store.beginFull();
    store.set('pods', 'default/b', podBytes('b'));
    assert.deepEqual([...store.pods.keys()], ['default/a', 'default/b']);
    store.completeFull();
    assert.deepEqual([...store.pods.keys()], ['default/b']);
  });

  it('is not synced before a first full state is complete', () => {
    const { store } = agent();
    store.beginFull();
    store.set('pods', 'default/a', podBytes('a'));
    assert.equal(store.pods.synced, false);
    store.completeFull();
    assert.equal(store.pods.synced, true);
  });

  it('tells nobody of an object that came again as it was', () => {
    const { store } = agent();
    store.set('pods', 'default/a', podBytes('a'));
    let changes = 0;
    store.pods.subscribe(() => (changes += 1));
    store.set('pods', 'default/a', podBytes('a'));
    assert.equal(changes, 0);
  });

  it('is there after a restart without any server', async () => {
    const before = agent();
    await before.keeper.start();
    before.keeper.setSettings(SETTINGS);
    before.store.beginFull();
    before.store.set('pods', 'default/a', podBytes('a', 'line\nbreak\tand tab'));
    before.store.completeFull();
    await before.keeper.stop();

    const after = agent();
    await after.keeper.start();
    assert.equal(after.store.pods.synced, true);
    assert.equal(after.store.pods.get('default/a')?.metadata.annotations?.['text'], 'line\nbreak\tand tab');
    assert.deepEqual(after.keeper.knownSettings, SETTINGS);
    await after.keeper.stop();
  });

  it('asks again after a restart what of volumes is to be removed, and goes on with what is used', async () => {
    const before = agent();
    await before.keeper.start();
    before.keeper.setSettings(SETTINGS);
    before.store.beginFull();
    before.store.set('claims', 'default/data', Buffer.from('{"uid":"c"}'));
    before.store.set('removals', 'pvc-1', Buffer.from('{"name":"pvc-1","uid":"v"}'));
    before.store.completeFull();
    await before.keeper.stop();

    const after = agent();
    await after.keeper.start();
    assert.deepEqual([after.store.claims.size, after.store.removals.size], [1, 0]);
    await after.keeper.stop();
  });

  it('is put aside when it is damaged in any way, and nothing is taken from it', async () => {
    const whole = agent();
    await whole.keeper.start();
    whole.keeper.setSettings(SETTINGS);
    whole.store.beginFull();
    whole.store.set('pods', 'default/a', podBytes('a'));
    whole.store.completeFull();
    await whole.keeper.stop();
    const bytes = await readFile(path);

    const damage = fc.oneof(
      fc.nat(bytes.length - 1).map((at) => bytes.subarray(0, at)),
      fc.record({ at: fc.nat(bytes.length - 1), byte: fc.integer({ min: 0, max: 255 }) }).map(({ at, byte }) => {
        const copy = Buffer.from(bytes);
        copy[at] = byte;
        return copy;
      }),
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (damaged) => {
        fc.pre(!damaged.equals(bytes));
        await writeFile(path, damaged);
        const { store, keeper } = agent();
        await keeper.start();
        assert.equal(store.pods.size, 0);
        assert.equal(store.pods.synced, false);
        assert.deepEqual(await readFile(`${path}.corrupt`), damaged);
        await keeper.stop();
      }),
      { numRuns: 60 },
    );
  });
});
