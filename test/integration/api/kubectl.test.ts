/** The real kubectl against the API alone: nothing schedules, nothing runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { kinds } from '../../../api/kinds.ts';
import type { Node } from '../../../api/types/core.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { kubectl, spawnKubectl, type KubectlResult } from '../../support/kubectl.ts';

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;

describe('kubectl', () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.stop());

  function run(args: string, stdin = ''): Promise<KubectlResult> {
    return kubectl(server.kubeconfig, args.split(' '), stdin);
  }

  async function succeed(args: string, stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await run(args, stdin);
    assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
    return stdout;
  }

  async function fail(args: string, stdin = ''): Promise<string> {
    const { code, stderr, stdout } = await run(args, stdin);
    assert.equal(code, 1, `kubectl ${args}: ${stdout}`);
    return stderr.trim();
  }

  beforeEach(() => succeed('apply -f -', WEB));
  afterEach(() => succeed('delete deployments,services,configmaps,pods --all --grace-period=0 --force'));

  it('tells the version', async () => {
    assert.match(await succeed('version'), /^Server Version: v1\.35\.0\+dure$/m);
  });

  it('lists what is served', async () => {
    const text = await succeed('api-resources --no-headers');
    assert.match(text, /^deployments +deploy +apps\/v1 +true +Deployment$/m);
    assert.match(text, /^nodes +metrics\.k8s\.io\/v1beta1 +false +NodeMetrics$/m);
    assert.match(await succeed('api-versions'), /^coordination\.k8s\.io\/v1$/m);
  });

  it('explains fields', async () => {
    assert.match(await succeed('explain pod.spec.containers.image'), /FIELD: image <string>/);
  });

  it('says that nobody knows a kind', async () => {
    const unknown = 'apiVersion: example.com/v1\nkind: Unknown\nmetadata: {name: x}\n';
    const why = await fail('create -f -', unknown);
    assert.match(why, /no matches for kind "Unknown" in version "example\.com\/v1"/);
    assert.doesNotMatch(why, /openapi/);
  });

  it('applies, and applies again', async () => {
    assert.equal(await succeed('apply -f -', WEB), 'deployment.apps/web unchanged\nservice/web unchanged\n');
    const changed = await succeed('apply -f -', WEB.replace('replicas: 2', 'replicas: 3'));
    assert.equal(changed, 'deployment.apps/web configured\nservice/web unchanged\n');
    assert.equal(await succeed('get deploy web -o jsonpath={.spec.replicas}'), '3');
  });

  it('prints tables', async () => {
    assert.match(await succeed('get deploy'), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 +0 +0 +\d+s\n$/);
    assert.match(await succeed('get deploy -o wide'), /CONTAINERS +IMAGES +SELECTOR\n.* c +nginx +app=web\n$/);
    assert.match(await succeed('get deploy --show-labels'), / app=web\n$/);
    assert.match(await succeed('get all'), /^service\/web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP/m);
  });

  it('prints every other form', async () => {
    assert.equal(await succeed('get deploy -o name'), 'deployment.apps/web\n');
    assert.equal(await succeed('get deploy -o jsonpath={.items[*].metadata.name}'), 'web');
    assert.equal(await succeed('get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas'), 'N     R\nweb   2\n');
    const one = JSON.parse(await succeed('get deploy web -o json')) as { kind: string; spec: { replicas: number } };
    assert.deepEqual([one.kind, one.spec.replicas], ['Deployment', 2]);
    assert.match(await succeed('get deploy web -o yaml'), /^apiVersion: apps\/v1\nkind: Deployment\n/);
  });

  it('selects', async () => {
    assert.equal(await succeed('get deploy -l app=web -o name'), 'deployment.apps/web\n');
    assert.equal(await succeed('get deploy -l app!=web -o name'), '');
    assert.equal(await succeed('get deploy --field-selector metadata.name=web -o name'), 'deployment.apps/web\n');
    assert.match(await fail('get pods --field-selector spec.foo=1'), /field label not supported: spec\.foo/);
  });

  it('labels, annotates, patches and scales', async () => {
    await succeed('label deploy web a=b');
    await succeed('annotate deploy web x=y');
    await succeed('patch deploy web -p {"spec":{"paused":true}}');
    await succeed('patch deploy web --type=json -p [{"op":"add","path":"/spec/minReadySeconds","value":5}]');
    await succeed('patch deploy web --type=merge -p {"spec":{"revisionHistoryLimit":3}}');
    await succeed('scale deploy web --replicas=5');
    const spec =
      '{.metadata.labels.a}{.metadata.annotations.x}{.spec.paused}{.spec.minReadySeconds}{.spec.revisionHistoryLimit}{.spec.replicas}';
    assert.equal(await succeed(`get deploy web -o jsonpath=${spec}`), 'bytrue535');
  });

  it('creates from a file and from the command line, and replaces', async () => {
    assert.equal(await succeed('run p --image=nginx'), 'pod/p created\n');
    // These are sent as protobuf.
    assert.equal(await succeed('create configmap made --from-literal=a=b'), 'configmap/made created\n');
    assert.equal(await succeed('get cm made -o jsonpath={.data.a}'), 'b');
    assert.equal(await succeed('create deployment made --image=nginx --replicas=3'), 'deployment.apps/made created\n');
    assert.equal(await succeed('get deploy made -o jsonpath={.spec.replicas}'), '3');
    assert.equal(await succeed('create service clusterip made --tcp=80:8080'), 'service/made created\n');
    assert.equal(await succeed('get svc made -o jsonpath={.spec.ports[0].targetPort}'), '8080');
    const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"a":"1"}}';
    assert.equal(await succeed('create -f -', map), 'configmap/m created\n');
    assert.equal(
      await fail('create -f -', map),
      'Error from server (AlreadyExists): error when creating "STDIN": configmaps "m" already exists',
    );
    assert.equal(await succeed('replace -f -', map.replace('"1"', '"2"')), 'configmap/m replaced\n');
    assert.equal(await succeed('get cm m -o jsonpath={.data.a}'), '2');
  });

  it('says what is wrong in the words of the server', async () => {
    assert.equal(await fail('get cm nope'), 'Error from server (NotFound): configmaps "nope" not found');
    assert.equal(await fail('get foo'), `error: the server doesn't have a resource type "foo"`);
    assert.match(await fail('apply -f -', WEB.replace('replicas', 'replicaz')), /unknown field "spec\.replicaz"/);
    const invalid = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"Bad_Name"},"spec":{"containers":[]}}';
    assert.match(await fail('create -f -', invalid), /The Pod "Bad_Name" is invalid: /);
  });

  it('does nothing on a dry run of the server', async () => {
    const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"}}';
    assert.equal(await succeed('create --dry-run=server -f -', map), 'configmap/dry created (server dry run)\n');
    assert.match(await fail('get cm dry'), /NotFound/);
  });

  it('deletes, and waits until it is gone', async () => {
    await succeed('create -f -', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}}');
    assert.equal(await succeed('delete cm m'), 'configmap "m" deleted from default namespace\n');
    assert.equal(await succeed('get cm -o name'), '');
  });

  it('binds, cordons and drains', async () => {
    await server.registry.resource(kinds.nodes).create({ metadata: { name: 'n1' } } as Node);
    await succeed('run p --image=nginx');
    const binding = '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}';
    const path = '/api/v1/namespaces/default/pods/p/binding';
    await succeed(`create --raw ${path} -f -`, binding);
    assert.match(await fail(`create --raw ${path} -f -`, binding), /pod p is already assigned to node "n1"/);
    assert.equal(await succeed('cordon n1'), 'node/n1 cordoned\n');
    const drained = run('drain n1 --force --timeout=20s');
    const pods = server.registry.resource(kinds.pods);
    // The part of the node's agent: what is being deleted has ended.
    const end = pods.view.subscribe(({ type, object }) => {
      if (type === 'updated' && object.metadata.deletionTimestamp) {
        void pods.delete('default', 'p', { gracePeriodSeconds: 0 });
      }
    });
    const { code, stdout } = await drained;
    end();
    assert.equal(code, 0);
    assert.match(stdout, /node\/n1 drained\n$/);
  });

  it('watches', async () => {
    const watching = await spawnKubectl(server.kubeconfig, ['get', 'deploy', '-w', '--no-headers']);
    const lines = createInterface(watching.stdout)[Symbol.asyncIterator]();
    assert.match(String((await lines.next()).value), /^web +0\/2/);
    await succeed('scale deploy web --replicas=4');
    assert.match(String((await lines.next()).value), /^web +0\/4/);
    watching.kill('SIGINT');
    await once(watching, 'exit');
  });
});
