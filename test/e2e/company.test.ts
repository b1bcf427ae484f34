/** Containers that serve others, or look into them, on a real node; and what a pod may do there. */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import { TestCluster } from '../support/cluster.ts';
import { SLEEP, busybox, manifest, pod } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

describe('pods with company', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'company');
  });
  after(() => cluster?.stop());

  it('start their sidecars first, and end them last, the last one first', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const say = (word: string): string => `echo ${word} | tee -a /shared/said`;
    const ending = (name: string): string =>
      `${say(name)}; trap "echo ${name} ends >> /shared/said; cat /shared/said; exit 0" TERM; touch /tmp/up; sleep 1000 & wait`;
    const startupProbe = { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 60 };
    const sidecar = { restartPolicy: 'Always', startupProbe, volumeMounts };
    const spec = {
      restartPolicy: 'Never',
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [
        busybox('first', ending('first'), sidecar),
        busybox('init', say('init'), { volumeMounts }),
        busybox('second', ending('second'), sidecar),
      ],
      containers: [busybox('c', `${say('main')}`, { volumeMounts })],
    };
    await session.apply(manifest(pod('accompanied', { spec })));
    await session.wait('--for=jsonpath={.status.phase}=Succeeded pod/accompanied');
    assert.equal(
      await session.run('logs accompanied -c first'),
      ['first', 'first', 'init', 'second', 'main', 'second ends', 'first ends', ''].join('\n'),
    );
    assert.match(await session.run('get pod accompanied --no-headers'), /^accompanied +0\/3 +Completed +0 /);
  });

  describe('looked into with kubectl debug', () => {
    before(async () => {
      const container = { command: ['sh', '-c', 'echo marker > /tmp/marker; sleep 4321 & wait'] };
      const proxy = busybox('proxy', SLEEP, { restartPolicy: 'Always' });
      await session.apply(manifest(pod('dark', { container, spec: undefined })));
      await session.apply(manifest(pod('lit', { spec: { initContainers: [proxy] } })));
      await session.wait('--for=condition=Ready pod/dark pod/lit');
    });

    it('show the processes and files of a container to one that is added, without a restart', async () => {
      const look = 'ps; cat /proc/1/root/tmp/marker; exit 0';
      const command = ['sh', '-c', look];
      const said = await session.terminal([
        'debug',
        '-it',
        'dark',
        `--image=${IMAGES.busybox}`,
        '--target=c',
        '--profile=general',
        '--',
        ...command,
      ]);
      assert.match(said, /sleep 4321/);
      const name = await session.field('pod dark', '.spec.ephemeralContainers[0].name');
      await session.wait(`--for=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0 pod/dark`);
      assert.match(await session.run(['logs', 'dark', '-c', name]), /sleep 4321[^]*marker/);
      assert.equal(await session.field('pod dark', '.status.containerStatuses[0].restartCount'), '0');
      assert.equal(await session.field('pod dark', '.status.ephemeralContainerStatuses[0].restartCount'), '0');
      assert.match(await session.run('get pod dark --no-headers'), /^dark +1\/1 +Running +0 /);
    });

    it('run one that is added until it ends, with exec in it and logs of it', async () => {
      await session.run([
        'debug',
        'lit',
        `--image=${IMAGES.busybox}`,
        '-c',
        'torch',
        '--',
        'sh',
        '-c',
        `echo on; ${SLEEP}`,
      ]);
      const status = '.status.ephemeralContainerStatuses[0]';
      await session.wait(`--for=jsonpath={${status}.state.running} pod/lit`);
      assert.equal(await session.run('exec lit -c torch -- echo here'), 'here\n');
      assert.equal(await session.run('logs lit -c torch'), 'on\n');
      assert.match(await session.run('get pod lit --no-headers'), /^lit +2\/2 +Running +0 /);
      assert.match(await session.run('describe pod lit'), /Ephemeral Containers:\s+torch:[^]*Running/);
    });

    it('are copied, with their processes in one place', async () => {
      const copy = [
        'debug',
        'dark',
        '--copy-to=copied',
        '--share-processes',
        `--image=${IMAGES.busybox}`,
        '-c',
        'torch',
      ];
      await session.run([...copy, '--', 'sh', '-c', SLEEP]);
      await session.wait('--for=condition=Ready pod/copied');
      assert.match(await session.run('exec copied -c torch -- ps'), /sleep 4321/);
    });

    it('run on a node as its administrator', async () => {
      const script = 'chroot /host cat /etc/hostname; ls /proc/1/ns > /dev/null && echo seen';
      const said = await session.terminal([
        'debug',
        'node/node-1',
        '-it',
        `--image=${IMAGES.busybox}`,
        '--profile=sysadmin',
        '--',
        'sh',
        '-c',
        script,
      ]);
      // Whoever attaches sees what is said from then on, which may be nothing any more; the log has it all.
      const debugging = /debugging pod (\S+) with/.exec(said)?.[1] ?? '';
      await session.wait(`--for=jsonpath={.status.phase}=Succeeded pod/${debugging}`);
      assert.match(await session.run(`logs ${debugging}`), /^seen$/m);
    });
  });

  it('may do what they ask for, and no more than the node allows', async () => {
    const sysctls = (name: string): object => ({ securityContext: { sysctls: [{ name, value: '1' }] } });
    const look = 'cat /proc/sys/kernel/shm_rmid_forced; hostname; id -u; mount -t tmpfs none /tmp && echo mounted';
    const containers = [busybox('c', look, { securityContext: { privileged: true } })];
    const spec = {
      restartPolicy: 'Never',
      containers,
      hostnameOverride: 'other.name',
      ...sysctls('kernel.shm_rmid_forced'),
    };
    const unsafe = pod('unsafe', { spec: { restartPolicy: 'Never', ...sysctls('kernel.msgmax') } });
    await session.apply(manifest(pod('mighty', { spec }), unsafe));
    await session.wait('--for=jsonpath={.status.phase}=Succeeded pod/mighty');
    assert.equal(await session.run('logs mighty'), '1\nother.name\n0\nmounted\n');
    await session.wait('--for=jsonpath={.status.reason}=SysctlForbidden pod/unsafe');
    assert.match(
      await session.run('describe pod unsafe'),
      /Warning +SysctlForbidden .* "kernel.msgmax" not allowlisted/,
    );
  });

  it('are given other resources while they run', async () => {
    const sized = (cpu: string): object => ({ resources: { requests: { cpu }, limits: { cpu } } });
    await session.apply(manifest(pod('sized', { container: sized('100m') })));
    await session.wait('--for=condition=Ready pod/sized');
    const patch = JSON.stringify({ spec: { containers: [{ name: 'c', ...sized('200m') }] } });
    await session.run(['patch', 'pod', 'sized', '--subresource=resize', '-p', patch]);
    const status = '.status.containerStatuses[0]';
    await session.wait(`--for=jsonpath={${status}.resources.limits.cpu}=200m pod/sized`);
    const quota = 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max';
    assert.equal(await session.sh('sized', quota), '20000\n');
    assert.equal(await session.field('pod sized', `${status}.restartCount`), '0');
  });
});
