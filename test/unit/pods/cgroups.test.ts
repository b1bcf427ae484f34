import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileCgroups } from '../../../node-agent/pods/cgroups.ts';
import { container, pod } from './harness.ts';

/** On plain directories, which is what control groups look like to whoever makes them; integration tests use the kernel's. */
describe('control groups of pods', () => {
  let mount: string;
  beforeEach(() => {
    mount = mkdtempSync(path.join(tmpdir(), 'dure-cgroups-'));
  });
  afterEach(() => rmSync(mount, { recursive: true, force: true }));

  const burstable = pod({ containers: [container({ resources: { requests: { cpu: '500m' } } })] });

  it('makes one to be weighed, by class, and removes what the runtime made in every hierarchy of version 1', async () => {
    for (const name of ['cpu', 'memory', 'pids', 'devices']) mkdirSync(path.join(mount, name));
    const shares = path.join(mount, 'cpu', 'dure', 'burstable', 'poduid-web', 'cpu.shares');
    mkdirSync(path.dirname(shares), { recursive: true });
    writeFileSync(shares, '1024');
    const cgroups = new FileCgroups({ root: '/dure', mount });
    assert.equal(await cgroups.ensure(burstable), '/dure/burstable/poduid-web');
    assert.equal(readFileSync(shares, 'utf8'), '512');
    assert.equal(await cgroups.ensure(pod()), '/dure/besteffort/poduid-web');
    rmSync(shares);
    // The runtime makes them in every hierarchy, with the containers' own below.
    for (const name of ['memory', 'pids', 'devices']) {
      mkdirSync(path.join(mount, name, 'dure', 'burstable', 'poduid-web', 'container'), { recursive: true });
    }
    await cgroups.remove('uid-web');
    await cgroups.remove('uid-web');
    for (const name of ['cpu', 'memory', 'pids', 'devices']) {
      for (const qos of ['burstable', 'besteffort']) {
        assert.equal(existsSync(path.join(mount, name, 'dure', qos, 'poduid-web')), false);
      }
    }
  });

  it('weighs the burstable pods again only when they ask for something else', async () => {
    mkdirSync(path.join(mount, 'cpu', 'dure', 'burstable'), { recursive: true });
    const shares = path.join(mount, 'cpu', 'dure', 'burstable', 'cpu.shares');
    writeFileSync(shares, '1024');
    const cgroups = new FileCgroups({ root: '/dure', mount });
    await cgroups.weigh(500);
    assert.equal(readFileSync(shares, 'utf8'), '512');
    writeFileSync(shares, 'untouched');
    await cgroups.weigh(500);
    assert.equal(readFileSync(shares, 'utf8'), 'untouched');
    await cgroups.weigh(1000);
    assert.equal(readFileSync(shares, 'utf8'), '1024');
  });

  it('hands the controllers that are there down each level of version 2', async () => {
    const levels = ['', 'dure', 'dure/burstable', 'dure/besteffort', 'dure/burstable/poduid-web'];
    for (const level of levels) {
      mkdirSync(path.join(mount, level), { recursive: true });
      writeFileSync(path.join(mount, level, 'cgroup.controllers'), 'cpuset cpu pids\n');
      writeFileSync(path.join(mount, level, 'cpu.weight'), '100');
    }
    const cgroups = new FileCgroups({ root: '/dure', mount });
    await cgroups.ensure(burstable);
    await cgroups.weigh(1000);
    const read = (level: string, file: string): string => readFileSync(path.join(mount, level, file), 'utf8');
    for (const level of levels) assert.equal(read(level, 'cgroup.subtree_control'), '+cpu +pids', level);
    assert.equal(read('dure/burstable/poduid-web', 'cpu.weight'), '20');
    assert.equal(read('dure/burstable', 'cpu.weight'), '39');
    assert.equal(read('dure/besteffort', 'cpu.weight'), '1');
  });
});
