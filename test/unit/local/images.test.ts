import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildImage, writeLayout, type ImageRecipe } from '../../../cli/local/oci.ts';
import { tar } from '../../../cli/local/tar.ts';

const RECIPE: ImageRecipe = {
  name: 'tool:1',
  files: [
    { type: 'directory', path: 'bin' },
    { type: 'file', path: 'bin/tool', mode: 0o755, content: Buffer.from('#!/bin/sh\n') },
    { type: 'symlink', path: 'bin/alias', target: 'tool' },
  ],
  entrypoint: ['/bin/tool'],
  ports: ['80/tcp'],
};

function sha256(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

describe('images', () => {
  it('are archives that tar reads', () => {
    const { stdout, status } = spawnSync('tar', ['-tvf', '-'], { input: tar(RECIPE.files), encoding: 'utf8' });
    assert.equal(status, 0);
    const lines = stdout.trim().split('\n');
    assert.match(lines[0] ?? '', /^drwxr-xr-x 0\/0 .* bin\/$/);
    assert.match(lines[1] ?? '', /^-rwxr-xr-x 0\/0 +10 .* bin\/tool$/);
    assert.match(lines[2] ?? '', /^lrwxrwxrwx 0\/0 .* bin\/alias -> tool$/);
  });

  it('are the same each time they are built', () => {
    assert.equal(buildImage(RECIPE).manifest.digest, buildImage(RECIPE).manifest.digest);
  });

  it('are layouts in which each digest is that of its content', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'layout-'));
    try {
      writeLayout(buildImage(RECIPE), directory);
      const blob = (digest: string): Buffer => {
        const content = readFileSync(path.join(directory, 'blobs', digest.replace(':', '/')));
        assert.equal(sha256(content), digest);
        return content;
      };
      const index = JSON.parse(readFileSync(path.join(directory, 'index.json'), 'utf8'));
      const manifest = JSON.parse(String(blob(index.manifests[0].digest)));
      const config = JSON.parse(String(blob(manifest.config.digest)));
      const layer = blob(manifest.layers[0].digest);
      assert.deepEqual(config.rootfs.diff_ids, [sha256(layer)]);
      assert.deepEqual(config.config.Entrypoint, ['/bin/tool']);
      assert.equal(manifest.layers[0].size, layer.length);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
