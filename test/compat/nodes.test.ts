/** The real kubectl on nodes: cordon, drain, taints, labels. */
import assert from 'node:assert/strict';
import { TestCluster } from '../support/cluster.ts';
import { deployment, manifest, pod } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const NODE = 'node-1';

describe('kubectl on nodes', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
  });
  let opened = 0;
  beforeEach(async () => {
    opened += 1;
    session = await Session.open(cluster, `nodes-${opened}`);
  });
  afterEach(async () => {
    await cluster.kubectl('uncordon', NODE);
    await session.close();
  });
  after(() => cluster?.stop());

  const nodeOf = (name: string): Promise<string> => session.field(`pod ${name}`, '.spec.nodeName');

  it('cordons and uncordons', async () => {
    assert.equal(await session.run(`cordon ${NODE}`), `node/${NODE} cordoned\n`);
    assert.match(await session.run(`get node ${NODE} --no-headers`), /^node-1 +Ready,SchedulingDisabled /);
    assert.equal(await session.run(`cordon ${NODE}`), `node/${NODE} already cordoned\n`);
    await session.apply(
      manifest(pod('a'), pod('b'), pod('tied', { spec: { nodeSelector: { 'kubernetes.io/hostname': NODE } } })),
    );
    await session.wait('--for=condition=Ready pod/a pod/b');
    assert.deepEqual([await nodeOf('a'), await nodeOf('b')], ['node-2', 'node-2']);
    await session.wait('--for=condition=PodScheduled=false pod/tied');
    assert.match(
      await session.run('describe pod tied'),
      /FailedScheduling .* 0\/2 nodes are available: .*1 node\(s\) were unschedulable/,
    );
    assert.equal(await session.run(`uncordon ${NODE}`), `node/${NODE} uncordoned\n`);
    await session.wait('--for=condition=Ready pod/tied');
    assert.equal(await nodeOf('tied'), NODE);
  });

  it('drains: the replacements are ready before the old pods end', async () => {
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: { app: 'moved' } },
        },
      ],
    };
    await session.apply(manifest(deployment('moved', { replicas: 2, podSpec: spread })));
    await session.wait('--for=condition=Available deployment/moved');
    const watch = 'get deployment moved -w -o';
    const watching = await session.start(`${watch} 'jsonpath={.status.availableReplicas}{"\\n"}'`);
    assert.equal(await watching.line(), '2');
    const drained = await session.run(`drain ${NODE} --ignore-daemonsets --timeout=60s`);
    assert.match(drained, /^evicting pod nodes-2\/moved-\w+-\w+$/m);
    assert.match(drained, /pod\/moved-\w+-\w+ evicted\nnode\/node-1 drained\n$/);
    await session.wait('--for=jsonpath={.status.availableReplicas}=2 deployment/moved');
    await session.run('annotate deployment moved end=here');
    assert.equal(await session.run('get pods -l app=moved --field-selector spec.nodeName=node-1 -o name'), '');
    watching.process.kill('SIGINT');
    const available = await watching.rest();
    assert.ok(
      available.every((count) => count >= '2'),
      `available: ${available.join(' ')}`,
    );
  });

  it('spares what drain is not told to end', async () => {
    await session.apply(manifest(pod('lone', { spec: { nodeSelector: { 'kubernetes.io/hostname': NODE } } })));
    await session.wait('--for=condition=Ready pod/lone');
    assert.match(
      await session.fail(`drain ${NODE} --timeout=30s`),
      /cannot delete Pods that declare no controller \(use --force to override\): nodes-3\/lone/,
    );
    assert.match(
      await session.run(`drain ${NODE} --dry-run=server --force`),
      /node\/node-1 drained \(server dry run\)\n$/,
    );
    assert.equal(await session.field('pod lone', '.status.phase'), 'Running');
    assert.match(
      await session.run(`drain ${NODE} --force --timeout=60s`),
      /pod\/lone evicted\nnode\/node-1 drained\n$/,
    );
  });

  it('taints: keeps new pods off, and ends those that do not tolerate it', async () => {
    const tied = { nodeSelector: { 'kubernetes.io/hostname': NODE } };
    const tolerant = { ...tied, tolerations: [{ key: 'only', operator: 'Exists' }] };
    await session.apply(manifest(pod('before', { spec: tied }), pod('tolerant', { spec: tolerant })));
    await session.wait('--for=condition=Ready pod/before pod/tolerant');
    assert.equal(await session.run(`taint node ${NODE} only=us:NoSchedule`), `node/${NODE} tainted\n`);
    await session.apply(manifest(pod('after', { spec: tied })));
    await session.wait('--for=condition=PodScheduled=false pod/after');
    assert.match(await session.run('describe pod after'), /had untolerated taint\(s\)/);
    assert.equal(await session.field('pod before', '.status.phase'), 'Running');
    await session.run(`taint node ${NODE} only=us:NoExecute`);
    await session.wait('--for=delete pod/before');
    assert.equal(await session.field('pod tolerant', '.status.phase'), 'Running');
    assert.equal(await session.run(`taint node ${NODE} only-`), `node/${NODE} untainted\n`);
    await session.wait('--for=condition=Ready pod/after');
  });

  it('labels: pods follow what they select', async () => {
    await session.apply(manifest(pod('picky', { spec: { nodeSelector: { disk: 'fast' } } })));
    await session.wait('--for=condition=PodScheduled=false pod/picky');
    assert.equal(await session.run('label node node-2 disk=fast'), 'node/node-2 labeled\n');
    await session.wait('--for=condition=Ready pod/picky');
    assert.equal(await nodeOf('picky'), 'node-2');
    await session.run('label node node-2 disk-');
  });

  it('refuses to change what a node is', async () => {
    const patched = await session.fail(`patch node ${NODE} -p {"spec":{"podCIDR":"10.9.0.0/24"}}`);
    assert.match(patched, /^The Node "node-1" is invalid: |Forbidden/);
  });
});
