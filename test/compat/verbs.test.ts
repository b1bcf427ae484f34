/** Every verb of kubectl, of this release and of those before and after it, with the flags that change what is asked. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { IMAGES } from '../../cli/local/images.ts';
import { createAuthority } from '../../lib/certificates.ts';
import { RELEASES, type Release } from '../support/client-program.ts';
import { kubectl } from '../support/kubectl.ts';
import { TestCluster } from '../support/cluster.ts';
import { configMap, deployment, manifest, pod } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

/** What `kubectl --help` lists: a verb that is new there needs a test here. `alpha` and `kuberc` ask no server. */
const VERBS = `
  annotate api-resources api-versions apply attach auth autoscale certificate cluster-info completion config
  cordon cp create debug delete describe diff drain edit events exec explain expose get kustomize label logs
  patch plugin port-forward proxy replace rollout run scale set taint top uncordon version wait
`;

function forAnHour(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now), notAfter: new Date(now + 3_600_000) };
}

/** One release of kubectl, in a namespace of its own. */
class Walk {
  readonly session: Session;
  readonly release: Release;
  /** Also names what stands outside of namespaces. */
  readonly own: string;
  private readonly directory: string;

  private constructor(session: Session, release: Release, directory: string) {
    this.session = session;
    this.release = release;
    this.own = session.namespace;
    this.directory = directory;
  }

  static async start(cluster: TestCluster, release: Release, directory: string): Promise<Walk> {
    const session = await Session.open(cluster, `verbs-${release.replace('.', '-')}`, release);
    await session.apply(manifest(deployment('web', { replicas: 2 }), pod('one'), configMap('settings', { a: 'b' })));
    await session.wait('--for=condition=Available deployment/web');
    await session.wait('--for=condition=Ready pod/one');
    return new Walk(session, release, directory);
  }

  /** Failures say which release it was. */
  async run(test: (walk: Walk) => Promise<void>): Promise<void> {
    try {
      await test(this);
    } catch (error) {
      if (error instanceof Error) error.message = `kubectl ${this.release}: ${error.message}`;
      throw error;
    }
  }

  async json<T>(line: string): Promise<T> {
    return JSON.parse(await this.session.run(line)) as T;
  }

  async file(name: string, content: string): Promise<string> {
    const target = path.join(this.directory, `${this.own}-${name}`);
    await writeFile(target, content);
    return target;
  }
}

