import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ConfigMap, Secret } from '../../../api/types/core.v1.ts';
import { MapView } from '../../../lib/view.ts';
import { DiskVolumes } from '../../../node-agent/volumes/disk.ts';
import { run } from '../../../lib/process.ts';
import { systemMounter } from '../../../node-agent/volumes/mounts.ts';
import { removeDirectory } from '../../../node-agent/volumes/removal.ts';
import { noTokens } from '../../support/no-tokens.ts';
import { persistentVolumes } from '../../support/persistent-volumes.ts';
import { pod } from '../../unit/pods/harness.ts';

describe('mounts of volumes', () => {
  let root: string;
  const makeVolumes = (): DiskVolumes =>
    new DiskVolumes({
      persistent: persistentVolumes(root),
      root: path.join(root, 'pods'),
      memory: path.join(root, 'memory'),
      configMaps: new MapView<ConfigMap>(),
      secrets: new MapView<Secret>(),
      mounter: systemMounter,
      ...noTokens(),
    });

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'dure-mounts-'));
  });
  afterEach(async () => {
    for (const point of await systemMounter.mountsBelow(root)) await systemMounter.unmount(point);
    rmSync(root, { recursive: true, force: true });
  });

  it('keeps an emptyDir in memory within its limit, and an agent after this one takes it away', async () => {
    const web = pod({ volumes: [{ name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }] });
    await makeVolumes().mount(web);
    await makeVolumes().mount(web);
    const [place, ...others] = await systemMounter.mountsBelow(root);
    assert.ok(place);
    assert.deepEqual(others, [], 'mounted once');
    const { blocks, bsize } = statfsSync(place);
    assert.equal(blocks * bsize, 1 << 20);
    assert.throws(() => writeFileSync(path.join(place, 'big'), Buffer.alloc(2 << 20)), { code: 'ENOSPC' });
    await makeVolumes().unmount('uid-web');
    assert.deepEqual(await systemMounter.mountsBelow(root), []);
  });

  it('finds mounts within mounts, and is done where nothing is mounted', async () => {
    const inner = path.join(root, 'a b', 'c');
    mkdirSync(path.join(root, 'a b'));
    await systemMounter.mountTmpfs(path.join(root, 'a b'), 'size=64k');
    mkdirSync(inner);
    await systemMounter.mountTmpfs(inner, 'size=64k');
    assert.deepEqual(await systemMounter.mountsBelow(root), [inner, path.join(root, 'a b')]);
    for (const point of await systemMounter.mountsBelow(root)) await systemMounter.unmount(point);
    await systemMounter.unmount(inner);
  });

  it('are not entered when a volume is removed, be they of the same file system', async () => {
    const outside = path.join(root, 'outside');
    const volumes = path.join(root, 'volumes');
    const inner = path.join(volumes, 'pvc-1', 'inner');
    mkdirSync(outside);
    mkdirSync(inner, { recursive: true });
    writeFileSync(path.join(outside, 'row'), '');
    await run('mount', ['--bind', outside, inner]);
    const signal = new AbortController().signal;
    await assert.rejects(removeDirectory(volumes, 'pvc-1', signal), /something is mounted in the volume’s directory/);
    assert.ok(existsSync(path.join(outside, 'row')));
    for (const point of await systemMounter.mountsBelow(volumes)) await systemMounter.unmount(point);
    await removeDirectory(volumes, 'pvc-1', signal);
    assert.deepEqual(readdirSync(path.join(volumes, '.removing')), []);
    assert.ok(existsSync(path.join(outside, 'row')));
  });
});
