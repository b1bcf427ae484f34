import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeClock } from '../../../lib/clock.ts';
import { DataDirectoryInUseError, DataLock } from '../../../lib/data-lock.ts';
import { readFlags } from '../../../lib/flags.ts';
import { silentLog } from '../../../lib/log.ts';
import { Agent } from '../../../node-agent/agent.ts';
import { agentProgram } from '../../../node-agent/flags.ts';

describe('the data directory of an agent', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'dure-agent-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const lock = (pid: number): DataLock => new DataLock({ directory, holder: 'agent', pid });
  async function withOther(work: (pid: number) => Promise<void>): Promise<void> {
    const other = spawn('sleep', ['60']);
    try {
      await work(other.pid ?? 0);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
  }

  it('is no other agent’s, which touches nothing in it', async () => {
    await withOther(async (pid) => {
      lock(pid).acquire();
      const args = ['--server=https://127.0.0.1:1', '--node-name=n', '--node-address=127.0.0.1'];
      const flags = readFlags(agentProgram, [...args, `--data-dir=${directory}`, `--run-dir=${directory}/run`], {});
      assert.ok(flags);
      const agent = new Agent({ flags, clock: new FakeClock(), log: silentLog });
      const message = `${directory} is in use by another agent (process ${pid})`;
      await assert.rejects(agent.start(), new DataDirectoryInUseError(message));
      assert.deepEqual(readdirSync(directory).toSorted(), ['agent.lock', 'run']);
    });
  });

  it('is free again when the agent has died, or has stopped', async () => {
    await withOther((pid) => Promise.resolve(lock(pid).acquire()));
    lock(process.pid).acquire();
    assert.throws(() => lock(process.ppid).acquire(), DataDirectoryInUseError);
    lock(process.pid).release();
    lock(process.ppid).acquire();
  });
});
