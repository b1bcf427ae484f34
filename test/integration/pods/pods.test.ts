import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { IMAGES, REGISTRY_NAME } from '../../../cli/local/images.ts';
import type { Container, Pod, PodSpec } from '../../../api/types/core.v1.ts';
import { createHost } from '../../support/host.ts';
import { RealNode } from './real-node.ts';

const SLEEP = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];

function main(change: Partial<Container> = {}): Container {
  return {
    name: 'main',
    image: IMAGES.busybox,
    command: SLEEP,
    imagePullPolicy: 'IfNotPresent',
    resources: {},
    ...change,
  };
}

function pod(name: string, spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: { containers: [main()], restartPolicy: 'Always', terminationGracePeriodSeconds: 5, ...spec },
    status: {},
  };
}

function deleted(of: Pod): Pod {
  const deletion = { deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: 5 };
  return { ...of, metadata: { ...of.metadata, ...deletion } };
}

describe('pods on containerd', function () {
  this.timeout(60_000);
  let host: Awaited<ReturnType<typeof createHost>>;
  let node: RealNode;

  before(async () => {
    host = await createHost({ name: 'pods' });
    node = new RealNode(host);
    await node.manager.start();
  });
  after(async () => {
    try {
      await node?.close();
    } finally {
      await host?.destroy();
    }
  });

  it('runs init containers first, and gives containers their environment, name and resolv.conf', async () => {
    const shared = [{ name: 'shared', mountPath: '/shared' }];
    const init = main({ name: 'init', command: ['sh', '-c', 'echo made > /shared/file'], volumeMounts: shared });
    const env = [
      { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ];
    const spec = {
      initContainers: [init],
      containers: [main({ env, volumeMounts: shared })],
      volumes: [{ name: 'shared', emptyDir: {} }],
      hostAliases: [{ ip: '192.0.2.9', hostnames: ['elsewhere'] }],
      hostname: 'first',
    };
    node.apply(pod('init', spec));
    await node.until('it is ready', () => node.condition('init', 'Ready') === 'True');
    const status = node.statuses.get('uid-init');
    assert.equal(status?.initContainerStatuses?.[0]?.state.terminated?.reason, 'Completed');
    const seen = await node.exec(
      'init',
      'sh',
      '-c',
      'cat /shared/file; echo $ME $IP; hostname; cat /etc/resolv.conf /etc/hosts',
    );
    assert.match(seen, new RegExp(`^made\ninit ${status?.podIP}\nfirst\n`));
    assert.match(seen, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m);
    assert.match(seen, /^nameserver 10\.96\.0\.10$/m);
    assert.match(seen, /^192\.0\.2\.9\telsewhere$/m);
    assert.match(seen, new RegExp(`^${status?.podIP}\tfirst$`, 'm'));
  });

  it('holds a crashing container back and tells its last words', async () => {
    const command = ['sh', '-c', 'echo sorry > /dev/termination-log; exit 3'];
    node.apply(pod('crash', { containers: [main({ command })] }));
    await node.until('it backs off', () => node.container('crash')?.state.waiting?.reason === 'CrashLoopBackOff');
    await node.until(
      'its last words are told',
      () => node.container('crash')?.lastState.terminated?.message === 'sorry\n',
    );
    const last = node.container('crash')?.lastState.terminated;
    assert.deepEqual([last?.exitCode, last?.reason], [3, 'Error']);
    assert.equal(node.container('crash')?.restartCount, 1);
  });

  it('takes a pod whose readiness fails out, and back in', async () => {
    const readinessProbe = {
      exec: { command: ['test', '!', '-e', '/tmp/sick'] },
      periodSeconds: 1,
      failureThreshold: 1,
    };
    node.apply(
      pod('probe', { containers: [main({ readinessProbe, command: ['sh', '-c', 'mkdir -p /tmp; sleep 1000'] })] }),
    );
    await node.until('it is ready', () => node.condition('probe', 'Ready') === 'True');
    await node.exec('probe', 'touch', '/tmp/sick');
    await node.until('it is unready', () => node.condition('probe', 'Ready') === 'False');
    assert.equal(node.container('probe')?.restartCount, 0);
    await node.exec('probe', 'rm', '/tmp/sick');
    await node.until('it is ready again', () => node.condition('probe', 'Ready') === 'True');
  });

  it('restarts what fails to live', async () => {
    const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 };
    node.apply(pod('alive', { containers: [main({ livenessProbe })] }));
    await node.until('it was restarted', () => (node.container('alive')?.restartCount ?? 0) > 0);
    assert.ok(node.events.some(({ message }) => message === 'Container main failed liveness probe, will be restarted'));
  });

  it('runs preStop to its end before the container gets SIGTERM, and leaves nothing', async () => {
    const command = ['sh', '-c', 'trap "echo term >> /out/order; exit 0" TERM; while :; do sleep 0.1; done'];
    const preStop = { exec: { command: ['sh', '-c', 'sleep 0.5; echo hook >> /out/order'] } };
    const out = path.join(host.directory, 'out');
    const volumes = [{ name: 'out', hostPath: { path: out, type: 'DirectoryOrCreate' } }];
    const containers = [main({ command, lifecycle: { preStop }, volumeMounts: [{ name: 'out', mountPath: '/out' }] })];
    const stopping = pod('stop', { containers, volumes });
    node.apply(stopping);
    await node.until('it runs', () => node.isRunning('stop'));
    node.apply(deleted(stopping));
    await node.until('it is gone', () => node.gone.has('uid-stop'));
    assert.equal(await host.run('cat', path.join(out, 'order')), 'hook\nterm\n');
    assert.equal(node.container('stop')?.state.terminated?.exitCode, 0);
    assert.equal(
      (await node.runtime.listSandboxes()).some(({ uid }) => uid === 'uid-stop'),
      false,
    );
    assert.equal(existsSync(path.join(host.directory, 'pods', 'uid-stop')), false);
    node.pods.delete('default/stop');
  });

  it('sees a container killed for its memory', async () => {
    const command = ['sh', '-c', 'sleep 0.2; dd if=/dev/zero of=/dev/null bs=100M count=1'];
    const containers = [main({ command, resources: { limits: { memory: '16Mi' } } })];
    node.apply(pod('oom', { containers, restartPolicy: 'Never' }));
    await node.until('it has failed', () => node.statuses.get('uid-oom')?.phase === 'Failed');
    const terminated = node.container('oom')?.state.terminated;
    assert.deepEqual([terminated?.exitCode, terminated?.reason], [137, 'OOMKilled']);
  });

  it('brings a changed config map and secret to running pods', async () => {
    const setTo = (value: string): void => {
      node.configmaps.set('default/settings', { metadata: {}, data: { color: value } });
      node.secrets.set('default/login', { metadata: {}, data: { word: Buffer.from(value).toString('base64') } });
    };
    const volumes = [
      { name: 'cfg', configMap: { name: 'settings' } },
      { name: 'key', secret: { secretName: 'login' } },
    ];
    const volumeMounts = [
      { name: 'cfg', mountPath: '/cfg' },
      { name: 'key', mountPath: '/key' },
    ];
    const command = [
      'sh',
      '-c',
      'trap "exit 0" TERM; until grep -q blue /cfg/color && grep -q blue /key/word; do sleep 0.05; done; exit 0',
    ];
    node.apply(pod('config', { containers: [main({ command, volumeMounts })], volumes, restartPolicy: 'Never' }));
    await node.until('it misses its config map', () => node.events.some(({ reason }) => reason === 'FailedMount'));
    setTo('red');
    await node.until('it runs', () => node.isRunning('config'));
    assert.equal(await node.exec('config', 'cat', '/cfg/color', '/key/word'), 'redred');
    setTo('blue');
    await node.until('it has seen the change', () => node.statuses.get('uid-config')?.phase === 'Succeeded');
    await node.until('its mounts are gone', () => !existsSync(path.join(host.directory, 'volumes', 'uid-config')));
    assert.doesNotMatch(await host.run('cat', '/proc/self/mountinfo'), /uid-config/);
  });

  it('shows an image that is not there', async () => {
    node.apply(pod('image', { containers: [main({ image: `${REGISTRY_NAME}/missing:1` })] }));
    await node.until('it backs off', () => node.container('image')?.state.waiting?.reason === 'ImagePullBackOff');
    assert.match(
      node.container('image')?.state.waiting?.message ?? '',
      /^Back-off pulling image ".*missing:1": ErrImagePull: .*not found/,
    );
  });

  it('shows a command that is not there', async () => {
    node.apply(pod('command', { containers: [main({ command: ['/nope'] })], restartPolicy: 'Never' }));
    await node.until('it has failed', () => node.statuses.get('uid-command')?.phase === 'Failed');
    assert.equal(node.container('command')?.state.terminated?.reason, 'StartError');
  });

  it('goes on with running pods after a restart of the agent or of containerd', async () => {
    node.apply(pod('lasting'));
    await node.until('it runs', () => node.isRunning('lasting'));
    const before = node.container('lasting')?.containerID;
    await node.restartAgent();
    await host.containerd.stop();
    await host.containerd.start();
    node.apply(pod('after'));
    await node.until('a new pod runs', () => node.isRunning('after'));
    assert.equal(node.container('lasting')?.containerID, before);
    assert.equal(node.container('lasting')?.restartCount, 0);
    assert.match(await node.exec('lasting', 'echo', 'here'), /here/);
  });

  it('ends what nobody wants once it knows everything that is wanted', async () => {
    node.apply(pod('unwanted'));
    await node.until('it runs', () => node.isRunning('unwanted'));
    await node.manager.stop();
    node.pods.delete('default/unwanted');
    await node.restartAgent();
    await node.until('a pod it keeps is told of', () => node.isRunning('lasting'));
    const isLeft = async (): Promise<boolean> =>
      (await node.runtime.listSandboxes()).some(({ uid }) => uid === 'uid-unwanted');
    while (await isLeft());
    const groups = readdirSync(path.join('/sys/fs/cgroup/cpu', host.cgroupParent, 'besteffort'));
    assert.ok(groups.includes('poduid-lasting'));
  });
});
