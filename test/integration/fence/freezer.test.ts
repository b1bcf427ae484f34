/** Real processes in real control groups: of version 1 where they are mounted, and of version 2. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../lib/log.ts';
import { isAlive, type ProcessIdentity, signal } from '../../../lib/process.ts';
import { FileFreezer, killAtOnce, type FreezerVersion } from '../../../node-agent/fence/freezer.ts';
import { GuardProcess } from '../../../node-agent/fence/guard.ts';
import { LeaseFile, machineUptime } from '../../../node-agent/fence/lease-file.ts';
import { eventually } from '../../support/eventually.ts';

const MOUNTS: Record<'v1' | 'v2', readonly string[]> = {
  v1: ['/sys/fs/cgroup'],
  v2: ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'],
};

function mountOf(version: 'v1' | 'v2'): string | undefined {
  const root = '/dure-none';
  return MOUNTS[version].find((mount) => new FileFreezer({ root, mount, killProcess: killAtOnce }).version === version);
}

for (const version of ['v1', 'v2'] as const) {
  describe(`freezing with control groups ${version}`, () => {
    const root = `/dure-test-fence-${process.pid}`;
    let freezer: FileFreezer;
    let group: string;
    let directory: string;
    let program: ChildProcess;
    let ended: Promise<NodeJS.Signals | null>;

    before(function () {
      const mount = process.getuid?.() === 0 ? mountOf(version) : undefined;
      if (mount === undefined) this.skip();
      freezer = new FileFreezer({ root, mount, killProcess: killAtOnce });
      assert.equal(freezer.version satisfies FreezerVersion, version);
    });
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'dure-freezer-'));
      group = freezer.groupsOf('db')[1] ?? '';
      mkdirSync(join(group, 'container'), { recursive: true });
      // Says all the time that it runs, and what it does on being asked to end.
      const words = `trap 'echo asked >> ${directory}/asked' TERM; while :; do echo x >> ${directory}/witness; done`;
      program = spawn('sh', ['-c', `echo $$ > ${group}/container/cgroup.procs; ${words}`], { stdio: 'ignore' });
      ended = new Promise((resolve) => program.once('exit', (_code, by) => resolve(by)));
      await grows();
    });
    afterEach(async () => {
      freezer.kill('db');
      await ended;
      for (const each of [join(group, 'container'), group, join(group, '..'), join(group, '../..')]) {
        await eventually('the group is empty', () => Promise.resolve(isRemoved(each) || undefined));
      }
      await rm(directory, { recursive: true });
    });

    const length = (): number => (existsSync(`${directory}/witness`) ? statSync(`${directory}/witness`).size : 0);
    const frozen = (): Promise<true> =>
      eventually('it is frozen', () => Promise.resolve(freezer.stateOf('db') === 'frozen' || undefined));
    async function grows(): Promise<void> {
      const before = length();
      await eventually('the program goes on', () => Promise.resolve(length() > before || undefined));
    }

    it('stops everything of a pod, and lets it go on where it was', async () => {
      assert.equal(freezer.stateOf('db'), 'running');
      assert.equal(freezer.stateOf('other'), 'absent');
      freezer.freeze('db');
      await frozen();
      const before = length();
      // What is started in it meanwhile does not run either.
      const late = spawn('sh', ['-c', `echo $$ > ${group}/container/cgroup.procs; echo late >> ${directory}/late`]);
      await eventually('it has entered', () =>
        Promise.resolve(readFileSync(`${group}/container/cgroup.procs`, 'utf8').includes(`${late.pid}`) || undefined),
      );
      assert.equal(length(), before);
      assert.ok(!existsSync(`${directory}/late`));
      const left = new Promise((resolve) => late.once('exit', resolve));
      freezer.thaw('db');
      assert.equal(freezer.stateOf('db'), 'running');
      await left;
      await grows();
      assert.ok(existsSync(`${directory}/late`));
    });

    it('ends what is frozen without another of its instructions', async () => {
      freezer.freeze('db');
      await frozen();
      const before = length();
      program.kill('SIGTERM');
      freezer.kill('db');
      assert.equal(await ended, 'SIGKILL');
      assert.equal(length(), before);
      assert.ok(!existsSync(`${directory}/asked`), 'nor did it see what else it was sent');
    });

    it('ends what runs, with what it starts meanwhile', async () => {
      freezer.kill('db');
      assert.equal(await ended, 'SIGKILL');
    });

    describe('by the guard', () => {
      let guard: GuardProcess;
      let file: LeaseFile;
      beforeEach(() => {
        file = new LeaseFile(directory);
        guard = new GuardProcess({ directory, log: silentLog });
      });
      const identity = (): ProcessIdentity | undefined =>
        existsSync(`${directory}/guard.json`)
          ? (JSON.parse(readFileSync(`${directory}/guard.json`, 'utf8')) as ProcessIdentity)
          : undefined;
      const started = (): Promise<ProcessIdentity> => eventually('it was started', () => Promise.resolve(identity()));
      afterEach(async () => {
        const process = await started();
        signal(process, 'SIGKILL');
      });

      it('freezes when nobody renews the lease, and not before', async () => {
        file.write({ provenAt: machineUptime(), milliseconds: 600 }, ['db'], freezer);
        guard.ensure();
        await started();
        file.write({ provenAt: machineUptime(), milliseconds: 600 }, ['db'], freezer);
        const dueAt = machineUptime() + 1000;
        await frozen();
        assert.ok(machineUptime() >= dueAt - 20, 'it acts when the last lease is over');
        assert.ok(isAlive(await started()), 'it goes on guarding');
        const again = new GuardProcess({ directory, log: silentLog });
        again.ensure();
        assert.deepEqual(identity(), await started(), 'another agent finds it');
      });

      it('ends what it can not freeze', async () => {
        const none = { version: 'none', groupsOf: (uid: string) => freezer.groupsOf(uid) } as const;
        file.write({ provenAt: machineUptime(), milliseconds: 0 }, ['db'], none);
        guard.ensure();
        assert.equal(await ended, 'SIGKILL');
      });

      it('ends when there is nothing to guard', async () => {
        file.write({ provenAt: machineUptime(), milliseconds: 600 }, ['db'], freezer);
        guard.ensure();
        const process = await started();
        file.write({ provenAt: machineUptime(), milliseconds: 0 }, [], freezer);
        await eventually('it has ended', () => Promise.resolve(!isAlive(process) || undefined));
        writeFileSync(`${directory}/lease`, '');
      });
    });
  });
}

function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}
