/** The real kubectl: what it prints of objects, in every form, and how it waits and watches. */
import assert from 'node:assert/strict';
import { TestCluster } from '../support/cluster.ts';
import { configMap, deployment, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const ADDRESS = String.raw`10\.\d+\.\d+\.\d+`;

describe('kubectl on what there is', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'reading');
    await session.apply(
      manifest(
        deployment('web', { replicas: 1 }),
        service('web'),
        pod('one', { labels: { app: 'one', tier: 'back' }, annotations: { note: 'hello' } }),
        pod('two', { labels: { app: 'two', tier: 'front' } }),
        configMap('settings', { colour: 'red' }),
      ),
    );
    await session.wait('--for=condition=Available deployment/web');
    await session.wait('--for=condition=Ready pod --all');
  });
  after(() => cluster?.stop());

  describe('get', () => {
    it('prints tables', async () => {
      assert.match(
        await session.run('get pods one'),
        /^NAME +READY +STATUS +RESTARTS +AGE\none +1\/1 +Running +0 +\d+s\n$/,
      );
      assert.match(
        await session.run('get deployments'),
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1 +1 +1 +\d+s\n$/,
      );
      assert.match(
        await session.run('get services'),
        new RegExp(
          `^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\\(S\\) +AGE\nweb +ClusterIP +${ADDRESS} +<none> +80/TCP +\\d+s\n$`,
        ),
      );
      assert.match(await session.run('get rs'), /^NAME +DESIRED +CURRENT +READY +AGE\nweb-[a-z0-9]+ +1 +1 +1 +\d+s\n$/);
      assert.match(await session.run('get configmap settings'), /^NAME +DATA +AGE\nsettings +1 +\d+s\n$/);
      assert.match(await session.run('get serviceaccounts'), /^default +\d+ +\d+s$|^default +\d+s$/m);
      assert.match(
        await session.run('get endpointslices'),
        new RegExp(`^NAME +ADDRESSTYPE +PORTS +ENDPOINTS +AGE\nweb-\\w+ +IPv4 +8080 +${ADDRESS} +\\d+s\n$`),
      );
      assert.match(
        await session.run('get nodes'),
        /^NAME +STATUS +ROLES +AGE +VERSION\nnode-1 +Ready +<none> +\d+s +v1\.35\./,
      );
      assert.match(await session.run('get namespace reading'), /^NAME +STATUS +AGE\nreading +Active +\d+s\n$/);
    });

    it('prints wide tables', async () => {
      assert.match(
        await session.run('get pod one -o wide'),
        new RegExp(`AGE +IP +NODE +NOMINATED NODE +READINESS GATES\none .* ${ADDRESS} +node-1 +<none> +<none>\n$`),
      );
      assert.match(
        await session.run('get deployment web -o wide'),
        /CONTAINERS +IMAGES +SELECTOR\nweb .* hello +\S+\/hello:1 +app=web\n$/,
      );
      assert.match(await session.run('get service web -o wide'), /SELECTOR\nweb .* app=web\n$/);
      assert.match(
        await session.run('get node -o wide'),
        /INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\nnode-1 .* containerd:\/\/\S+\n$/,
      );
    });

    it('prints whole objects', async () => {
      const one = JSON.parse(await session.run('get pod one -o json')) as { kind: string; status: { phase: string } };
      assert.deepEqual([one.kind, one.status.phase], ['Pod', 'Running']);
      const list = JSON.parse(await session.run('get pods -o json')) as { kind: string; items: object[] };
      assert.deepEqual([list.kind, list.items.length], ['List', 3]);
      const yaml = await session.run('get configmap settings -o yaml');
      assert.match(yaml, /^apiVersion: v1\ndata:\n  colour: red\nkind: ConfigMap\nmetadata:\n/);
      assert.doesNotMatch(yaml, /managedFields/);
    });

    it('prints parts of objects', async () => {
      assert.equal(await session.run('get pods -l tier -o name'), 'pod/one\npod/two\n');
      assert.equal(await session.run('get pods -l tier -o jsonpath={.items[*].metadata.name}'), 'one two');
      assert.equal(
        await session.run('get pods -l tier -o custom-columns=NAME:.metadata.name,TIER:.metadata.labels.tier'),
        'NAME   TIER\none    back\ntwo    front\n',
      );
      assert.equal(
        await session.run([
          'get',
          'pods',
          '-l',
          'tier',
          '-o',
          'go-template={{range .items}}{{.metadata.name}};{{end}}',
        ]),
        'one;two;',
      );
      assert.match(await session.run('get pod one --show-labels'), /LABELS\n.* app=one,tier=back\n$/);
      assert.match(await session.run('get pod one -L tier'), /TIER\n.* back\n$/);
      assert.match(await session.run('get pod one --no-headers'), /^one +1\/1/);
      assert.match(
        await session.run('get pod/one service/web'),
        /^NAME .*\npod\/one .*\n\nNAME .*\nservice\/web .*\n$/,
      );
    });

    it('selects and sorts', async () => {
      assert.equal(await session.run('get pods -l tier=back -o name'), 'pod/one\n');
      assert.equal(await session.run(['get', 'pods', '-l', 'tier in (front,side)', '-o', 'name']), 'pod/two\n');
      assert.equal(await session.run('get pods -l tier,tier!=back -o name'), 'pod/two\n');
      assert.equal(await session.run('get pods --field-selector metadata.name=two -o name'), 'pod/two\n');
      assert.equal(
        await session.run('get pods --field-selector spec.nodeName=node-1,status.phase=Running -l tier -o name'),
        'pod/one\npod/two\n',
      );
      assert.equal(await session.run('get pods --field-selector status.phase!=Running -o name'), '');
      const sorted = await session.run('get pods -l tier --sort-by=.metadata.labels.app --no-headers');
      assert.match(sorted, /^one .*\ntwo .*\n$/);
      assert.match(
        await session.fail('get pods --field-selector spec.colour=red'),
        /field label not supported: spec\.colour/,
      );
      assert.match(await session.run('get pods -A'), /^NAMESPACE +NAME +READY[^]*^reading +one +1\/1/m);
      const small = await session.run('get pods --chunk-size=1 -o name');
      assert.equal(small.trim().split('\n').length, 3);
      assert.match(
        await session.run('get all'),
        /^pod\/one [^]*^service\/web [^]*^deployment\.apps\/web [^]*^replicaset\.apps\/web-/m,
      );
    });

    it('watches', async () => {
      const watching = await session.start('get configmaps -l watched=yes -w --no-headers --output-watch-events');
      await session.run('create configmap seen');
      await session.run('label configmap seen watched=yes');
      assert.match(String(await watching.line()), /^ADDED +seen +0 /);
      await session.run('patch configmap seen -p {"data":{"a":"b"}}');
      assert.match(String(await watching.line()), /^MODIFIED +seen +1 /);
      await session.run('label configmap seen watched-');
      assert.match(String(await watching.line()), /^DELETED +seen +1 /);
      await watching.stop();
    });

    it('says when there is nothing', async () => {
      const { code, stdout, stderr } = await session.try('get pods -l app=nobody');
      assert.deepEqual([code, stdout, stderr], [0, '', 'No resources found in reading namespace.\n']);
    });

    it('reads raw paths', async () => {
      assert.equal(await session.run('get --raw /readyz'), 'ok');
      assert.match(await session.run('get --raw /version'), /"gitVersion": ?"v1\.35\./);
    });
  });

  describe('describe', () => {
    it('tells of a pod', async () => {
      const text = await session.run('describe pod one');
      assert.match(text, /^Name: +one\nNamespace: +reading\n/);
      assert.match(text, /^Node: +node-1\/10\./m);
      assert.match(text, /^Annotations: +(.*\n +)?note: hello$/m);
      assert.match(text, /^Status: +Running$/m);
      assert.match(text, /^ {4}Container ID: +containerd:\/\/[0-9a-f]{64}$/m);
      assert.match(text, /^ {4}Image ID: +\S+@sha256:[0-9a-f]{64}$/m);
      assert.match(text, /^ {4}State: +Running\n {6}Started: +\w/m);
      assert.match(text, /^ {2}Ready +True/m);
      assert.match(text, /^QoS Class: +BestEffort$/m);
      assert.match(text, /Normal +Scheduled .* Successfully assigned reading\/one to node-1$/m);
      assert.match(text, /Normal +Started +\d+s +dure-agent/m);
    });

    it('tells of a deployment', async () => {
      const text = await session.run('describe deployment web');
      assert.match(text, /^Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable$/m);
      assert.match(text, /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m);
      assert.match(text, /^ {2}Available +True +MinimumReplicasAvailable$/m);
      assert.match(text, /^NewReplicaSet: +web-\w+ \(1\/1 replicas created\)$/m);
      assert.match(text, /ScalingReplicaSet .* Scaled up replica set web-\w+ from 0 to 1$/m);
    });

    it('tells of a node', async () => {
      const text = await session.run('describe node node-1');
      assert.match(text, /^Labels: +beta\.kubernetes\.io\/arch=|^Labels: +kubernetes\.io\/arch=/m);
      assert.match(text, /^ {2}Ready +True .* AgentReady|^ {2}Ready +True .* KubeletReady/m);
      for (const type of ['MemoryPressure', 'DiskPressure', 'PIDPressure']) {
        assert.match(text, new RegExp(`^  ${type} +False .* Kubelet`, 'm'));
      }
      assert.match(text, /^PodCIDR: +10\.244\.\d+\.0\/24$/m);
      assert.match(text, /^Non-terminated Pods: +\(3 in total\)$/m);
      assert.match(text, /^ {2}reading +one +0 \(0%\)/m);
      assert.match(text, /^Allocated resources:$/m);
    });

    it('tells of a service', async () => {
      const text = await session.run('describe service web');
      assert.match(text, /^Selector: +app=web$/m);
      assert.match(text, /^TargetPort: +8080\/TCP$/m);
      assert.match(text, new RegExp(`^Endpoints: +${ADDRESS}:8080$`, 'm'));
    });

    it('tells of the rest', async () => {
      assert.match(await session.run('describe configmap settings'), /^colour:\n-+\nred$/m);
      assert.match(await session.run('describe namespace reading'), /^Status: +Active$/m);
      assert.match(await session.run('describe replicaset'), /^Controlled By: +Deployment\/web$/m);
      assert.match(await session.run('describe endpointslice'), /^AddressType: +IPv4$/m);
      assert.match(await session.fail('describe pod nope'), /pods "nope" not found/);
    });
  });

  describe('wait', () => {
    it('waits for conditions and fields', async () => {
      assert.equal(
        await session.wait('--for=condition=Available deployment/web'),
        'deployment.apps/web condition met\n',
      );
      assert.equal(await session.wait(`--for=jsonpath={.status.phase}=Running pod/one`), 'pod/one condition met\n');
      const waiting = session.wait(`--for=jsonpath={.data.late}=yes configmap/settings`);
      await session.run('patch configmap settings -p {"data":{"late":"yes"}}');
      assert.equal(await waiting, 'configmap/settings condition met\n');
    });

    it('waits for something to appear and to go', async () => {
      const created = session.wait('--for=create configmap/later');
      await session.run('create configmap later');
      assert.equal(await created, 'configmap/later condition met\n');
      const deleted = session.wait('--for=delete configmap/later');
      await session.run('delete configmap later');
      // Nothing is printed when it was gone before the first look.
      assert.match(await deleted, /^(configmap\/later condition met\n)?$/);
    });

    it('gives up', async () => {
      assert.equal(
        await session.fail('wait --for=condition=Ready=false pod/one --timeout=1s'),
        'error: timed out waiting for the condition on pods/one',
      );
    });
  });

  it('lists events', async () => {
    assert.match(
      await session.run('get events --field-selector involvedObject.name=one'),
      /^\d+s +Normal +Started +pod\/one +Container started$/m,
    );
    assert.match(await session.run('events --for pod/one'), /Started +Pod\/one +Container started/);
  });

  it('knows the API', async () => {
    const resources = await session.run('api-resources --no-headers');
    assert.match(resources, /^pods +po +v1 +true +Pod$/m);
    assert.match(resources, /^deployments +deploy +apps\/v1 +true +Deployment$/m);
    assert.match(await session.run('api-resources --verbs=watch --namespaced=false -o name'), /^nodes$/m);
    assert.match(await session.run('api-versions'), /^discovery\.k8s\.io\/v1$/m);
    assert.match(await session.run('version'), /^Server Version: v1\.35\.\d/m);
    assert.match(await session.run('cluster-info'), /control plane.* is running at .*https:\/\//);
  });

  it('explains', async () => {
    const field = await session.run('explain pod.spec.containers.livenessProbe.httpGet.port');
    assert.match(field, /^KIND: +Pod\nVERSION: +v1\n\nFIELD: port <IntOrString>/);
    const kind = await session.run('explain deployment');
    assert.match(kind, /^GROUP: +apps\nKIND: +Deployment\n/);
    assert.match(kind, /^ {2}spec\t<DeploymentSpec>$/m);
    assert.match(
      await session.run('explain service.spec --recursive'),
      /^ {2}ports\t<\[\]ServicePort>\n {4}appProtocol\t<string>$/m,
    );
    assert.match(await session.fail('explain pod.spec.nope'), /field "nope" does not exist/);
  });
});
