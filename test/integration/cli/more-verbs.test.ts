/** Verbs about ownership, certificates, tokens, kubeconfig files, events and differences, next to the real kubectl. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl, type KubectlResult } from '../../support/kubectl.ts';

const MAP = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned}\ndata: {a: "${value}"}\n`;

describe('more verbs, like kubectl', function () {
  this.timeout(60_000);
  let server: TestServer;
  let directory: string;

  before(async () => {
    server = await TestServer.start();
    directory = mkdtempSync(join(tmpdir(), 'dure-more-'));
  });

  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const run = (args: string, stdin = ''): Promise<KubectlResult> => dure(server.kubeconfig, args.split(' '), { stdin });
  const ok = async (args: string, stdin = ''): Promise<string> => {
    const { code, stdout, stderr } = await run(args, stdin);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  it('applies on the server, and takes fields over only when told to', async () => {
    const apply = 'apply --server-side -f -';
    assert.equal(await ok(`${apply} --field-manager=first`, MAP('1')), 'configmap/owned serverside-applied\n');
    const refused = await run(`${apply} --field-manager=second`, MAP('2'));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^error: Apply failed with 1 conflict: conflict with "first": \.data\.a\n/);
    await ok(`${apply} --field-manager=second --force-conflicts`, MAP('2'));
    assert.equal(await ok('get cm owned -o jsonpath={.data.a}'), '2');
    const client = await run(`${apply} --dry-run=client`, MAP('3'));
    assert.match(client.stderr, /^error: --dry-run=client doesn't work with --server-side/);
    assert.match((await run('apply -f - --force-conflicts', MAP('3'))).stderr, /only works with --server-side/);
    assert.match(await ok(`${apply} --dry-run=server --field-manager=second`, MAP('3')), /\(server dry run\)/);
    assert.equal(await ok('get cm owned -o jsonpath={.data.a}'), '2');
  });

  it('tells and sets what was applied last, as kubectl writes it', async () => {
    const map = MAP('1').replace('owned', 'kept');
    const applied = ['get', 'cm', 'kept', '-o', 'jsonpath={.metadata.annotations}'];
    await ok('create -f -', map);
    const refused = await run('apply set-last-applied -f -', map);
    assert.match(refused.stderr, /^error: no last-applied-configuration annotation found on resource: kept, to create/);
    const set = 'apply set-last-applied -f - --create-annotation';
    assert.equal(await ok(set, map), 'configmap/kept configured\n');
    const ours = await ok(applied.join(' '));
    await ok('annotate cm kept kubectl.kubernetes.io/last-applied-configuration-');
    assert.equal((await kubectl(server.kubeconfig, set.split(' '), map)).code, 0);
    assert.equal((await kubectl(server.kubeconfig, applied)).stdout, ours);
    assert.match(await ok('apply view-last-applied cm kept'), /^data:\n {2}a: "1"\nkind: ConfigMap$/m);
  });

  it('deletes once it is told yes, and sends raw requests', async () => {
    for (const name of ['asked', 'raw']) await ok('create -f -', MAP('1').replace('owned', name));
    const question =
      'You are about to delete the following 1 resource(s):\nconfigmap/asked\nDo you want to continue? (y/N): ';
    for (const answer of ['n\n', '', 'yes\n']) {
      assert.equal(await ok('delete cm asked -i', answer), `${question}deletion is cancelled\n`);
    }
    const theirs = await kubectl(server.kubeconfig, ['delete', 'cm', 'asked', '-i', '--dry-run=server'], 'Y\n');
    assert.equal(await ok('delete cm asked -i --dry-run=server', 'Y\n'), theirs.stdout);
    assert.match(await ok('delete cm asked -i', 'y\n'), /configmap "asked" deleted/);
    const path = '/api/v1/namespaces/default/configmaps/raw';
    const replaced = await ok(
      `replace --raw=${path} -f -`,
      JSON.stringify({ ...JSON.parse(await ok(`get --raw=${path}`)), data: { a: '2' } }),
    );
    assert.equal(JSON.parse(replaced).data.a, '2');
    assert.equal(JSON.parse(await ok(`delete --raw=${path}`)).status, 'Success');
    assert.equal((await run('get cm raw')).code, 1);
  });

  it('scales only the version that it was told of', async () => {
    await ok('create deployment sized --image=a');
    const version = await ok('get deployment sized -o jsonpath={.metadata.resourceVersion}');
    assert.match(await ok(`scale deployment sized --replicas=2 --resource-version=${version}`), /scaled/);
    const late = await run(`scale deployment sized --replicas=3 --resource-version=${version}`);
    assert.match(late.stderr, new RegExp(`^error: Expected resource version to be ${version}, was \\d+\\n$`));
  });

  it('edits a part of an object, and shows the patch', async () => {
    await ok('create deployment edited --image=a');
    const env = { KUBE_EDITOR: 'sed -i s/observedGeneration:.*/observedGeneration:\\ 7/' };
    const replicas = { KUBE_EDITOR: 'sed -i s/replicas:.*/replicas:\\ 4/' };
    const edit = ['edit', 'deployment', 'edited', '--output-patch', '--subresource=scale'];
    const { code, stdout, stderr } = await dure(server.kubeconfig, edit, { env: replicas });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Patch: \{"spec":\{"replicas":4\}.*\}\n.*edited\n$/);
    assert.equal(await ok('get deployment edited -o jsonpath={.spec.replicas}'), '4');
    const none = await dure(server.kubeconfig, edit, { env });
    assert.match(none.stderr, /^Edit cancelled, no changes made\.$/m);
  });

  it('reconciles rights as kubectl does', async () => {
    const rights = (verbs: string, subjects: string, role = 'r', more = ''): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: NAMESPACE, labels: {a: b}${more}}
rules:
- {apiGroups: [""], resources: [pods, services], verbs: [${verbs}]}
- {apiGroups: [apps], resources: [deployments], resourceNames: [web], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${role}}
subjects: [${subjects}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NAMESPACE}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {${verbs.split(',')[0]}: x}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: skipped}
`;
    const user = (name: string): string => `{kind: User, apiGroup: rbac.authorization.k8s.io, name: ${name}}`;
    const account = '{kind: ServiceAccount, name: s, namespace: ns1}';
    const steps: readonly (readonly [flags: string, text: string])[] = [
      ['--dry-run=client', rights('get', user('a'))],
      ['', rights('get', user('a'))],
      ['', rights('get', user('a'))],
      ['', rights('"list",get', `${account}, ${user('a')}`)],
      ['', rights('watch', user('z'))],
      ['--remove-extra-permissions --remove-extra-subjects', rights('watch', account)],
      ['-o name', rights('watch', account, 'other')],
      ['', rights('watch', account, 'other', ', annotations: {rbac.authorization.kubernetes.io/autoupdate: "false"}')],
      ['', rights('update', account, 'other')],
      ['--dry-run=server', rights('update', account)],
      ['x', rights('update', account)],
    ];
    for (const [flags, text] of steps) {
      const told = async (program: typeof dure | typeof kubectl, namespace: string): Promise<object> => {
        const args = ['auth', 'reconcile', '-n', namespace, '-f', '-', ...flags.split(' ').filter(Boolean)];
        const input = text.replaceAll('NAMESPACE', namespace);
        const { code, stdout, stderr } =
          program === dure
            ? await dure(server.kubeconfig, args, { stdin: input })
            : await kubectl(server.kubeconfig, args, input);
        const made = ['get', 'role/r', 'rolebinding/b', `clusterrole/${namespace}`, '-n', namespace, '-o'];
        const what = 'jsonpath={range .items[*]}{.metadata.labels}{.rules}{.subjects}{.roleRef}{.aggregationRule}{end}';
        const now = await kubectl(server.kubeconfig, [...made, what]);
        const plain = (words: string): string => words.replaceAll(namespace, 'NS');
        return { code, stdout: plain(stdout), stderr: plain(stderr), now: now.stdout };
      };
      assert.deepEqual(await told(dure, 'ours'), await told(kubectl, 'theirs'), `${flags} ${text}`);
    }
  });

  it('shows what an apply would change, and exits with 1 for it', async () => {
    await ok('apply -f -', MAP('1').replace('owned', 'differs'));
    const changed = MAP('new').replace('owned', 'differs');
    const { code, stdout } = await run('diff -f -', changed);
    assert.equal(code, 1);
    assert.match(stdout, /^-  a: "1"$/m);
    assert.match(stdout, /^\+  a: new$/m);
    const theirs = await kubectl(server.kubeconfig, ['diff', '-f', '-'], changed);
    const bodyOf = (text: string): string => text.split('\n').slice(3).join('\n');
    assert.equal(theirs.code, 1);
    assert.equal(bodyOf(stdout), bodyOf(theirs.stdout));
    assert.deepEqual((await run('diff -f -', MAP('1').replace('owned', 'differs'))).code, 0);
    assert.equal((await run('diff -f -', MAP('1').replace('owned', 'fresh'))).code, 1);
    assert.equal((await run('get cm fresh')).code, 1);
  });

  it('approves and denies requests for certificates', async () => {
    const key = [
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '/dev/null',
    ];
    const request = execFileSync('openssl', [...key, '-subj', '/CN=alice'], { stdio: ['ignore', 'pipe', 'ignore'] });
    for (const name of ['yes', 'no']) {
      const spec = { signerName: 'example.com/s', usages: ['client auth'], request: request.toString('base64') };
      const object = {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec,
      };
      await ok('create -f -', JSON.stringify(object));
    }
    const done = 'certificatesigningrequest.certificates.k8s.io';
    assert.equal(await ok('certificate approve yes'), `${done}/yes approved\n`);
    assert.equal(await ok('certificate deny no'), `${done}/no denied\n`);
    assert.equal(await ok('get csr yes -o jsonpath={.status.conditions[*].type}'), 'Approved');
    assert.equal(await ok('get csr no -o jsonpath={.status.conditions[*].type}'), 'Denied');
    assert.equal(await ok('certificate approve yes'), `${done}/yes approved\n`);
    assert.equal((await run('certificate approve no')).code, 1);
    assert.match((await run('certificate approve')).stderr, /one or more CSRs must be specified/);
  });

  it('makes tokens of service accounts', async () => {
    await ok('create serviceaccount robot');
    const token = (await ok('create token robot --audience=https://kubernetes.default.svc --duration=1h')).trim();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    assert.equal(claims['sub'], 'system:serviceaccount:default:robot');
    assert.equal(Number(claims['exp']) - Number(claims['iat']), 3600);
    assert.match((await run('create token nobody')).stderr, /serviceaccounts "nobody" not found/);
    assert.match((await run('create token robot --bound-object-name=x')).stderr, /--bound-object-kind is required/);
  });

  it('changes kubeconfig files as kubectl does', async () => {
    const files = ['ours', 'theirs'].map((name) => join(directory, name)) as [string, string];
    for (const file of files) copyFileSync(server.kubeconfig, file);
    const ca = join(directory, 'ca.crt');
    copyFileSync(server.kubeconfig, ca);
    const calls = [
      `config set-cluster other --server=https://10.0.0.1:6443 --tls-server-name=x`,
      `config set-cluster other --certificate-authority=${ca} --embed-certs`,
      `config set-cluster other --insecure-skip-tls-verify=false`,
      'config set-credentials me --token=secret',
      'config set contexts.a.b.c.namespace there',
      'config set clusters.other.proxy-url http://10.0.0.2',
      'config set clusters.other.insecure-skip-tls-verify true',
      'config set users.me.client-key-data a2V5',
      'config set users.raw.client-key-data key --set-raw-bytes',
      'config set current-context a.b.c',
      'config set-context there --cluster=other --user=me --namespace=n',
      'config get-clusters',
      'config get-users',
      'config rename-context there here',
      'config use-context here',
      'config view',
      'config unset contexts.here.namespace',
      'config unset current-context',
      'config rename-context nothere x',
      'config delete-cluster nothere',
      'config delete-context here',
      'config delete-user me',
      'config delete-cluster other',
      'config unset users.nobody.token',
      'config view',
    ];
    for (const call of calls) {
      const args = call.split(' ');
      const theirs = await kubectl(files[1], args);
      const ours = await dure(files[0], args);
      // kubectl lists names in no order.
      const sorted = (text: string): string =>
        call.startsWith('config get-') ? text.split('\n').toSorted().join('\n') : text;
      const plain = ({ code, stdout }: KubectlResult): object => ({
        code,
        stdout: sorted(stdout).replaceAll(/\S+\/(ours|theirs)/g, 'FILE'),
      });
      assert.deepEqual(plain(ours), plain(theirs), `${call}: ${ours.stderr} ${theirs.stderr}`);
    }
    assert.match(readFileSync(files[0], 'utf8'), /clusters:/);
  });

  it('lists events, of one object and of some types', async () => {
    const eventOf = (name: string, type: string, time: string): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: 'default' },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: 'default' },
        type,
        reason: `Reason${type}`,
        message: `said ${name}`,
        ...(name === 'c' ? { count: 3 } : {}),
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: time,
      });
    assert.match((await run('events')).stderr, /No events found in default namespace/);
    await ok('create -f -', eventOf('a', 'Normal', '2026-01-02T00:00:00Z'));
    await ok('create -f -', eventOf('b', 'Warning', '2026-01-01T00:00:00Z'));
    await ok('create -f -', eventOf('c', 'Normal', '2026-01-03T00:00:00Z'));
    for (const call of [
      'events',
      'events --types=Warning',
      'events --for pod/p',
      'events -A',
      'events --for=pod/none',
      'events --types=x',
    ]) {
      const ours = await run(call);
      const theirs = await kubectl(server.kubeconfig, call.split(' '));
      assert.deepEqual([ours.code, ours.stdout], [theirs.code, theirs.stdout], call);
    }
  });

  it('says of revisions what they are, however large', async () => {
    const revision = '9007199254740993';
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'old', annotations: { 'deployment.kubernetes.io/revision': revision } },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    };
    await ok('create -f -', JSON.stringify(deployment));
    const { stderr } = await run('rollout status deployment/old --revision=9007199254740992');
    assert.match(stderr, new RegExp(`\\(9007199254740992\\) is different from the running revision \\(${revision}\\)`));
  });
});
