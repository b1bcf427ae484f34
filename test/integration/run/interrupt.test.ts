/** A run of the tests that is ended with Ctrl-C. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { cleanUp, processesOf } from '../../support/clean-up.ts';
import { run } from '../../../lib/process.ts';

describe('a run of the tests', function () {
  this.timeout(90_000);
  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  it('leaves no process, network, mount or file behind when it is interrupted', async () => {
    const child = spawn(process.execPath, ['test/run.ts', 'files', 'test/support/never-ending.ts'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const { started, lines } = await untilStarted(createInterface({ input: child.stdout }));
    const [mark = '', address = '', disk = ''] = started;
    try {
      assert.ok(processesOf(mark).length > 1, lines.join('\n'));
      assert.match(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(` ${disk} `));
      assert.match(await run('ip', ['route']), subnetOf(address));
      child.kill('SIGINT');
      assert.deepEqual((await exited)[0], 130);
      assert.deepEqual(processesOf(mark), []);
      assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(` ${disk} `));
      assert.doesNotMatch(await run('ip', ['route']), subnetOf(address));
      assert.equal(existsSync(disk), false);
    } finally {
      await cleanUp(mark, disk);
    }
  });
});

async function untilStarted(output: AsyncIterable<string>): Promise<{ started: string[]; lines: string[] }> {
  const lines: string[] = [];
  for await (const line of output) {
    lines.push(line);
    if (line.startsWith('started ')) return { started: line.split(' ').slice(1), lines };
  }
  throw new Error(`it did not start:\n${lines.join('\n')}`);
}

/** The link to the host that has this address, the second of four. */
function subnetOf(address: string): RegExp {
  const bytes = address.split('.').map(Number);
  return new RegExp(`^${[...bytes.slice(0, 3), (bytes[3] ?? 0) - 2].join('\\.')}/30 `, 'm');
}
