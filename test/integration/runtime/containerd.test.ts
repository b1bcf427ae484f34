import assert from 'node:assert/strict';
import path from 'node:path';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { IMAGES, REGISTRY_NAME } from '../../../cli/local/images.ts';
import { CriRuntime } from '../../../node-agent/runtime/cri-runtime.ts';
import type { ContainerConfig } from '../../../node-agent/runtime/port.ts';
import { COMMANDS, EventLog, containerConfig, runtimeContract, sandboxConfig } from '../../contract/runtime.ts';
import { createHost } from '../../support/host.ts';

describe('runtime on containerd', function () {
  this.timeout(60_000);
  let host: Awaited<ReturnType<typeof createHost>>;
  let runtime: CriRuntime;

  before(async () => {
    host = await createHost({ name: 'runtime' });
    runtime = new CriRuntime({ socket: host.containerd.socket, clock: systemClock, log: silentLog });
  });
  after(async () => {
    runtime?.close();
    await host?.destroy();
  });

  runtimeContract(() =>
    Promise.resolve({
      runtime,
      image: IMAGES.busybox,
      missingImage: `${REGISTRY_NAME}/missing:1`,
      logDirectory: path.join(host.directory, 'log', 'pods'),
      cgroupParent: host.cgroupParent,
    }),
  );

  async function start(command: string[], change: Partial<ContainerConfig> = {}): Promise<string> {
    const sandbox = sandboxConfig(path.join(host.directory, 'log', 'pods'), { cgroupParent: host.cgroupParent });
    const sandboxId = await runtime.runSandbox(sandbox);
    const id = await runtime.createContainer(sandboxId, containerConfig(IMAGES.busybox, command, change), sandbox);
    await runtime.startContainer(id);
    return id;
  }

  it('sees a container killed for its memory', async () => {
    const events = new EventLog(runtime);
    const eater = ['sh', '-c', 'dd if=/dev/zero of=/dev/null bs=100M count=1'];
    const id = await start(eater, { resources: { memoryLimitBytes: 16 << 20 } });
    await events.wait('oom', id);
    assert.equal((await events.wait('exited', id)).exitCode, 137);
    let status = await runtime.containerStatus(id);
    while (status.state === 'running') status = await runtime.containerStatus(id);
    assert.deepEqual([status.exitCode, status.reason], [137, 'OOMKilled']);
    events.stop();
  });

  it('changes the limits of a running container', async () => {
    const id = await start(COMMANDS.sleep, { resources: { memoryLimitBytes: 32 << 20, cpuShares: 512 } });
    await runtime.updateContainer(id, { memoryLimitBytes: 64 << 20 });
    const files = '/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes';
    const { stdout } = await runtime.execSync(id, ['sh', '-c', `cat ${files} 2>/dev/null`], 10);
    assert.equal(String(stdout).trim(), String(64 << 20));
  });

  it('says which command took too long', async () => {
    const id = await start(COMMANDS.sleep);
    await assert.rejects(runtime.execSync(id, ['sleep', '60'], 1), { name: 'RuntimeError', code: 'DeadlineExceeded' });
  });

  it('hides of /proc what containers must not see', async () => {
    const id = await start(COMMANDS.sleep);
    const { stdout } = await runtime.execSync(
      id,
      ['sh', '-c', 'wc -c < /proc/timer_list; cat /proc/sys/kernel/hostname'],
      10,
    );
    assert.equal(String(stdout), '0\npod\n');
  });

  it('does not report processes executed in a container as its end', async () => {
    const events = new EventLog(runtime);
    const id = await start(COMMANDS.sleep);
    await runtime.execSync(id, ['false'], 10);
    await runtime.stopContainer(id, 5);
    assert.equal((await events.wait('exited', id)).exitCode, 143);
    assert.equal(events.events.filter((event) => event.type === 'exited').length, 1);
    events.stop();
  });

  it('keeps containers and finds them again when containerd restarts', async () => {
    const events = new EventLog(runtime);
    await events.wait('resync');
    const id = await start(COMMANDS.sleep);
    await host.containerd.stop();
    await assert.rejects(runtime.listContainers(), { name: 'RuntimeError', code: 'Unavailable' });
    events.events.length = 0;
    await host.containerd.start();
    await events.wait('resync');
    assert.equal((await runtime.containerStatus(id)).state, 'running');
    await runtime.stopContainer(id, 5);
    assert.equal((await events.wait('exited', id)).exitCode, 143);
    events.stop();
  });

  it('is told of what ended while containerd was away', async () => {
    const events = new EventLog(runtime);
    const id = await start(['sh', '-c', 'while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 7']);
    const { stdout } = await runtime.execSync(id, ['sh', '-c', 'touch /tmp/end; echo ok'], 10);
    assert.equal(String(stdout), 'ok\n');
    await host.containerd.stop();
    await host.containerd.start();
    let status = await runtime.containerStatus(id);
    while (status.state === 'running') status = await runtime.containerStatus(id);
    assert.equal(status.exitCode, 7);
    events.stop();
  });

  it('says why a registry cannot be reached', async () => {
    await assert.rejects(runtime.pullImage(`${host.address}:1/none:1`, undefined), /connection refused/);
  });
});
