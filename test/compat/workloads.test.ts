/** The real kubectl: deployments made, scaled, rolled out and back, and deleted. */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import { TestCluster } from '../support/cluster.ts';
import { dure } from '../support/dure.ts';
import { deployment, hello, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

describe('kubectl on workloads', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
    session = await Session.open(cluster, 'workloads');
  });
  after(() => cluster?.stop());

  it('runs a pod', async () => {
    assert.equal(await session.run(`run one --image=${IMAGES.hello} --labels=a=b --port=8080`), 'pod/one created\n');
    await session.wait('--for=condition=Ready pod/one');
    assert.equal(await session.field('pod one', '.metadata.labels.a'), 'b');
    assert.equal(await session.run('expose pod one --port=80 --target-port=8080'), 'service/one exposed\n');
    assert.equal(await session.field('service one', '.spec.selector'), '{"a":"b"}');
    await session.run('delete pod/one service/one --grace-period=1');
  });

  it('runs a command to its end and removes the pod', async () => {
    const once = `run once --image=${IMAGES.busybox} --restart=Never --rm -i --quiet -- cat`;
    assert.match(await session.run(once, 'said\n'), /^said\n/);
    assert.match(await session.fail('get pod once'), /NotFound/);
  });

  it('scales', async () => {
    await session.run(`create deployment scaled --image=${IMAGES.hello}`);
    assert.equal(await session.run('scale deployment scaled --replicas=3'), 'deployment.apps/scaled scaled\n');
    await session.wait('--for=jsonpath={.status.readyReplicas}=3 deployment/scaled');
    assert.match(
      await session.fail('scale deployment scaled --replicas=4 --current-replicas=2'),
      /Expected replicas to be 2, was 3/,
    );
    await session.run('scale deployment scaled --replicas=0');
    await session.wait('--for=delete pod -l app=scaled');
    assert.equal(await session.field('deployment scaled', '.status.replicas'), '');
    await session.run('delete deployment scaled');
  });

  it('scales by what the pods use', async () => {
    const resources = { requests: { cpu: '10m', memory: '1Mi' } };
    await session.apply(manifest(deployment('busy', { replicas: 1, container: { resources } })));
    await session.wait('--for=condition=Available deployment/busy');
    const target = { type: 'AverageValue', averageValue: '1k' };
    const spec = {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'busy' },
      maxReplicas: 2,
      metrics: [{ type: 'Resource', resource: { name: 'memory', target } }],
    };
    const metadata = { name: 'busy' };
    await session.apply(manifest({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec }));
    await session.wait('--for=jsonpath={.spec.replicas}=2 deployment/busy');
    await session.wait('--for=condition=ScalingLimited hpa/busy');
    assert.match(await session.run('get hpa busy --no-headers'), /^busy +Deployment\/busy +memory: \d+\/1k +1 +2 +\d /);
    const described = await session.run('describe hpa busy');
    assert.match(described, /ScalingLimited +True +TooManyReplicas/);
    assert.match(described, /SuccessfulRescale .* New size: 2; reason: memory resource above target/);
    assert.equal(await session.field('hpa.v1.autoscaling busy', '.status.desiredReplicas'), '2');
    await session.run('delete hpa,deployment busy');
  });

  it('lets dure say which rule refuses the pods of a workload, and what has them spread', async () => {
    const refused = await Session.open(cluster, 'refused');
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard: { pods: '0' } },
    };
    const limits = [{ type: 'Container', max: { memory: '64Mi' } }];
    const range = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'small' }, spec: { limits } };
    const container = hello({ resources: { limits: { memory: '1Gi' } } });
    const nfs = { name: 'data', nfs: { server: 'files', path: '/' } };
    const helps: [string, object, RegExp][] = [
      ['urgent', { priorityClassName: 'top' }, /Create the priority class top,/],
      ['robot', { serviceAccountName: 'robot' }, /- Create it: dure create serviceaccount robot -n refused\n/],
      ['large', { containers: [container] }, /dure describe limitrange -n refused\n/],
      ['remote', { volumes: [nfs] }, /Do without spec\.volumes\[0\]\.nfs:/],
      ['many', {}, /dure describe resourcequota none -n refused\n/],
    ];
    const why = async (name: string): Promise<string> =>
      (await dure(cluster.local.kubeconfig, ['why', name, '-n', refused.namespace])).stdout;
    await refused.apply(manifest(range, quota));
    await refused.apply(manifest(...helps.map(([name, podSpec]) => deployment(name, { replicas: 1, podSpec }))));
    for (const [name, , help] of helps) {
      await refused.wait(`--for=condition=ReplicaFailure deployment/${name}`);
      const said = await why(`deployment/${name}`);
      assert.match(said, new RegExp(`^deployment/${name} can't create its pods\\.\\n`));
      assert.match(said, help);
    }
    await refused.run('delete quota none');
    const labelSelector = { matchLabels: { app: 'lonely' } };
    const constraint = { topologyKey: 'shelf', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector };
    await refused.apply(manifest(pod('lonely', { spec: { topologySpreadConstraints: [constraint] } })));
    await refused.wait('--for=condition=PodScheduled=False pod/lonely');
    assert.match(await why('lonely'), /lacks the label shelf, by which the pods are spread\n/);
    await refused.close();
  });

  it('lets dure tell of crashes, probes and services what the cluster knows', async () => {
    const why = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await dure(cluster.local.kubeconfig, ['why', '-n', session.namespace, ...args]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await session.apply(
      manifest(
        pod('crashes', { container: { command: ['sh', '-c', 'echo no database; exit 3'] } }),
        pod('unhealthy', {
          container: { livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 } },
        }),
        service('astray'),
      ),
    );
    await session.eventually(async () => {
      assert.match(await why('crashes'), /with exit code 3[^]*Its last words:\n {4}no database\n/);
      assert.match(await why('unhealthy'), /The node ended it because it failed its liveness probe\./);
    });
    assert.match(await why('service/astray'), /no pod in namespace \S+ has the labels app=astray/);
    const described = await session.run('describe pod crashes');
    const own = await dure(cluster.local.kubeconfig, ['describe', 'pod', 'crashes', '-n', session.namespace]);
    const part = /spec\.containers\{\S+\}: Container started/;
    assert.match(described, part);
    assert.match(own.stdout, part);
  });

  it('runs a replication controller behind a service, tells its endpoints, and gives its pods up', async () => {
    const labels = { app: 'elder' };
    const spec = { replicas: 1, selector: labels, template: { metadata: { labels }, spec: { containers: [hello()] } } };
    const metadata = { name: 'elder', labels };
    await session.apply(manifest({ apiVersion: 'v1', kind: 'ReplicationController', metadata, spec }));
    assert.equal(await session.run('expose rc elder --port=80 --target-port=8080'), 'service/elder exposed\n');
    assert.equal(await session.run('scale rc elder --replicas=2'), 'replicationcontroller/elder scaled\n');
    await session.wait('--for=jsonpath={.status.readyReplicas}=2 rc/elder');
    const described = await session.run('describe rc elder');
    assert.match(described, /Replicas:\s+2 current \/ 2 desired\nPods Status:\s+2 Running \/ 0 Waiting/);
    assert.match(described, /SuccessfulCreate.*replication-controller\s+Created pod: elder-/);
    await session.wait('--for=jsonpath={.subsets[0].addresses[1].targetRef.kind}=Pod endpoints/elder');
    await session.run('delete rc elder');
    await session.wait('--for=delete pod -l app=elder');
    await session.run('delete service elder');
    await session.wait('--for=delete endpoints elder');
  });

  describe('rollout', () => {
    it('sets another image and tells how it goes', async () => {
      await session.apply(manifest(deployment('roll', { replicas: 3 })));
      assert.match(
        await session.run('rollout status deployment roll --timeout=60s'),
        /deployment "roll" successfully rolled out\n$/,
      );
      assert.equal(
        await session.run(`set image deployment/roll hello=${IMAGES.hello2}`),
        'deployment.apps/roll image updated\n',
      );
      const told = await session.run('rollout status deployment roll --timeout=60s');
      assert.match(told, /^Waiting for deployment "roll" (rollout|spec)/);
      assert.match(told, /successfully rolled out\n$/);
      const images = await session.run(
        'get pods -l app=roll -o jsonpath={.items[?(@.status.phase=="Running")].spec.containers[0].image}',
      );
      assert.ok(images.includes(IMAGES.hello2), images);
    });

    it('keeps its history and goes back', async () => {
      await session.run('annotate deployment roll kubernetes.io/change-cause=howdy');
      const history = await session.run('rollout history deployment roll');
      assert.match(history, /^deployment\.apps\/roll \nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +howdy\n/);
      assert.match(await session.run('rollout history deployment roll --revision=1'), /Image:\s+\S+\/hello:1$/m);
      assert.equal(await session.run('rollout undo deployment roll'), 'deployment.apps/roll rolled back\n');
      await session.run('rollout status deployment roll --timeout=60s');
      assert.equal(await session.field('deployment roll', '.spec.template.spec.containers[0].image'), IMAGES.hello);
      assert.match(await session.run('rollout history deployment roll'), /^2 +howdy\n3 +\S+\n/m);
      assert.match(
        await session.fail('rollout undo deployment roll --to-revision=9'),
        /unable to find specified revision 9/,
      );
    });

    it('restarts', async () => {
      const before = await session.run('get pods -l app=roll -o name');
      assert.equal(await session.run('rollout restart deployment roll'), 'deployment.apps/roll restarted\n');
      await session.run('rollout status deployment roll --timeout=60s');
      await session.wait(['--for=delete', ...before.trim().split('\n')]);
      const pods = (await session.run('get pods -l app=roll -o name')).trim().split('\n');
      assert.equal(pods.length, 3);
    });

    it('pauses and resumes', async () => {
      const sets = 'get replicasets -l app=roll -o name';
      const before = await session.run(sets);
      assert.equal(await session.run('rollout pause deployment roll'), 'deployment.apps/roll paused\n');
      await session.run('set env deployment/roll GREETING=Paused');
      await session.wait('--for=condition=Progressing=Unknown deployment/roll');
      const generation = await session.field('deployment roll', '.metadata.generation');
      await session.wait(`--for=jsonpath={.status.observedGeneration}=${generation} deployment/roll`);
      assert.equal(await session.run(sets), before);
      assert.equal(await session.run('rollout resume deployment roll'), 'deployment.apps/roll resumed\n');
      await session.run('rollout status deployment roll --timeout=60s');
      assert.notEqual(await session.run(sets), before);
      await session.run('delete deployment roll');
    });

    it('says that it is stuck', async () => {
      const stuck = deployment('stuck', {
        replicas: 1,
        spec: { progressDeadlineSeconds: 2 },
        container: { image: `${IMAGES.hello}-missing` },
      });
      await session.apply(manifest(stuck));
      assert.match(
        await session.fail('rollout status deployment stuck --timeout=60s'),
        /error: deployment "stuck" exceeded its progress deadline/,
      );
      await session.run('delete deployment stuck');
    });
  });

  describe('delete', () => {
    it('takes what belongs to it along, in the background and in the foreground', async () => {
      for (const cascade of ['background', 'foreground']) {
        await session.apply(manifest(deployment('owner', { replicas: 1 })));
        await session.wait('--for=condition=Available deployment/owner');
        assert.equal(
          await session.run(`delete deployment owner --cascade=${cascade}`),
          'deployment.apps "owner" deleted from workloads namespace\n',
        );
        await session.wait('--for=delete replicaset,pod -l app=owner');
      }
    });

    it('leaves orphans, which another owner adopts', async () => {
      await session.apply(manifest(deployment('owner', { replicas: 1 })));
      await session.wait('--for=condition=Available deployment/owner');
      const pods = await session.run('get pods -l app=owner -o name');
      await session.run('delete deployment owner --cascade=orphan');
      assert.equal(await session.field('replicaset -l app=owner', '.items[*].metadata.ownerReferences'), '');
      await session.apply(manifest(deployment('owner', { replicas: 1 })));
      await session.wait('--for=jsonpath={.status.availableReplicas}=1 deployment/owner');
      assert.equal(await session.run('get pods -l app=owner -o name'), pods);
      assert.equal(
        await session.field('replicaset -l app=owner', '.items[*].metadata.ownerReferences[0].name'),
        'owner',
      );
      await session.run('delete deployment owner');
    });

    it('respects the grace, cuts it short, and removes at once by force', async () => {
      const deaf = (name: string): object =>
        pod(name, { spec: { terminationGracePeriodSeconds: 300 }, container: { command: ['sleep', '1000'] } });
      await session.apply(manifest(deaf('deaf'), deaf('gone')));
      await session.wait('--for=condition=Ready pod/deaf pod/gone');
      await session.run('delete pod deaf --wait=false');
      assert.equal(await session.field('pod deaf', '.metadata.deletionGracePeriodSeconds'), '300');
      assert.match(await session.run('get pod deaf'), /Terminating/);
      assert.equal(
        await session.run('delete pod deaf --grace-period=1'),
        'pod "deaf" deleted from workloads namespace\n',
      );
      const forced = await session.try('delete pod gone --grace-period=0 --force');
      assert.equal(forced.stdout, 'pod "gone" force deleted from workloads namespace\n');
      assert.match(forced.stderr, /Immediate deletion does not wait for confirmation/);
      assert.match(await session.fail('get pod gone'), /NotFound/);
    });

    it('deletes by label, and all', async () => {
      const map = (name: string, group: string): object => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, labels: { group } },
      });
      await session.apply(manifest(map('x1', 'x'), map('x2', 'x'), map('y', 'y')));
      assert.equal(
        await session.run('delete configmap -l group=x'),
        'configmap "x1" deleted from workloads namespace\nconfigmap "x2" deleted from workloads namespace\n',
      );
      assert.match(await session.run('delete configmap --all'), /^configmap "y" deleted/m);
      assert.match(await session.fail('delete configmap y'), /configmaps "y" not found/);
      assert.equal(await session.run('delete configmap y --ignore-not-found'), '');
    });

    it('empties a namespace', async () => {
      const doomed = await Session.open(cluster, 'doomed');
      await doomed.apply(manifest(deployment('web', { replicas: 1 }), pod('alone')));
      await doomed.wait('--for=condition=Ready pod/alone');
      assert.equal(await cluster.kubectl('delete', 'namespace', 'doomed'), 'namespace "doomed" deleted\n');
      assert.match(await doomed.fail('create configmap late'), /namespaces "doomed" not found/);
      assert.equal(await doomed.run('get pods,deployments,replicasets -o name'), '');
    });
  });
});
