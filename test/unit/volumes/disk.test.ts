import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ConfigMap, Secret, Volume } from '../../../api/types/core.v1.ts';
import { MapView } from '../../../lib/view.ts';
import { DiskVolumes } from '../../../node-agent/volumes/disk.ts';
import { parseMountInfo } from '../../../node-agent/volumes/mounts.ts';
import { noTokens } from '../../support/no-tokens.ts';
import { persistentVolumes } from '../../support/persistent-volumes.ts';
import { container, pod } from '../pods/harness.ts';

describe('volumes on disk', () => {
  let root: string;
  let mounted: string[];
  let volumes: DiskVolumes;
  let configMaps: MapView<ConfigMap>;
  let secrets: MapView<Secret>;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'dure-volumes-'));
    mounted = [];
    configMaps = new MapView();
    secrets = new MapView();
    const mounter = {
      mountTmpfs: (directory: string) => Promise.resolve(void mounted.push(directory)),
      unmount: (directory: string) => Promise.resolve(void (mounted = mounted.filter((known) => known !== directory))),
      mountsBelow: (directory: string) => Promise.resolve(mounted.filter((known) => known.startsWith(directory))),
    };
    volumes = new DiskVolumes({
      persistent: persistentVolumes(root),
      root: path.join(root, 'pods'),
      memory: path.join(root, 'memory'),
      configMaps,
      secrets,
      mounter,
      ...noTokens(),
    });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const withVolumes = (...list: Volume[]): ReturnType<typeof pod> => pod({ volumes: list });
  const inPod = (...parts: string[]): string => path.join(root, 'pods', 'uid-web', 'volumes', ...parts);
  const setConfig = (data: Record<string, string>): void => configMaps.set('default/settings', { metadata: {}, data });

  it('waits for the driver of a volume when none is registered, and gives the pod up when it goes', async () => {
    const web = withVolumes({ name: 'v', csi: { driver: 'disk.example.com' } });
    await assert.rejects(volumes.mount(web), {
      message:
        'MountVolume.SetUp failed for volume "v" : driver name disk.example.com not found in the list of registered CSI drivers',
    });
    await volumes.unmount('uid-web');
  });

  it('writes a config map, and swaps in a new one for readers all at once', async () => {
    setConfig({ a: '1', b: '2' });
    const web = withVolumes({ name: 'cfg', configMap: { name: 'settings', defaultMode: 0o440 } });
    await volumes.mount(web);
    const place = inPod('configMap', 'cfg');
    assert.equal(readFileSync(path.join(place, 'a'), 'utf8'), '1');
    assert.equal(statSync(path.join(place, 'a')).mode & 0o777, 0o440);
    assert.equal(readlinkSync(path.join(place, 'a')), '..data/a');
    const before = readlinkSync(path.join(place, '..data'));
    await volumes.refresh(web);
    assert.equal(readlinkSync(path.join(place, '..data')), before, 'unchanged data stays in place');
    setConfig({ a: '3', c: '4' });
    await volumes.refresh(web);
    assert.deepEqual(
      readdirSync(place)
        .filter((name) => !name.startsWith('..'))
        .toSorted(),
      ['a', 'c'],
    );
    assert.equal(readFileSync(path.join(place, 'a'), 'utf8'), '3');
    assert.equal(existsSync(path.join(place, before)), false);
  });

  it('honours items, nested paths and modes, and refuses what leads out', async () => {
    setConfig({ a: '1' });
    const cfg = (items: { key: string; path: string; mode?: number }[]): ReturnType<typeof pod> =>
      withVolumes({ name: 'cfg', configMap: { name: 'settings', items } });
    await volumes.mount(cfg([{ key: 'a', path: 'x/y', mode: 0o600 }]));
    assert.equal(statSync(inPod('configMap', 'cfg', 'x', 'y')).mode & 0o777, 0o600);
    await assert.rejects(volumes.mount(cfg([{ key: 'a', path: '../out' }])), /must stay within the volume/);
    await assert.rejects(volumes.mount(cfg([{ key: 'z', path: 'z' }])), /references non-existent config key: z/);
  });

  it('keeps secrets in memory and says what is missing', async () => {
    const web = withVolumes({ name: 'key', secret: { secretName: 'login' } });
    await assert.rejects(volumes.mount(web), {
      message: 'MountVolume.SetUp failed for volume "key" : secret "login" not found',
    });
    secrets.set('default/login', { metadata: {}, data: { user: Buffer.from('ada').toString('base64') } });
    await volumes.mount(web);
    const other = { ...web, metadata: { ...web.metadata, uid: 'uid-other' } };
    await volumes.mount(other);
    assert.deepEqual(mounted, [path.join(root, 'memory')], 'one file system in memory for all');
    assert.equal(readFileSync(path.join(root, 'memory/uid-web/secret/key/user'), 'utf8'), 'ada');
    assert.ok(!existsSync(inPod('secret')));
    await volumes.unmount('uid-web');
    assert.deepEqual(await volumes.leftovers(), ['uid-other']);
    assert.equal(readFileSync(path.join(root, 'memory/uid-other/secret/key/user'), 'utf8'), 'ada');
    await volumes.mount(withVolumes({ name: 'opt', secret: { secretName: 'none', optional: true } }));
  });

  it('takes away everything, also mounts that an agent before has left', async () => {
    await volumes.mount(
      withVolumes({ name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }, { name: 'disk', emptyDir: {} }),
    );
    assert.equal(statSync(inPod('emptyDir', 'disk')).mode & 0o777, 0o777);
    chmodSync(inPod('emptyDir', 'disk'), 0o700);
    await volumes.mount(withVolumes({ name: 'disk', emptyDir: {} }));
    assert.equal(statSync(inPod('emptyDir', 'disk')).mode & 0o777, 0o700, 'what a container has set stays');
    assert.deepEqual(await volumes.leftovers(), ['uid-web']);
    await volumes.unmount('uid-web');
    assert.deepEqual([mounted, await volumes.leftovers()], [[], []]);
    await volumes.unmount('uid-web');
    await assert.rejects(volumes.unmount('..'), /no uid/);
  });

  it('checks and makes host paths by type', async () => {
    const hostPath = (type: string, name: string): Promise<unknown> =>
      volumes.mount(withVolumes({ name: 'h', hostPath: { path: path.join(root, name), type } }));
    await assert.rejects(hostPath('Directory', 'd'), /hostPath type check failed: .* is not a directory/);
    await hostPath('DirectoryOrCreate', 'd');
    await hostPath('Directory', 'd');
    await hostPath('FileOrCreate', 'f');
    await hostPath('File', 'f');
    await assert.rejects(hostPath('Socket', 'f'), /is not a socket file/);
  });

  it('resolves subPath within the volume only', async () => {
    const web = withVolumes({ name: 'data', emptyDir: {} });
    await volumes.mount(web);
    const mountsOf = (subPath: string): Promise<{ hostPath: string }[]> =>
      volumes.mountsFor(web, container({ volumeMounts: [{ name: 'data', mountPath: '/d', subPath }] }), (text) => text);
    assert.equal((await mountsOf('x/y'))[0]?.hostPath, inPod('emptyDir', 'data', 'x', 'y'));
    for (const part of ['x', 'x/y']) assert.equal(statSync(inPod('emptyDir', 'data', part)).mode & 0o7777, 0o777, part);
    await Promise.all(Array.from({ length: 8 }, () => mountsOf('at/once')));
    mkdirSync(path.join(root, 'outside'));
    writeFileSync(path.join(root, 'outside', 'key'), 'k');
    symlinkSync(path.join(root, 'outside'), inPod('emptyDir', 'data', 'trap'));
    await assert.rejects(mountsOf('trap/key'), /leads out of the volume/);
    await assert.rejects(mountsOf('../..'), /relative path without/);
  });

  it('refuses kinds it does not know by name', async () => {
    await assert.rejects(
      volumes.mount(withVolumes({ name: 'p', nfs: { server: 's', path: '/' } })),
      /nfs volumes are not supported/,
    );
  });

  it('reads mount points, the innermost first', () => {
    const info = '1 0 0:1 / /a rw - tmpfs t rw\n2 1 0:2 / /a/b\\040c rw - tmpfs t rw\n3 0 0:3 / /ab rw - tmpfs t rw\n';
    assert.deepEqual(parseMountInfo(info, '/a'), ['/a/b c', '/a']);
  });
});
