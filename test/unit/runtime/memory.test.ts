import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeClock, systemClock } from '../../../lib/clock.ts';
import type { Program } from '../../../node-agent/runtime/memory.ts';
import { MemoryRuntime } from '../../../node-agent/runtime/memory.ts';
import type { ContainerConfig } from '../../../node-agent/runtime/port.ts';
import { COMMANDS, EventLog, containerConfig, runtimeContract, sandboxConfig } from '../../contract/runtime.ts';

const PROGRAMS = new Map<string, Program>([
  [String(COMMANDS.stubborn), { onTerminate: 'ignore' }],
  [String(COMMANDS.exit3), { exitAfterMilliseconds: 0, exitCode: 3 }],
  [String(COMMANDS.succeed), { exitAfterMilliseconds: 0 }],
  [String(COMMANDS.missing), { startError: 'no such file or directory' }],
]);

function programOf(config: ContainerConfig): Program {
  return PROGRAMS.get(String(config.command)) ?? {};
}

describe('runtime in memory', () => {
  runtimeContract(() => {
    const runtime = new MemoryRuntime({
      clock: systemClock,
      program: programOf,
      exec: () => ({ exitCode: 5, stdout: 'out\n', stderr: 'err\n' }),
    });
    runtime.images.failPull('registry.test/missing:1', 'registry.test/missing:1: not found');
    return Promise.resolve({
      runtime,
      image: 'registry.test/busybox:1',
      missingImage: 'registry.test/missing:1',
      logDirectory: '/var/log/pods',
      cgroupParent: '',
    });
  });
});

describe('runtime in memory, on request', () => {
  const clock = new FakeClock();

  async function running(options: Partial<ConstructorParameters<typeof MemoryRuntime>[0]> = {}, directory = '/logs') {
    const runtime = new MemoryRuntime({ clock, ...options });
    runtime.images.add('busybox');
    const sandbox = sandboxConfig(directory);
    const sandboxId = await runtime.runSandbox(sandbox);
    const id = await runtime.createContainer(sandboxId, containerConfig('busybox', COMMANDS.sleep), sandbox);
    await runtime.startContainer(id);
    return { runtime, id, sandboxId, events: new EventLog(runtime) };
  }

  it('ends containers and sandboxes', async () => {
    const { runtime, id, sandboxId, events } = await running();
    runtime.outOfMemory(id);
    await events.wait('oom', id);
    assert.equal((await events.wait('exited', id)).exitCode, 137);
    assert.equal((await runtime.containerStatus(id)).reason, 'OOMKilled');
    runtime.crashSandbox(sandboxId);
    await events.wait('exited', sandboxId);
    assert.equal((await runtime.sandboxStatus(sandboxId)).ready, false);
  });

  it('ends a program after its time on the clock', async () => {
    const { runtime, id, events } = await running({ program: () => ({ exitAfterMilliseconds: 500, exitCode: 2 }) });
    clock.advance(499);
    assert.equal((await runtime.containerStatus(id)).state, 'running');
    clock.advance(1);
    assert.equal((await events.wait('exited', id)).exitCode, 2);
  });

  it('lets the status lag behind the event', async () => {
    const { runtime, id, events } = await running({ statusLagMilliseconds: 60 });
    runtime.exit(id, 1);
    await events.wait('exited', id);
    assert.equal((await runtime.containerStatus(id)).state, 'running');
    clock.advance(60);
    assert.equal((await runtime.containerStatus(id)).state, 'exited');
  });

  it('fails pulls as often as told', async () => {
    const { runtime } = await running();
    runtime.images.failPull('nginx:1', 'no route to host', 2);
    await assert.rejects(runtime.pullImage('nginx:1', undefined), /no route/);
    await assert.rejects(runtime.pullImage('docker.io/library/nginx:1', undefined), /no route/);
    await runtime.pullImage('nginx:1', undefined);
  });

  it('goes away and comes back with its containers', async () => {
    const { runtime, id, events } = await running();
    await events.wait('resync');
    runtime.disconnect();
    await assert.rejects(runtime.listContainers(), { name: 'RuntimeError', code: 'Unavailable' });
    runtime.exit(id, 0);
    events.events.length = 0;
    runtime.reconnect();
    await events.wait('resync');
    assert.deepEqual(events.events, [{ type: 'resync' }]);
    assert.equal((await runtime.containerStatus(id)).state, 'exited');
  });

  it('writes log files', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'runtime-memory-'));
    try {
      const { runtime, id } = await running({ writeLogs: true }, directory);
      runtime.log(id, 'stderr', 'one', 'two');
      const { logPath } = await runtime.containerStatus(id);
      assert.match(readFileSync(logPath, 'utf8'), /^\S+Z stderr F one\n\S+Z stderr F two\n$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
