/** Control groups of version 2 by the kernel, which makes their files itself: below a root that is not there yet. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import type { Pod } from '../../../api/types/core.v1.ts';
import { FileCgroups } from '../../../node-agent/pods/cgroups.ts';

const MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

describe('control groups of version 2', () => {
  const mount = MOUNTS.find((each) => existsSync(path.join(each, 'cgroup.controllers')));
  const top = `dure-test-${randomBytes(3).toString('hex')}`;
  const levels = ['', 'a', 'a/node-1', 'a/node-1/besteffort', 'a/node-1/burstable'];

  before(function () {
    if (process.getuid?.() !== 0 || mount === undefined) this.skip();
  });
  after(() => {
    for (const level of levels.toReversed()) {
      const directory = path.join(mount ?? '', top, level);
      if (existsSync(directory)) rmdirSync(directory);
    }
  });

  it('are made level by level, each handing on what it has', async () => {
    const root = path.join('/', top, 'a', 'node-1');
    const cgroups = new FileCgroups({ root, mount: mount ?? '' });
    const pod = { metadata: { uid: 'web' }, spec: { containers: [{ name: 'c' }] } } as Pod;
    const group = path.join(mount ?? '', await cgroups.ensure(pod));
    assert.equal(readFileSync(path.join(group, 'cgroup.procs'), 'utf8'), '');
    const controllers = (directory: string): string => readFileSync(path.join(directory, 'cgroup.controllers'), 'utf8');
    assert.equal(controllers(group), controllers(path.join(mount ?? '', root)));
    await cgroups.remove('web');
    assert.equal(existsSync(group), false);
  });
});
