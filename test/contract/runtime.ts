/** What every container runtime promises (node-agent/runtime/port.ts). One suite for containerd and for memory. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  ContainerConfig,
  Runtime,
  RuntimeError,
  RuntimeEvent,
  SandboxConfig,
} from '../../node-agent/runtime/port.ts';

export interface RuntimeUnderTest {
  runtime: Runtime;
  /** An image with a shell that {@link Runtime.pullImage} can pull. */
  image: string;
  /** An image name of the same registry that does not exist. */
  missingImage: string;
  logDirectory: string;
  /** Empty for the runtime's own choice. */
  cgroupParent: string;
}

export const COMMANDS = {
  sleep: ['sh', '-c', 'trap "exit 143" TERM; sleep 3600 & wait'],
  stubborn: ['sh', '-c', 'trap "" TERM; sleep 3600 & wait; sleep 3600'],
  exit3: ['sh', '-c', 'exit 3'],
  succeed: ['true'],
  missing: ['/no/such/program'],
};

export function sandboxConfig(logDirectory: string, change: Partial<SandboxConfig> = {}): SandboxConfig {
  const uid = randomUUID();
  return {
    name: `pod-${uid.slice(0, 8)}`,
    namespace: 'default',
    uid,
    attempt: 0,
    hostname: 'pod',
    logDirectory: `${logDirectory}/${uid}`,
    dns: undefined,
    portMappings: [],
    labels: { 'io.kubernetes.pod.uid': uid },
    annotations: { note: 'kept' },
    cgroupParent: '',
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    security: { privileged: false, supplementalGroups: [] },
    shareProcessNamespace: false,
    sysctls: {},
    runtimeHandler: '',
    ...change,
  };
}

export function containerConfig(
  image: string,
  command: string[],
  change: Partial<ContainerConfig> = {},
): ContainerConfig {
  return {
    name: 'main',
    attempt: 0,
    image,
    command,
    args: [],
    workingDirectory: '',
    env: [],
    mounts: [],
    labels: { 'io.kubernetes.container.name': 'main' },
    annotations: {},
    logPath: 'main/0.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      privileged: false,
      readonlyRootfs: false,
      supplementalGroups: [],
      noNewPrivileges: false,
      addCapabilities: [],
      dropCapabilities: [],
      seccomp: 'Unconfined',
    },
    ...change,
  };
}

/** Keeps what a runtime reports and hands out promises for what is to come. */
export class EventLog {
  readonly events: RuntimeEvent[] = [];
  private readonly waiting = new Set<() => void>();
  readonly stop: () => void;

  constructor(runtime: Runtime) {
    this.stop = runtime.subscribe((event) => {
      this.events.push(event);
      for (const check of this.waiting) check();
    });
  }

  /** The first event, past or to come, that fits. The test's own time limit bounds the wait. */
  async wait<T extends RuntimeEvent['type']>(
    type: T,
    containerId?: string,
  ): Promise<Extract<RuntimeEvent, { type: T }>> {
    const find = (): RuntimeEvent | undefined =>
      this.events.find(
        (event) => event.type === type && (event.type === 'resync' || event.containerId === containerId),
      );
    return new Promise((resolve) => {
      const check = (): void => {
        const found = find();
        if (!found) return;
        this.waiting.delete(check);
        resolve(found as Extract<RuntimeEvent, { type: T }>);
      };
      this.waiting.add(check);
      check();
    });
  }
}

function isError(code: RuntimeError['code']): (error: unknown) => boolean {
  return (error) => error instanceof Error && error.name === 'RuntimeError' && (error as RuntimeError).code === code;
}

