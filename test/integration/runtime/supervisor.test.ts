import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { defaultContainerdConfig } from '../../../node-agent/runtime/config.ts';
import { ContainerdSupervisor } from '../../../node-agent/runtime/containerd.ts';
import { CriRuntime } from '../../../node-agent/runtime/cri-runtime.ts';
import { EventLog } from '../../contract/runtime.ts';

describe('containerd, supervised', function () {
  this.timeout(60_000);
  let directory: string;
  let runtime: CriRuntime;
  const supervisors: ContainerdSupervisor[] = [];

  function supervisor(program = 'containerd'): ContainerdSupervisor {
    const created = new ContainerdSupervisor({
      config: defaultContainerdConfig(path.join(directory, 'lib'), path.join(directory, 'run')),
      logFile: path.join(directory, 'containerd.log'),
      probe: () => runtime.version(),
      program,
      clock: systemClock,
      log: silentLog,
    });
    supervisors.push(created);
    return created;
  }

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'supervised-'));
    const socket = path.join(directory, 'run', 'containerd', 'containerd.sock');
    runtime = new CriRuntime({ socket, clock: systemClock, log: silentLog });
  });
  afterEach(async () => {
    for (const each of supervisors.splice(0)) await each.shutDown();
    runtime.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('outlives its supervisor and is adopted by the next one', async () => {
    const first = supervisor();
    await first.start();
    const { pid } = first;
    assert.ok(pid);
    await first.stop();
    assert.equal((await runtime.version()).name, 'containerd');
    const second = supervisor();
    await second.start();
    assert.equal(second.pid, pid);
  });

  it('is started again when it dies', async () => {
    const events = new EventLog(runtime);
    const supervised = supervisor();
    await supervised.start();
    await events.wait('resync');
    const { pid } = supervised;
    assert.ok(pid);
    events.events.length = 0;
    process.kill(pid, 'SIGKILL');
    await events.wait('resync');
    assert.notEqual(supervised.pid, pid);
    events.stop();
  });

  it('that can not start is an error in its own words', async () => {
    await assert.rejects(supervisor('/no/such/containerd').start(), /ENOENT/);
    await assert.rejects(supervisor('/bin/false').start(), /ended/);
  });
});
