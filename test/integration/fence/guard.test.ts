/** The guard's program by the shells that hosts have, with files in place of control groups. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LeaseFile, machineUptime } from '../../../node-agent/fence/lease-file.ts';
import { eventually } from '../../support/eventually.ts';

const PROGRAM = fileURLToPath(new URL('../../../node-agent/fence/guard.sh', import.meta.url));
const SHELLS = [['sh'], ['busybox', 'sh'], ['bash']];

for (const shell of SHELLS) {
  describe(`the guard by ${shell.join(' ')}`, function () {
    this.timeout(30_000);
    let directory: string;
    let group: string;
    let file: LeaseFile;
    let guard: ChildProcess;
    let end: Promise<unknown>;

    before(function () {
      if (spawnSync(shell[0] ?? '', ['--help']).error) this.skip();
    });
    beforeEach(async () => {
      directory = await mkdtemp(path.join(tmpdir(), 'dure guard-'));
      group = path.join(directory, 'a pod');
      mkdirSync(group);
      file = new LeaseFile(directory);
    });
    afterEach(async () => {
      if (guard.exitCode === null && guard.signalCode === null) guard.kill('SIGKILL');
      await end;
      await rm(directory, { recursive: true });
    });

    const named = (groups: string[]) => ({ version: 'v1', groupsOf: () => groups }) as const;
    function lease(milliseconds: number, groups: string[]): void {
      file.write({ provenAt: machineUptime(), milliseconds }, ['db'], named(groups));
    }
    function start(): void {
      const [program = '', ...args] = shell;
      // In a group of its own, as an agent starts it.
      guard = spawn(program, [...args, PROGRAM, directory], { detached: true, stdio: 'ignore' });
      end = once(guard, 'exit');
    }

    it('freezes when the lease is over', async () => {
      const state = path.join(group, 'freezer.state');
      writeFileSync(state, 'THAWED\n');
      lease(100, [group]);
      start();
      const isFrozen = (): boolean => readFileSync(state, 'utf8') === 'FROZEN\n';
      await eventually('it has frozen the group', () => Promise.resolve(isFrozen() || undefined));
    });

    it('ends nothing that an agent has let go just now', async () => {
      const state = path.join(group, 'freezer.state');
      execFileSync('mkfifo', [state]);
      const victim = spawn('sleep', ['60'], { stdio: 'ignore' });
      await writeFile(path.join(group, 'cgroup.procs'), `0\n${victim.pid}\n`);
      try {
        lease(-1000, [group]);
        start();
        assert.equal(await readFile(state, 'utf8'), 'FROZEN\n');
        // Opened as soon as the guard looks whether it is frozen, having seen that the lease is over.
        const looked = await open(state, 'w');
        lease(100, []);
        await looked.writeFile('THAWED\n');
        await looked.close();
        await end;
        assert.equal(guard.exitCode, 0, 'nothing is left to guard');
        assert.equal(victim.signalCode, null);
      } finally {
        victim.kill('SIGKILL');
      }
    });

    it('ends what does not freeze, and not itself', async () => {
      const victim = spawn('sleep', ['60'], { stdio: 'ignore' });
      const ended = once(victim, 'exit');
      mkdirSync(path.join(group, 'container'));
      await writeFile(path.join(group, 'cgroup.procs'), '0\n');
      await writeFile(path.join(group, 'container', 'cgroup.procs'), `${victim.pid}\n`);
      file.write({ provenAt: machineUptime(), milliseconds: -1000 }, ['db'], { ...named([group]), version: 'none' });
      start();
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      lease(-1000, []);
      await end;
      assert.equal(guard.exitCode, 0);
    });

    it('goes when the pods have gone though no agent says so', async () => {
      lease(-1000, [path.join(directory, 'gone')]);
      start();
      await end;
      assert.equal(guard.exitCode, 0);
    });
  });
}