export function runtimeContract(make: () => Promise<RuntimeUnderTest>): void {
  let subject: RuntimeUnderTest;
  let runtime: Runtime;
  let events: EventLog;

  before(async () => {
    subject = await make();
    runtime = subject.runtime;
    await runtime.pullImage(subject.image, undefined);
  });
  beforeEach(() => {
    events = new EventLog(runtime);
  });
  afterEach(async () => {
    events.stop();
    for (const sandbox of await runtime.listSandboxes()) {
      await runtime.stopSandbox(sandbox.id);
      await runtime.removeSandbox(sandbox.id);
    }
  });

  function newSandbox(change: Partial<SandboxConfig> = {}): SandboxConfig {
    return sandboxConfig(subject.logDirectory, { cgroupParent: subject.cgroupParent, ...change });
  }

  async function started(command: string[], change: Partial<ContainerConfig> = {}): Promise<[string, string]> {
    const sandbox = newSandbox();
    const sandboxId = await runtime.runSandbox(sandbox);
    const config = containerConfig(subject.image, command, change);
    const id = await runtime.createContainer(sandboxId, config, sandbox);
    await runtime.startContainer(id);
    return [id, sandboxId];
  }

  it('names itself and has no problems', async () => {
    assert.equal((await runtime.version()).apiVersion, 'v1');
    assert.deepEqual(await runtime.problems(), []);
  });

  it('asks a new subscriber to list everything', async () => {
    await events.wait('resync');
  });

  it('runs a sandbox with an address and keeps what it was given', async () => {
    const config = newSandbox({ attempt: 2 });
    const id = await runtime.runSandbox(config);
    const status = await runtime.sandboxStatus(id);
    assert.equal(status.ready, true);
    assert.match(status.ips[0] ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    assert.deepEqual(
      [status.name, status.namespace, status.uid, status.attempt, status.labels, status.annotations],
      [config.name, config.namespace, config.uid, 2, config.labels, config.annotations],
    );
    const { ips: _ips, ...listed } = status;
    assert.deepEqual(await runtime.listSandboxes(), [listed]);
  });

  it('gives no address to a sandbox on the network of the host', async () => {
    const id = await runtime.runSandbox(newSandbox({ hostNetwork: true }));
    assert.deepEqual((await runtime.sandboxStatus(id)).ips, []);
  });

  it('stops and removes a sandbox with its containers, and again', async () => {
    const [id, sandboxId] = await started(COMMANDS.sleep);
    await runtime.stopSandbox(sandboxId);
    assert.equal((await runtime.sandboxStatus(sandboxId)).ready, false);
    await events.wait('exited', id);
    await events.wait('exited', sandboxId);
    await runtime.stopSandbox(sandboxId);
    await runtime.removeSandbox(sandboxId);
    assert.deepEqual([await runtime.listSandboxes(), await runtime.listContainers()], [[], []]);
    await runtime.stopSandbox(sandboxId);
    await runtime.removeSandbox(sandboxId);
  });

  it('takes a container from created over running to exited', async () => {
    const sandbox = newSandbox();
    const sandboxId = await runtime.runSandbox(sandbox);
    const config = containerConfig(subject.image, COMMANDS.exit3, { attempt: 4, annotations: { hash: 'x' } });
    const id = await runtime.createContainer(sandboxId, config, sandbox);
    const created = await runtime.containerStatus(id);
    assert.deepEqual([created.state, created.startedAt, created.finishedAt], ['created', undefined, undefined]);
    await runtime.startContainer(id);
    await events.wait('started', id);
    const exited = await events.wait('exited', id);
    assert.equal(exited.exitCode, 3);
    const status = await settled(id);
    assert.deepEqual(
      [status.exitCode, status.reason, status.name, status.attempt, status.annotations, status.sandboxId],
      [3, 'Error', 'main', 4, { hash: 'x' }, sandboxId],
    );
    assert.ok(status.startedAt && status.finishedAt);
    // The runtime notes a start once it is through: what ends at once may have ended before.
    assert.ok(Number(status.startedAt) - Number(status.finishedAt) < 1000);
    assert.equal(status.logPath, `${sandbox.logDirectory}/main/0.log`);
  });

  it('calls a clean end Completed', async () => {
    const [id] = await started(COMMANDS.succeed);
    assert.equal((await events.wait('exited', id)).exitCode, 0);
    assert.equal((await settled(id)).reason, 'Completed');
  });

  it('rejects a start that fails and says why in the status', async () => {
    const sandbox = newSandbox();
    const sandboxId = await runtime.runSandbox(sandbox);
    const id = await runtime.createContainer(sandboxId, containerConfig(subject.image, COMMANDS.missing), sandbox);
    await assert.rejects(runtime.startContainer(id), isError('Other'));
    const status = await runtime.containerStatus(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 128, 'StartError']);
    assert.match(status.message, /no such file/);
  });

  /** Before the shell has its trap, the kernel keeps the signal from it: it is the first process of its namespace. */
  async function untilItListens(id: string): Promise<void> {
    const catches = ['grep', '-q', '^SigCgt:.*[4-7c-f]...$', '/proc/1/status'];
    for (let left = 100; left > 0; left -= 1) {
      // grep ends with 1 when it finds nothing.
      if ((await runtime.execSync(id, catches, 10)).exitCode !== 1) return;
    }
    throw new Error('the container never set its trap');
  }

  it('stops with SIGTERM', async () => {
    const [id] = await started(COMMANDS.sleep);
    await untilItListens(id);
    await runtime.stopContainer(id, 30);
    assert.equal((await events.wait('exited', id)).exitCode, 143);
    await runtime.stopContainer(id, 30);
  });

  it('stops with SIGKILL what does not listen', async () => {
    const [id] = await started(COMMANDS.stubborn);
    await runtime.stopContainer(id, 1);
    assert.equal((await events.wait('exited', id)).exitCode, 137);
  });

  it('removes a running container, and again', async () => {
    const [id] = await started(COMMANDS.sleep);
    await runtime.removeContainer(id);
    await assert.rejects(runtime.containerStatus(id), isError('NotFound'));
    await runtime.removeContainer(id);
    await runtime.stopContainer(id, 1);
  });

  it('lists containers with the sandbox that they belong to', async () => {
    const [id, sandboxId] = await started(COMMANDS.sleep);
    const [listed, ...others] = await runtime.listContainers();
    assert.equal(others.length, 0);
    assert.deepEqual([listed?.id, listed?.sandboxId, listed?.state, listed?.name], [id, sandboxId, 'running', 'main']);
  });

  it('knows no sandbox and no container that was never made', async () => {
    await assert.rejects(runtime.sandboxStatus('nothing'), isError('NotFound'));
    await assert.rejects(runtime.containerStatus('nothing'), isError('NotFound'));
    await assert.rejects(runtime.startContainer('nothing'), isError('NotFound'));
  });

  it('runs a command in a container', async () => {
    const [id] = await started(COMMANDS.sleep);
    const result = await runtime.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 5'], 10);
    assert.deepEqual([result.exitCode, String(result.stdout), String(result.stderr)], [5, 'out\n', 'err\n']);
  });

  it('measures running containers', async () => {
    const [id, sandboxId] = await started(COMMANDS.sleep);
    const usage = (await runtime.usage()).find((item) => item.containerId === id);
    assert.deepEqual([usage?.sandboxId, usage?.name], [sandboxId, 'main']);
    assert.ok(usage && usage.cpuNanoseconds >= 0 && usage.memoryBytes > 0 && usage.timestamp > 0);
  });

  it('finds an image by every name it has, lists it, removes it and pulls it again', async () => {
    const image = await runtime.imageStatus(subject.image);
    assert.ok(image);
    assert.match(image.id, /^sha256:/);
    assert.ok(image.sizeBytes > 0);
    assert.deepEqual((await runtime.imageStatus(image.id))?.id, image.id);
    assert.ok((await runtime.listImages()).some((listed) => listed.id === image.id));
    await runtime.removeImage(subject.image);
    assert.equal(await runtime.imageStatus(subject.image), undefined);
    await runtime.removeImage(subject.image);
    assert.equal(await runtime.pullImage(subject.image, undefined), image.id);
  });

  it('rejects the pull of an image that is not there', async () => {
    await assert.rejects(runtime.pullImage(subject.missingImage, undefined), /not found/);
    assert.equal(await runtime.imageStatus(subject.missingImage), undefined);
  });

  /** The status once it has caught up with the exit event, which containerd's does some 50 ms later. */
  async function settled(id: string): ReturnType<Runtime['containerStatus']> {
    for (;;) {
      const status = await runtime.containerStatus(id);
      if (status.state === 'exited') return status;
    }
  }
}