describe('every verb of kubectl', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let directory: string;
  let walks: Walk[];
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'dure-verbs-'));
    cluster = await TestCluster.start({ nodes: 2 });
    walks = await Promise.all(RELEASES.map((release) => Walk.start(cluster, release, directory)));
  });
  after(async () => {
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** With every release at once. */
  function each(what: string, test: (walk: Walk) => Promise<void>): void {
    it(what, async () => {
      await Promise.all(walks.map((walk) => walk.run(test)));
    });
  }

  each('knows the verbs that are tried here, and no others', async ({ session }) => {
    const verbs = [...(await session.run('--help')).matchAll(/^ {2}([a-z-]+) {2,}/gm)].map((found) => found[1]);
    const asking = verbs.filter((verb) => verb !== 'alpha' && verb !== 'kuberc');
    assert.deepEqual(new Set(asking), new Set(VERBS.trim().split(/\s+/)));
  });

  each('api-resources, api-versions, version, cluster-info', async (walk) => {
    const { session, own } = walk;
    const apps = await session.run('api-resources --api-group=apps --verbs=list,get --sort-by=kind -o wide');
    assert.match(apps, /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,\S+ +all$/m);
    assert.match(await session.run('api-resources --categories=all -o name'), /^replicasets\.apps$/m);
    assert.doesNotMatch(await session.run('api-resources --namespaced=false --no-headers'), /^pods /m);
    assert.match(await session.run('api-versions'), /^v1$/m);
    const { serverVersion } = await walk.json<{ serverVersion: { minor: string } }>('version -o json');
    assert.equal(serverVersion.minor, '35');
    assert.match(await session.run('cluster-info'), /control plane.* is running at .*https:/);
    const dump = path.join(directory, own);
    await session.run(`cluster-info dump --namespaces=${own} --output-directory=${dump}`);
    const pods = (await readdir(path.join(dump, own))).filter((name) => !name.endsWith('.json'));
    assert.equal(pods.length, 3, 'a directory with the logs of each pod');
  });

  each('apply --server-side', async ({ session }) => {
    const map = (value: string): string => manifest(configMap('shared', { key: value }));
    assert.equal(await session.run('apply --server-side -f -', map('1')), 'configmap/shared serverside-applied\n');
    const other = 'apply --server-side --field-manager=other -f -';
    assert.match(await session.fail(other, map('2')), /conflict with "kubectl": \.data\.key/);
    const difference = await session.try('diff --server-side --force-conflicts --field-manager=other -f -', map('2'));
    assert.deepEqual([difference.code, /^\+ {2}key: "2"$/m.test(difference.stdout)], [1, true], difference.stderr);
    await session.run(`${other} --force-conflicts`, map('2'));
    assert.equal(await session.field('configmap shared', '.data.key'), '2');
    assert.match(await session.run('get configmap shared -o yaml --show-managed-fields'), /manager: other$/m);
    assert.equal(await session.run('get configmap shared --subresource= -o name'), 'configmap/shared\n');
  });

  each('apply, over from the client side to the server side', async ({ session }) => {
    await session.apply(manifest(configMap('moved', { gone: '1', kept: '1' })));
    await session.run('apply --server-side -f -', manifest(configMap('moved', { kept: '1' })));
    assert.equal(await session.field('configmap moved', '.data'), '{"kept":"1"}');
    const managers = await session.field('configmap moved', '.metadata.managedFields[*].manager');
    assert.deepEqual(managers.split(' ').toSorted(), ['kubectl', 'kubectl-last-applied']);
  });

  each('apply --prune: by set, and by label with kinds', async ({ session, own }) => {
    const alpha = { KUBECTL_APPLYSET: 'true' };
    const both = manifest(configMap('of-set', { a: 'b' }), configMap('of-set-too', {}));
    const line = `apply -n ${own} --prune --applyset=owner -f -`;
    await session.try(line, both, alpha);
    const pruned = await session.try(line, manifest(configMap('of-set', { a: 'b' })), alpha);
    assert.equal(pruned.stdout, 'configmap/of-set unchanged\nconfigmap/of-set-too pruned\n', pruned.stderr);
    assert.match(await session.field('secret owner', '.metadata.annotations'), /contains-group-kinds":"ConfigMap"/);
    const byLabel = 'apply --prune -l group=x --prune-allowlist=core/v1/ConfigMap -f -';
    const labelled = (name: string): object => ({
      ...configMap(name, {}),
      metadata: { name, labels: { group: 'x' } },
    });
    await session.run(byLabel, manifest(labelled('x1'), labelled('x2')));
    assert.match(await session.run(byLabel, manifest(labelled('x1'))), /^configmap\/x2 pruned$/m);
  });

  each('apply: what was applied last is shown, edited and set', async (walk) => {
    const { session, own } = walk;
    const editor = path.join(directory, `${own}-editor`);
    await writeFile(editor, '#!/bin/sh\nsed -i s/red/blue/ "$1"\n', { mode: 0o755 });
    await session.apply(manifest(configMap('last', { colour: 'red' })));
    const edited = await session.try('apply edit-last-applied configmap/last', '', { KUBE_EDITOR: editor });
    assert.equal(edited.stdout, 'configmap/last edited\n', edited.stderr);
    assert.match(await session.run('apply view-last-applied configmap/last'), /colour: blue/);
    const set = await walk.file('last.json', manifest(configMap('last', { colour: 'green' })));
    await session.run(`apply set-last-applied -f ${set}`);
    assert.match(await session.run('apply view-last-applied configmap/last -o json'), /"colour": "green"/);
  });

  each('auth: can-i, whoami, reconcile', async (walk) => {
    const { session, own } = walk;
    assert.equal(await session.run('auth can-i create deployments.apps/scale'), 'yes\n');
    assert.equal((await session.try('auth can-i get pods --as=nobody')).stdout, 'no\n');
    assert.equal((await session.try('auth can-i get pods --subresource=log --as=nobody -q')).code, 1);
    assert.match(await session.run('auth can-i --list'), /^\*\.\* +\[\] +\[\] +\[\*\]$/m);
    const line = 'auth whoami --as=jane --as-group=devs --as-uid=7 -o json';
    const { status } = await walk.json<{ status: { userInfo: object } }>(line);
    const groups = ['devs', 'system:authenticated'];
    assert.deepEqual(status.userInfo, { username: 'jane', uid: '7', groups });
    const role = (verb: string): string =>
      manifest({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: own },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }],
      });
    assert.match((await session.try('auth reconcile -f -', role('get'))).stderr, /reconciliation required create/);
    await session.run('auth reconcile --remove-extra-permissions -f -', role('list'));
    assert.equal(await session.field(`clusterrole ${own}`, '.rules[*].verbs[*]'), 'list');
    await session.run(`delete clusterrole ${own}`);
  });

  each('create: roles and bindings', async ({ session, own }) => {
    const resources = '--resource=pods,deployments.apps,pods/log';
    await session.run(`create clusterrole ${own} --verb=get,list ${resources} --resource-name=a`);
    assert.match(await session.field(`clusterrole ${own}`, '.rules'), /"resources":\["pods","pods\/log"\]/);
    await session.run(`create clusterrole ${own}-urls --verb=get --non-resource-url=/logs/*`);
    await session.run(`create clusterrole ${own}-sum --aggregation-rule=example.com/part=true`);
    await session.run(`create clusterrolebinding ${own} --clusterrole=${own} --user=u --group=g`);
    await session.run('create role reader --verb=get --resource=pods');
    await session.run(`create rolebinding reader --role=reader --serviceaccount=${own}:default`);
    await session.run('set subject rolebinding reader --user=z --group=y');
    assert.equal(await session.field('rolebinding reader', '.subjects[*].name'), 'default z y');
    assert.match(await session.run(`describe clusterrole ${own}-urls`), /\[\/logs\/\*\] +\[\] +\[get\]/);
    await session.run(
      `delete clusterrolebinding/${own} clusterrole/${own} clusterrole/${own}-urls clusterrole/${own}-sum`,
    );
  });

  each('create: what workloads need', async (walk) => {
    const { session, own } = walk;
    await session.run(`create configmap hashed --from-literal=a=b --append-hash`);
    const env = await walk.file('env', 'A=1\nB=2\n');
    await session.run(`create configmap from-env --from-env-file=${env}`);
    assert.equal(await session.field('configmap from-env', '.data'), '{"A":"1","B":"2"}');
    await session.run(['create', 'cronjob', 'nightly', '--image=x', '--schedule=0 3 * * *', '--', 'date']);
    assert.match(await session.run('create job now --from=cronjob/nightly'), /created/);
    assert.equal(await session.field('job now', '.spec.template.spec.containers[0].command'), '["date"]');
    assert.match(await session.run('delete job now --cascade=foreground'), /deleted/);
    const rule = '--rule=foo.com/path*=web:8080,tls=cert';
    await session.run(`create ingress entry --class=x ${rule} --default-backend=web:http --annotation=a=b`);
    assert.match(await session.run('get ingress entry --no-headers'), /^entry +x +foo\.com +80, 443 /);
    await session.run('create poddisruptionbudget some --selector=app=web --min-available=50%');
    await session.run(`create priorityclass ${own} --value=100 --description=d --preemption-policy=Never`);
    await session.run('create quota bounded --hard=pods=100,services=20,count/configmaps=100');
    assert.match(await session.fail('create quota wrong --hard=cpu=1 --scopes=BestEffort'), /unsupported scope/);
    await session.run('create serviceaccount robot');
    const token = await session.run(
      'create token robot --audience=a --duration=1h --bound-object-kind=Secret --bound-object-name=owner',
    );
    assert.equal(token.trim().split('.').length, 3);
    await session.run(`delete priorityclass ${own}`);
  });

  each('create: secrets and services', async (walk) => {
    const { session } = walk;
    const { key, certificate } = await createAuthority('web.test', forAnHour());
    const pair = `--key=${await walk.file('tls.key', key)} --cert=${await walk.file('tls.crt', certificate)}`;
    await session.run(`create secret tls cert ${pair}`);
    assert.equal(await session.field('secret cert', '.type'), 'kubernetes.io/tls');
    await session.run('create secret docker-registry login --docker-server=r --docker-username=u --docker-password=p');
    await session.run('create secret generic plain --from-literal=a=b --type=example.com/own');
    assert.match(await session.run('describe secret plain'), /^a: +1 bytes$/m);
    await session.run('create service clusterip headless --clusterip=None --tcp=1');
    await session.run('create service externalname outside --external-name=foo.bar');
    await session.run('create service loadbalancer balanced --tcp=80:8080');
    await session.run('create service nodeport on-nodes --tcp=80:8080');
    await session.run('set selector service balanced app=web');
    assert.equal(await session.field('service balanced', '.spec.selector'), '{"app":"web"}');
  });

  each('autoscale, scale, expose', async ({ session }) => {
    await session.run('autoscale deployment web --min=1 --max=5 --cpu=80%');
    for (const version of ['v1', 'v2']) {
      const asked = `horizontalpodautoscalers.${version}.autoscaling web`;
      assert.equal(await session.field(asked, '.apiVersion'), `autoscaling/${version}`);
    }
    assert.match(await session.run('describe hpa web'), /<unknown> \/ 80%/);
    await session.run('delete hpa web');
    await session.run('create deployment sized --image=x --replicas=0');
    const stale = 'scale deployment sized --replicas=0 --resource-version=1';
    assert.match(await session.fail(stale), /Expected resource version to be 1, was \d+/);
    assert.match(
      await session.run('get deployment sized --subresource=scale'),
      /^NAME +DESIRED +AVAILABLE +AGE\nsized +0 +0 +\d+s\n$/,
    );
    const patched = await session.run(
      `patch deployment sized --subresource=scale --type=merge -p {"spec":{"replicas":0}}`,
    );
    assert.match(patched, /^scale\.autoscaling\/sized patched/);
    await session.run('expose deployment web --port=80 --target-port=http --type=NodePort --name=exposed');
    await session.run('expose service exposed --port=81 --name=again');
    assert.equal(await session.field('service again', '.spec.selector'), '{"app":"web"}');
  });

  each('set: env, image, resources, serviceaccount', async ({ session }) => {
    const name = 'deployment/sized';
    await session.run(`set env ${name} A=B`);
    await session.run(`set env ${name} --from=configmap/settings --prefix=S_`);
    assert.match(await session.run(`set env ${name} --list --resolve`), /^A=B$[^]*^S_A=b$/m);
    await session.run(`set image ${name} x=y`);
    await session.run(`set resources ${name} --limits=cpu=200m --requests=cpu=100m`);
    await session.run(`set serviceaccount ${name} robot`);
    const spec = '.spec.template.spec';
    assert.equal(await session.field(name, `${spec}.containers[0].image`), 'y');
    assert.equal(await session.field(name, `${spec}.containers[0].resources.requests.cpu`), '100m');
    assert.equal(await session.field(name, `${spec}.serviceAccountName`), 'robot');
    assert.match(await session.run(`set image ${name} x=z --dry-run=server`), /image updated \(server dry run\)/);
    assert.equal(await session.field(name, `${spec}.containers[0].image`), 'y');
  });

  each('label, annotate, patch, replace, edit', async ({ session, own }) => {
    assert.equal(
      await session.run('label pods -l app=web tier=front --overwrite'),
      await labelled(session, 'pod', 'web'),
    );
    assert.match(await session.run('label pod one --list'), /^app=one$/m);
    const stale = 'annotate pod one a=b --resource-version=1';
    assert.match(await session.fail(stale), /\(Conflict\).*the object has been modified/);
    await session.run('annotate pod one a=b --field-manager=me');
    const status = '{"status":{"conditions":[{"type":"Own","status":"True"}]}}';
    await session.run(`patch deployment web --subresource=status --type=merge -p ${status}`);
    const conditions = '.status.conditions[?(@.type=="Own")].status';
    assert.equal(await session.field('deployment web', conditions), 'True');
    const current = await session.run('get deployment sized -o json');
    await session.run('replace --subresource=status -f -', current.replace('"replicas": 0', '"replicas": 7'));
    assert.equal(await session.field('deployment sized', '.spec.replicas'), '0');
    const forced = await session.run(
      'replace --force --grace-period=0 -f -',
      manifest(configMap('settings', { a: 'c' })),
    );
    assert.match(forced, /^configmap\/settings replaced$/m);
    const editor = { KUBE_EDITOR: path.join(directory, `${own}-editor`) };
    await session.run(['patch', 'deployment', 'sized', '-p', '{"metadata":{"annotations":{"colour":"red"}}}']);
    const edited = await session.try('edit deployment sized --output-patch -o json', '', editor);
    assert.match(edited.stdout, /"colour":"blue"/, edited.stderr);
  });
  each('get: forms, pieces, and what happens', async (walk) => {
    const { session } = walk;
    assert.match(await session.run('get pods --chunk-size=1 --no-headers --sort-by=.metadata.name'), /^one [^]*\nweb-/);
    assert.equal(await session.run('get pods --field-selector=status.phase!=Running -o name'), '');
    assert.equal(await session.run('get pods.v1. -l app=one -o name'), 'pod/one\n');
    const names = 'get pods -l app=one -o jsonpath-as-json={.items[*].metadata.name}';
    assert.deepEqual(JSON.parse(await session.run(names)), ['one']);
    assert.match(await session.run('get pod one --server-print=false'), /^NAME +AGE\none +\d+s\n$/);
    assert.equal(await session.run('get deployment web --subresource=status -o name'), 'deployment.apps/web\n');
    const template = await walk.file('template', '{{range .items}}{{.metadata.name}};{{end}}');
    assert.equal(await session.run(`get pods -l app=one -o go-template-file=${template}`), 'one;');
    const columns = await walk.file('columns', 'NAME\n.metadata.name\n');
    assert.equal(await session.run(`get pods -l app=one -o custom-columns-file=${columns}`), 'NAME\none\n');
    const watching = await session.start('get pods -l app=one --watch-only --output-watch-events -o name');
    const seen = watching.until(/^pod\/one$/).then(() => true);
    // Nobody says when the watch begins, so it is changed until the change is seen.
    for (let count = 0; !(await Promise.race([seen, annotated(session, count)])); count++);
    await watching.stop();
    assert.match(await session.run('events --for pod/one --types=Normal'), /Started +Pod\/one/);
    assert.match(await session.run('get --raw /readyz'), /^ok/);
  });
  each('describe: all kinds', async ({ session }) => {
    const kinds = (await session.run('api-resources --verbs=list -o name')).trim().split('\n');
    const { stdout, stderr } = await session.try(`describe ${kinds.join(',')}`);
    assert.match(stdout, /^Name: +web$[^]*^Name: +view$/m, stderr);
  });

  it('explain: every kind', async () => {
    const session = await Session.open(cluster, 'explained');
    const rows = (await session.run('api-resources --no-headers')).trim().split('\n');
    const explained = rows.map(async (row) => {
      const [, plural = '', apiVersion = ''] = /^(\S+).* (\S*v\d\S*) +(?:true|false) /.exec(row) ?? [];
      return session.run(`explain ${plural} --api-version=${apiVersion} --recursive`);
    });
    for (const text of await Promise.all(explained)) assert.match(text, /^ {2}apiVersion\t<string>$/m);
  });

  each('rollout', async ({ session }) => {
    await session.run('rollout status deployment/web --timeout=60s');
    await session.run('rollout pause deployment/web');
    assert.match(await session.fail('rollout restart deployment/web'), /can't restart paused deployment/);
    await session.run('rollout resume deployment/web');
    assert.match(await session.run('rollout restart deployment -l app=web'), /restarted/);
    await session.run('rollout status deployment/web --timeout=60s');
    assert.match(await session.run('rollout history deployment/web --revision=2'), /revision #2/);
    assert.match(await session.run('rollout undo deployment/web --to-revision=1 --dry-run=server'), /server dry run/);
  });

  each('run, exec, attach, logs, cp, debug', async (walk) => {
    const { session } = walk;
    const line = `run once --image=${IMAGES.busybox} --restart=Never --rm -i --quiet --override-type=strategic`;
    const overrides = '{"spec":{"terminationGracePeriodSeconds":1}}';
    assert.match(await session.run(`${line} --overrides=${overrides} -- cat`, 'said\n'), /^said\n/);
    assert.equal(await session.run('exec -i one -- cat', 'back\n'), 'back\n');
    const source = await walk.file('source', 'content\n');
    await session.run(`cp ${source} one:/tmp/copied`);
    assert.equal(await session.run('exec one -- cat /tmp/copied'), 'content\n');
    await session.run(`cp one:/tmp/copied ${source}.back --retries=1`);
    assert.equal(await session.run('logs deployment/web --since=1h --timestamps --limit-bytes=1'), '');
    const copy = `debug one --copy-to=copied --container=aside --image=${IMAGES.busybox} --share-processes`;
    await session.run(`${copy} --same-node --profile=general -- sleep 1000`);
    await session.wait('--for=condition=Ready pod/copied');
    assert.match(await session.run('exec copied -c aside -- ps'), /sleep infinity[^]*sleep 1000/);
    const [node = ''] = (await session.run('get nodes -o name')).trim().split('\n');
    const made = await session.run(`debug ${node} --image=${IMAGES.busybox} --profile=sysadmin -- ls /host`);
    const debugger_ = /pod (\S+) with/.exec(made)?.[1] ?? '';
    await session.wait(`--for=jsonpath={.status.phase}=Succeeded pod/${debugger_}`);
    assert.match(await session.run(`logs ${debugger_}`), /^proc$/m);
  });

  each('port-forward, proxy', async ({ session, own }) => {
    const forwarding = await session.start('port-forward deployment/web :http');
    const forwarded = /:(\d+) ->/.exec(await forwarding.until(/^Forwarding from 127/))?.[1];
    assert.match(await text(`http://127.0.0.1:${forwarded}/`), /^Hello from web-/);
    await forwarding.stop();
    const proxying = await session.start('proxy --port=0 --api-prefix=/k8s');
    const address = /127\.0\.0\.1:\d+/.exec(await proxying.until(/^Starting to serve/))?.[0];
    assert.match(await text(`http://${address}/k8s/api/v1/namespaces/${own}/pods/one`), /"kind":"Pod"/);
    await proxying.stop();
  });
  each('wait', async ({ session }) => {
    await session.wait('--for=condition=available deployment --all');
    await session.wait('--for=jsonpath={.status.podIP} pod -l app=web');
    assert.match(await session.fail('wait --for=create configmap/never --timeout=1s'), /timed out/);
    assert.match(await session.fail('wait --for=condition=Own=False deployment/web --timeout=1s'), /timed out/);
  });

  each('cordon, drain, uncordon, top', async ({ session }) => {
    assert.match(await session.run('cordon node-2 --dry-run=server'), /^node\/node-2 (already )?cordoned/);
    await session.run('cordon node-2');
    const drain =
      'drain node-2 --ignore-daemonsets --delete-emptydir-data --force --dry-run=server --pod-selector=app=web';
    assert.match(await session.run(drain), /node\/node-2 drained \(server dry run\)/);
    await session.run('uncordon -l kubernetes.io/hostname=node-2');
    await session.eventually(async () => {
      assert.match(await session.run('top pod one --containers --no-headers'), /^one +c +\d+m/);
      assert.match(await session.run('top node --sort-by=cpu --show-capacity'), /^node-1 /m);
    });
  });

  // One after the other: kubectl writes the whole list of taints, as it read it a moment before, and the last one wins.
  it('taint', async () => {
    for (const walk of walks) {
      await walk.run(async ({ session, own }) => {
        await session.run(`taint node node-2 ${own}=x:PreferNoSchedule`);
        await session.run(`taint node node-2 ${own}=y:PreferNoSchedule --overwrite`);
        await session.run(`taint node node-2 ${own}:PreferNoSchedule-`);
      });
    }
  });

  each('kustomize, plugin, completion, config, certificate', async ({ session, own, release }) => {
    const folder = path.join(directory, `${own}-kustomize`);
    await mkdir(folder);
    const kustomization = 'namePrefix: my-\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n';
    await writeFile(path.join(folder, 'kustomization.yaml'), kustomization);
    assert.match(await session.run(`kustomize ${folder}`), /^ {2}name: my-made-[a-z0-9]{10}$/m);
    assert.match(await session.run(`apply -k ${folder}`), /^configmap\/my-made-[a-z0-9]{10} created$/m);
    assert.match(await session.run(`delete -k ${folder}`), /deleted/);
    const plugins = { PATH: folder };
    await writeFile(path.join(folder, 'kubectl-hi'), '#!/bin/sh\necho "hi $1"\n', { mode: 0o755 });
    assert.match((await session.try('plugin list', '', plugins)).stdout, /\/kubectl-hi$/m);
    assert.equal((await kubectl(cluster.local.kubeconfig, ['hi', 'there'], '', plugins, release)).stdout, 'hi there\n');
    assert.match(await session.run('completion bash'), /__start_kubectl/);
    assert.match(await session.run('completion zsh'), /^#compdef kubectl$/m);
    assert.match(await session.run('config view --minify'), /certificate-authority-data: DATA\+OMITTED/);
    assert.match(await session.fail('certificate approve nobody'), /"nobody" not found/);
  });

  each('delete', async ({ session, own }) => {
    assert.match(await session.run('delete configmap --all --dry-run=server'), /\(server dry run\)/);
    assert.match(await session.run(`delete --raw=/api/v1/namespaces/${own}/configmaps/shared`), /"status":"Success"/);
    await session.run('delete deployment web --cascade=foreground --timeout=60s');
    assert.equal(await session.run('get replicasets,pods -l app=web -o name'), '');
    await session.run('delete pod one copied --now');
    await session.run('delete services --field-selector=metadata.name=balanced --ignore-not-found');
    assert.match(await session.fail('get service balanced'), /NotFound/);
  });
});

async function labelled(session: Session, kind: string, app: string): Promise<string> {
  const names = await session.field(`${kind} -l app=${app}`, '.items[*].metadata.name');
  return names
    .split(' ')
    .map((name) => `${kind}/${name} labeled\n`)
    .join('');
}

/** False, so that it loses against what it is raced with. */
async function annotated(session: Session, count: number): Promise<boolean> {
  await session.run(`annotate pod one count=${count} --overwrite`);
  return false;
}

async function text(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(20_000) })).text();
}
