import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { VolumeRemoval } from '../../../api/node-volumes.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView } from '../../../lib/view.ts';
import { removeDirectory } from '../../../node-agent/volumes/removal.ts';
import { Reclaimer } from '../../../node-agent/volumes/reclaimer.ts';
import { until } from '../../support/until.ts';

describe('removal of volumes', () => {
  let root: string;
  let clock: FakeClock;
  let removals: MapView<VolumeRemoval>;
  let users: string[];
  let removed: string[];
  let forgotten: string[];
  let told: string[];
  let reclaimer: Reclaimer;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'dure-removal-'));
    clock = new FakeClock();
    removals = new MapView();
    users = [];
    removed = [];
    forgotten = [];
    told = [];
    reclaimer = make();
  });
  afterEach(async () => {
    await reclaimer.stop();
    rmSync(root, { recursive: true, force: true });
  });

  function make(): Reclaimer {
    return new Reclaimer({
      directory: inVolumes(),
      removals,
      usersOf: () => Promise.resolve(users),
      forget: (handle) => Promise.resolve(void forgotten.push(handle)),
      onRemoved: (name, uid) => {
        removed.push(`${name} ${uid}`);
        news();
      },
      reporter: {
        event: (about, _type, reason, message) => {
          told.push(`${about.name} ${reason} ${message}`);
          news();
        },
      },
      clock,
      log: silentLog,
    });
  }
  const listeners = new Set<() => void>();
  const news = (): void => listeners.forEach((listener) => listener());
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const when = (holds: () => boolean): Promise<number> =>
    until([{ subscribe }], holds, { what: 'news', instead: () => [removed, told] });
  const inVolumes = (...parts: string[]): string => path.join(root, 'volumes', ...parts);
  const fill = (name: string): void => {
    mkdirSync(inVolumes(name, 'a', 'b'), { recursive: true });
    writeFileSync(inVolumes(name, 'a', 'b', 'row'), 'data');
    writeFileSync(Buffer.concat([Buffer.from(`${inVolumes(name)}/`), Buffer.from([0x78, 0xff])]), 'no text');
  };
  const ask = (name: string): void => removals.set(name, { name, uid: `uid-${name}` });
  const isClean = (): boolean => readdirSync(inVolumes('.removing')).length === 0;

  it('removes what it is told to, and nothing else', async () => {
    for (const name of ['pvc-1', 'pvc-2', 'pvc-10']) fill(name);
    ask('pvc-1');
    await reclaimer.start();
    await when(() => removed.length === 1);
    assert.deepEqual([removed, forgotten], [['pvc-1 uid-pvc-1'], ['pvc-1']]);
    assert.deepEqual(readdirSync(inVolumes()).toSorted(), ['.removing', 'pvc-10', 'pvc-2']);
    assert.ok(isClean());
    ask('pvc-2');
    await when(() => removed.length === 2);
    assert.ok(existsSync(inVolumes('pvc-10', 'a', 'b', 'row')));
  });

  it('tells of one that no pod ever used', async () => {
    await reclaimer.start();
    ask('pvc-1');
    await when(() => removed.length === 1);
    assert.deepEqual(told, []);
  });

  it('follows no link out of the volume, not even in the place of the volume itself', async () => {
    mkdirSync(path.join(root, 'outside'));
    writeFileSync(path.join(root, 'outside', 'file'), '');
    fill('pvc-1');
    symlinkSync(path.join(root, 'outside'), inVolumes('pvc-1', 'a', 'link'));
    symlinkSync(path.join(root, 'outside'), inVolumes('pvc-2'));
    ask('pvc-1');
    ask('pvc-2');
    await reclaimer.start();
    await when(() => removed.length === 2);
    assert.ok(existsSync(path.join(root, 'outside', 'file')));
    assert.deepEqual(readdirSync(inVolumes()), ['.removing']);
  });

  it('waits for pods that still have it, and says so', async () => {
    fill('pvc-1');
    users = ['uid-web'];
    ask('pvc-1');
    await reclaimer.start();
    await when(() => told.length === 1);
    assert.deepEqual(told, ['pvc-1 VolumeFailedDelete the volume is still used on this node by the pods uid-web']);
    assert.ok(existsSync(inVolumes('pvc-1', 'a', 'b', 'row')));
    users = [];
    clock.advance(1000);
    await when(() => removed.length === 1);
  });

  it('is not led out of its directory by a name', async () => {
    mkdirSync(path.join(root, 'outside'));
    mkdirSync(inVolumes());
    for (const name of ['../outside', '..', '.removing']) ask(name);
    await reclaimer.start();
    await when(() => told.length === 3);
    assert.ok(told.every((each) => each.endsWith('is no name of a volume')));
    assert.ok(existsSync(path.join(root, 'outside')));
  });

  it('goes on after a restart with what was renamed aside, and leaves alone what has the name since', async () => {
    fill('.removing/pvc-1+half');
    fill('pvc-1');
    await reclaimer.start();
    // One comes after the other.
    ask('pvc-9');
    await when(() => removed.length === 1);
    assert.ok(isClean());
    assert.ok(existsSync(inVolumes('pvc-1', 'a', 'b', 'row')));
    assert.deepEqual([removed, told], [['pvc-9 uid-pvc-9'], []]);
  });

  it('removes what is nested beyond what can be held open, and more names than are read at once', async () => {
    const deep = inVolumes('pvc-1', ...Array.from({ length: 120 }, () => 'd'));
    mkdirSync(deep, { recursive: true });
    for (let each = 0; each < 1200; each += 1) writeFileSync(inVolumes('pvc-1', `f${each}`), '');
    writeFileSync(path.join(deep, 'row'), '');
    await removeDirectory(inVolumes(), 'pvc-1', new AbortController().signal);
    assert.ok(isClean());
    assert.deepEqual(readdirSync(inVolumes()), ['.removing']);
  });

  it('stops when it is told to, and begins where it was', async () => {
    fill('pvc-1');
    const stopped = AbortSignal.abort();
    await assert.rejects(removeDirectory(inVolumes(), 'pvc-1', stopped), { name: 'AbortError' });
    assert.ok(!existsSync(inVolumes('pvc-1')));
    assert.ok(!isClean());
    await removeDirectory(inVolumes(), 'pvc-1', new AbortController().signal);
    assert.ok(isClean());
  });
});
