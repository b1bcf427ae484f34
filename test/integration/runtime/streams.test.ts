import assert from 'node:assert/strict';
import path from 'node:path';
import { IMAGES } from '../../../cli/local/images.ts';
import { CHANNEL, type StreamWanted } from '../../../api/streams.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { CriRuntime } from '../../../node-agent/runtime/cri-runtime.ts';
import type { ContainerConfig } from '../../../node-agent/runtime/port.ts';
import { StreamServer } from '../../../node-agent/streams/serve.ts';
import { UsageMeter } from '../../../node-agent/streams/usage.ts';
import { COMMANDS, containerConfig, sandboxConfig } from '../../contract/runtime.ts';
import { createHost } from '../../support/host.ts';
import { FakeStreamEnd, NO_DIALING } from '../../support/stream-end.ts';

describe('streams on containerd', function () {
  this.timeout(60_000);
  let host: Awaited<ReturnType<typeof createHost>>;
  let runtime: CriRuntime;
  let server: StreamServer;
  let containerId: string;
  let sandboxId: string;

  before(async () => {
    host = await createHost({ name: 'streams' });
    runtime = new CriRuntime({ socket: host.containerd.socket, clock: systemClock, log: silentLog });
    await runtime.pullImage(IMAGES.busybox, undefined);
    await runtime.pullImage(IMAGES.hello, undefined);
    const pods = {
      container: async () => {
        const status = await runtime.containerStatus(containerId);
        return { id: containerId, logPath: status.logPath, running: status.state === 'running', isFrozen: false };
      },
      sandboxId: () => Promise.resolve(sandboxId),
      holds: () => false,
      podOf: (id: string) => (id === sandboxId ? { namespace: 'default', name: 'web' } : undefined),
    };
    const usage = new UsageMeter({ runtime, pods, clock: systemClock });
    server = new StreamServer({ runtime, pods, usage, dialing: NO_DIALING, clock: systemClock, log: silentLog });
    await start(COMMANDS.sleep);
  });
  after(async () => {
    runtime?.close();
    await host?.destroy();
  });

  async function start(command: string[], change: Partial<ContainerConfig> = {}): Promise<void> {
    const sandbox = sandboxConfig(path.join(host.directory, 'log', 'pods'), { cgroupParent: host.cgroupParent });
    sandboxId = await runtime.runSandbox(sandbox);
    const config = containerConfig(change.image ?? IMAGES.busybox, command, change);
    containerId = await runtime.createContainer(sandboxId, config, sandbox);
    await runtime.startContainer(containerId);
  }

  function exec(command: string[], change: Partial<Extract<StreamWanted, { kind: 'exec' | 'attach' }>> = {}) {
    const pod = { namespace: 'default', pod: 'web', uid: '', container: 'main' };
    const streams = { stdin: false, stdout: true, stderr: true, tty: false };
    const end = new FakeStreamEnd();
    const served = server.serve({ kind: 'exec', ...pod, ...streams, command, ...change }, end);
    return { end, served };
  }

  it('exec gives both outputs and the exit code as Kubernetes does', async () => {
    const { end, served } = exec(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    await served;
    assert.deepEqual([end.text(CHANNEL.stdout), end.text(CHANNEL.stderr)], ['out\n', 'err\n']);
    const { status, reason, details, message } = end.status;
    assert.deepEqual(
      [status, reason, details?.causes],
      ['Failure', 'NonZeroExitCode', [{ reason: 'ExitCode', message: '3' }]],
    );
    assert.match(String(message), /exit code/);
  });

  it('exec ends well with Success', async () => {
    const { end, served } = exec(['true']);
    await served;
    assert.equal(end.status.status, 'Success');
  });

  it('exec passes input and its end', async () => {
    const { end, served } = exec(['sh', '-c', 'cat; echo done'], { stdin: true });
    end.input(CHANNEL.stdin, 'hello\n');
    await end.until(CHANNEL.stdout, 'hello');
    end.input(CHANNEL.stdin, '', true);
    await served;
    assert.equal(end.text(CHANNEL.stdout), 'hello\ndone\n');
  });

  it('exec carries 20 MB each way', async () => {
    const size = 20 << 20;
    const { end, served } = exec(['cat'], { stdin: true });
    const piece = Buffer.alloc(64 << 10, 'b');
    for (let sent = 0; sent < size; sent += piece.length) end.input(CHANNEL.stdin, piece);
    end.input(CHANNEL.stdin, '', true);
    await served;
    assert.equal(end.bytes(CHANNEL.stdout).length, size);
  });

  it('exec reads 20 MB', async () => {
    const size = 20 << 20;
    const { end, served } = exec(['wc', '-c'], { stdin: true });
    const piece = Buffer.alloc(64 << 10, 'b');
    for (let sent = 0; sent < size; sent += piece.length) end.input(CHANNEL.stdin, piece);
    end.input(CHANNEL.stdin, '', true);
    await served;
    assert.equal(end.text(CHANNEL.stdout).trim(), String(size));
  });

  it('exec writes 20 MB', async () => {
    const { end, served } = exec(['dd', 'if=/dev/zero', 'bs=1M', 'count=20']);
    await served;
    assert.equal(end.bytes(CHANNEL.stdout).length, 20 << 20);
  });

  it('exec on a terminal of a given size', async () => {
    const { end, served } = exec(['cat'], { stdin: true, tty: true });
    end.input(CHANNEL.resize, JSON.stringify({ Width: 99, Height: 33 }));
    // Asked for from outside: containerd 1.6 now and then holds back or drops what is printed on a terminal.
    const untilSized = 'until stty -F /dev/pts/0 size 2>/dev/null | grep -q "^33 99$"; do sleep 0.02; done';
    assert.equal((await runtime.execSync(containerId, ['sh', '-c', untilSized], 20)).exitCode, 0);
    end.input(CHANNEL.stdin, 'echoed\n');
    await end.until(CHANNEL.stdout, 'echoed');
    end.input(CHANNEL.stdin, '\x04');
    await served;
    assert.deepEqual([end.status.status, end.text(CHANNEL.stderr)], ['Success', '']);
  });

  it('exec says which program is missing', async () => {
    const { end, served } = exec(['/no/such/program']);
    await served;
    assert.equal(end.status.status, 'Failure');
    assert.match(String(end.status.message), /no such file/);
  });

  it('exec ends with the one who asked for it', async () => {
    const { end, served } = exec(['sh', '-c', 'echo here; exec cat'], { stdin: true });
    await end.until(CHANNEL.stdout, 'here');
    end.abort();
    await served;
  });

  it('logs follow to the end of the container', async () => {
    await start(['sh', '-c', 'echo one; echo two >&2; while [ ! -e /tmp/end ]; do sleep 0.05; done; echo three']);
    const end = new FakeStreamEnd();
    const pod = { namespace: 'default', pod: 'web', uid: '', container: 'main' };
    const served = server.serve({ kind: 'logs', ...pod, follow: true }, end);
    await end.until(CHANNEL.stdout, 'two');
    await exec(['touch', '/tmp/end']).served;
    await served;
    assert.deepEqual(end.text(CHANNEL.stdout).trim().split('\n').toSorted(), ['one', 'three', 'two']);
    assert.ok(end.text(CHANNEL.stdout).endsWith('three\n'));
  });

  it('attach shows what the first process says and takes what it reads', async () => {
    await start(['sh', '-c', 'read line; echo got $line; exit 4'], { stdin: true, stdinOnce: true });
    const { end, served } = exec([], { kind: 'attach', stdin: true });
    end.input(CHANNEL.stdin, 'words\n');
    await served;
    assert.equal(end.text(CHANNEL.stdout), 'got words\n');
  });

  it('port-forward reaches the pod, and says when nothing listens', async () => {
    await start([], { image: IMAGES.hello, command: [] });
    const ready = ['sh', '-c', 'until wget -q -O /dev/null http://127.0.0.1:8080/healthz; do sleep 0.05; done'];
    await exec(ready).served;
    const pod = { kind: 'portforward', namespace: 'default', pod: 'web', uid: '' } as const;
    const end = new FakeStreamEnd();
    end.input(CHANNEL.stdin, 'GET / HTTP/1.0\r\n\r\n');
    await server.serve({ ...pod, port: 8080 }, end);
    assert.match(end.text(CHANNEL.stdout), /Hello from pod/);
    assert.equal(end.status.status, 'Success');
    const refused = new FakeStreamEnd();
    await server.serve({ ...pod, port: 1 }, refused);
    assert.match(String(refused.status.message), /refused/);
  });

  it('usage names the containers of pods', async () => {
    const end = new FakeStreamEnd();
    await server.serve({ kind: 'usage' }, end);
    const usage = JSON.parse(end.text(CHANNEL.stdout)) as { node: { memory: number }; pods: { name: string }[] };
    assert.ok(usage.node.memory > 0);
    assert.deepEqual(
      usage.pods.map(({ name }) => name),
      ['web'],
    );
  });
});
