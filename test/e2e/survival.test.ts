/** Pods outlive the programs that look after them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { TestCluster } from '../support/cluster.ts';
import { busybox, hello, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const NODE = 'node-1';
const TICKS = 'i=0; trap "exit 0" TERM; while true; do i=$((i+1)); echo tick $i; sleep 0.2; done';

describe('running pods', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  let made = 0;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'survival');
    const web = pod('web', { spec: { containers: [hello(), busybox('ticks', TICKS)] } });
    await session.apply(manifest(web, service('web')));
    await session.wait('--for=condition=Ready pod/web');
  });
  after(() => cluster?.stop());

  /** What would change if a container of the pod were started again, or the pod made anew. */
  async function identity(): Promise<string> {
    const statuses =
      '{.metadata.uid} {.status.podIP} {.status.containerStatuses[*].containerID} {.status.containerStatuses[*].restartCount}';
    const told = await session.run(['get', 'pod', 'web', '-o', `jsonpath=${statuses}`]);
    return `${told} ${await session.run(['exec', 'web', '-c', 'ticks', '--', 'cut', '-d ', '-f22', '/proc/1/stat'])}`;
  }

  /** A new pod shows that the node works again; then all of its work is looked at. */
  async function works(): Promise<void> {
    made += 1;
    await session.apply(manifest(pod(`fresh-${made}`)));
    await session.wait(`--for=condition=Ready pod/fresh-${made}`);
    assert.equal(
      await session.sh(`fresh-${made}`, 'timeout 5 wget -q -O - http://web/cgi-bin/index.cgi'),
      'Hello from web\n',
    );
    await session.wait('--for=condition=Ready pod/web');
    const following = await session.start('logs -f web -c ticks --tail=1');
    const number = async (): Promise<number> => Number((await following.until(/tick/)).split(' ')[1]);
    const first = await number();
    assert.equal(await number(), first + 1);
    await following.stop();
  }

  const agentPid = async (): Promise<number> => {
    const pid = await cluster.local.host(NODE).servicePid('agent');
    if (pid === undefined) throw new Error('no agent runs');
    return pid;
  };

  const containerdPid = async (): Promise<string> => (await cluster.local.host(NODE).run('pidof', 'containerd')).trim();

  async function changed(current: () => Promise<unknown>, before: unknown): Promise<void> {
    await session.eventually(async () => assert.notEqual(await current(), before));
  }

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`outlive their agent (${signal})`, async () => {
      const before = await identity();
      const pid = await agentPid();
      process.kill(pid, signal);
      await changed(agentPid, pid);
      await works();
      assert.equal(await identity(), before);
    });
  }

  it('outlive containerd', async () => {
    const before = await identity();
    const pid = await containerdPid();
    await cluster.local.host(NODE).run('kill', '-KILL', pid);
    await changed(containerdPid, pid);
    await works();
    assert.equal(await identity(), before);
  });

  it('go on without a server, and crashed containers are started again', async () => {
    const host = cluster.local.host(NODE);
    const address = await session.field('service web', '.spec.clusterIP');
    const before = await identity();
    const server = cluster.local.host('server-1');
    await server.stopService('server');
    const web = (): Promise<string> =>
      host.run('timeout', '2', 'busybox', 'wget', '-q', '-O', '-', `http://${address}/healthz`);
    assert.equal(await web(), 'ok\n');
    assert.equal(await host.run('dig', '+short', '@10.96.0.10', 'web.survival.svc.cluster.local'), `${address}\n`);
    const ticking = (): Promise<string> => host.run('sh', '-c', 'pgrep -f "[e]cho tick" | head -1');
    const crashed = await ticking();
    await host.run('kill', '-KILL', crashed.trim());
    await changed(async () => (await ticking()) || crashed, crashed);
    const pid = await agentPid();
    process.kill(pid, 'SIGKILL');
    await changed(agentPid, pid);
    assert.equal(await web(), 'ok\n');
    await cluster.local.start('server-1');
    await session.eventually(async () => {
      assert.equal(await session.field('pod web', '.status.containerStatuses[?(@.name=="ticks")].restartCount'), '1');
    });
    await works();
    assert.notEqual(await identity(), before);
    assert.equal(await session.field('pod web', '.status.containerStatuses[?(@.name=="hello")].restartCount'), '0');
  });

  it('leave nothing behind once they are deleted while nobody looks', async () => {
    const host = cluster.local.host(NODE);
    await host.stopService('agent');
    const deleted = await session.start('delete pod web --grace-period=1');
    await session.wait(`--for=jsonpath={.metadata.deletionGracePeriodSeconds}=1 pod/web`);
    await cluster.local.start(NODE);
    if (deleted.process.exitCode === null) await once(deleted.process, 'exit');
    assert.equal(deleted.process.exitCode, 0);
    await session.eventually(async () => {
      assert.equal(await host.run('sh', '-c', 'pgrep -f "[e]cho tick" || echo none'), 'none\n');
    });
  });
});
