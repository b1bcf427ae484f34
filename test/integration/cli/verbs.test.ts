/** What verbs do, seen in the API and at the terminal. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../../api/object.ts';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl } from '../../support/kubectl.ts';
import { MANIFEST, POD_STATUS } from './objects.ts';

describe('verbs', function () {
  this.timeout(60_000);
  let server: TestServer;
  let directory: string;

  beforeEach(async () => {
    server = await TestServer.start();
    directory = mkdtempSync(join(tmpdir(), 'dure-cli-'));
  });

  afterEach(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await dure(server.kubeconfig, args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const object = async (...args: string[]): Promise<KubeObject & Record<string, unknown>> =>
    JSON.parse(await ok('get', ...args, '-o', 'json')) as KubeObject & Record<string, unknown>;
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };

  it('applies what kubectl applied before without a change, and the other way round', async () => {
    const path = file('all.yaml', MANIFEST);
    assert.match(await ok('apply', '-f', path), /deployment.apps\/web created\nservice\/web created/);
    const before = await object('pod', 'busy');
    const again = (await kubectl(server.kubeconfig, ['apply', '-f', path])).stdout.trim().split('\n');
    // What the server adds to lists that are replaced as a whole (tolerations, sources of volumes) counts as a change
    // on kubectl's side; it must be none on the server's.
    for (const line of again) assert.match(line, line.startsWith('pod/busy ') ? / configured$/ : / unchanged$/);
    const after = await object('pod', 'busy');
    assert.deepEqual(after['spec'], before['spec']);
    // It owns the fields now; from then on there is nothing to write.
    await kubectl(server.kubeconfig, ['apply', '-f', path]);
    assert.deepEqual(await object('pod', 'busy'), after);
    const changed = file('changed.yaml', MANIFEST.replace('replicas: 2', 'replicas: 5').replace(', e: "* star"', ''));
    const lines = (await ok('apply', '-f', changed))
      .trim()
      .split('\n')
      .filter((line) => !line.endsWith(' unchanged'));
    assert.deepEqual(lines, ['deployment.apps/web configured', 'configmap/conf configured', 'pod/busy configured']);
    assert.equal(((await object('deployment', 'web'))['spec'] as { replicas: number }).replicas, 5);
    assert.equal('e' in ((await object('cm', 'conf'))['data'] as object), false);
  });

  it('deletes what files name, and waits until it is gone', async () => {
    const path = file('all.yaml', MANIFEST);
    await ok('apply', '-f', path);
    assert.match(await ok('delete', '-f', path, '--force'), /configmap "conf" force deleted from default namespace\n/);
    assert.match((await dure(server.kubeconfig, ['get', '-f', path])).stderr, /configmaps "conf" not found/);
  });

  it('reads standard input, directories and lists, and refuses URLs', async () => {
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: ['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })),
    });
    const { stdout } = await dure(server.kubeconfig, ['apply', '-f', '-'], { stdin: list });
    assert.equal(stdout, 'configmap/a created\nconfigmap/b created\n');
    file('one.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n');
    file('ignored.txt', 'a: [');
    assert.equal(await ok('apply', '-f', directory), 'configmap/c created\n');
    const url = await dure(server.kubeconfig, ['apply', '-f', 'https://example.org/x.yaml']);
    assert.deepEqual(
      [url.code, url.stderr],
      [1, 'error: dure reads no URLs: fetch https://example.org/x.yaml and give the file\n'],
    );
  });

  it('goes on after an object that fails, and exits with 1', async () => {
    const path = file(
      'x.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n',
    );
    const { code, stdout, stderr } = await dure(server.kubeconfig, ['apply', '-f', path]);
    assert.equal(code, 1);
    assert.equal(stdout, 'configmap/good created\n');
    assert.match(stderr, /^The ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"/);
  });

  it('prints changes line by line as they come', async () => {
    await ok('create', 'configmap', 'a', '--from-literal=k=v');
    const interrupt = new AbortController();
    let text = '';
    const began = Promise.withResolvers<void>();
    const watching = dure(server.kubeconfig, ['get', 'cm', '-w', '--output-watch-events'], {
      interrupt: interrupt.signal,
      onOutput(piece) {
        text += piece;
        if (/ADDED +a /.test(text)) began.resolve();
        if (/DELETED +b /.test(text)) interrupt.abort();
      },
    });
    await began.promise;
    await ok('create', 'configmap', 'b');
    await ok('delete', 'cm', 'b');
    assert.equal((await watching).code, 0);
    assert.match(text, /^EVENT +NAME +DATA +AGE\nADDED +a +1 +\S+\nADDED +b +0 +\S+\nDELETED +b +0 +\S+\n$/);
  });

  it('waits for what another one does', async () => {
    await ok('create', 'configmap', 'a', '--from-literal=k=v');
    const waiting = dure(server.kubeconfig, ['wait', '--for=delete', 'cm/a', '--timeout=20s']);
    await ok('delete', 'cm', 'a');
    assert.equal((await waiting).code, 0);
    const created = dure(server.kubeconfig, ['wait', '--for=create', 'cm/b', '--timeout=20s']);
    await ok('create', 'configmap', 'b');
    assert.equal((await created).stdout, 'configmap/b condition met\n');
  });

  it('edits with $EDITOR, and offers the file again when the server refuses', async () => {
    await ok('create', 'configmap', 'a', '--from-literal=k=one');
    const env = { EDITOR: 'sed -i s/one/two/', PATH: process.env['PATH'] };
    assert.equal((await dure(server.kubeconfig, ['edit', 'cm', 'a'], { env })).stdout, 'configmap/a edited\n');
    assert.deepEqual((await object('cm', 'a'))['data'], { k: 'two' });
    const unchanged = await dure(server.kubeconfig, ['edit', 'cm', 'a'], { env: { ...env, EDITOR: 'true' } });
    assert.equal(unchanged.stderr, 'Edit cancelled, no changes made.\n');
    const script = file(
      'editor.sh',
      'if grep -q "is invalid\\|BadRequest" "$1"; then sed -i "s/^data: 5/data: {k: three}/" "$1"; else sed -i "/^  k:/d; s/^data:/data: 5/" "$1"; fi\n',
    );
    const again = await dure(server.kubeconfig, ['edit', 'cm', 'a'], { env: { ...env, EDITOR: `sh ${script}` } });
    assert.equal(again.stdout, 'configmap/a edited\n', again.stderr);
    assert.deepEqual((await object('cm', 'a'))['data'], { k: 'three' });
  });

  it('switches contexts in the file that names the current one', async () => {
    const path = file('config', readFileSync(server.kubeconfig, 'utf8'));
    const renamed = readFileSync(path, 'utf8').replaceAll(/name: (.+)@dure/g, 'name: second');
    const second = file('second', renamed.replace(/current-context:.*\n/, ''));
    const env = { KUBECONFIG: `${path}:${second}` };
    const used = await dure(undefined, ['config', 'use-context', 'second'], { env });
    assert.equal(used.stdout, 'Switched to context "second".\n', used.stderr);
    assert.equal((await dure(undefined, ['config', 'current-context'], { env })).stdout, 'second\n');
    assert.equal(
      (await dure(undefined, ['get', 'ns', 'default', '-o', 'name'], { env })).stdout,
      'namespace/default\n',
    );
  });

  it('completes verbs, flags, types and names', async () => {
    await ok('create', 'configmap', 'my-conf');
    const next = async (...words: string[]): Promise<string[]> =>
      (await ok('__complete', ...words)).split('\n').filter(Boolean);
    assert.deepEqual(await next('desc'), ['describe']);
    assert.deepEqual(await next('get', 'configm'), ['configmaps']);
    assert.deepEqual(await next('get', 'cm', 'my'), ['my-conf']);
    assert.deepEqual(await next('get', 'cm/my'), ['cm/my-conf']);
    assert.deepEqual(await next('rollout', 'st'), ['status']);
    assert.deepEqual(await next('logs', '--foll'), ['--follow']);
  });

  it('finds a kind that the cache of discovery does not have', async () => {
    const cache = join(directory, 'cache');
    await ok('get', 'cm', '--cache-dir', cache);
    const path = join(cache, 'dure', `${new URL(server.url).host.replace(':', '_')}.json`);
    const stored = JSON.parse(readFileSync(path, 'utf8')) as { resources: { name: string }[] };
    stored.resources = stored.resources.filter(({ name }) => name !== 'secrets');
    writeFileSync(path, JSON.stringify(stored));
    assert.match(await ok('get', 'secrets', '--cache-dir', cache, '-o', 'name', '-A'), /^$/);
    assert.match(readFileSync(path, 'utf8'), /"secrets"/);
  });

  it('says why, from what the cluster holds', async () => {
    await ok('apply', '-f', file('all.yaml', MANIFEST));
    await ok(
      'patch',
      'pod',
      'busy',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: POD_STATUS }),
    );
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { allocatable: { cpu: '1', memory: '1Gi', pods: '10' }, conditions };
    await ok('patch', 'node', 'n1', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
    assert.match(
      await ok('why', 'busy'),
      /pod\/busy is not ready: container c keeps ending\.\n.*more memory than its limit of 128Mi/,
    );
    await ok('run', 'large', '--image=x', '--dry-run=none');
    const spec = { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '900m' } } }] };
    await dure(server.kubeconfig, ['create', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'huge' }, spec }),
    });
    const why = await ok('why', 'pod/huge');
    assert.match(
      why,
      /n1 +has the taint a=b:NoSchedule, which the pod does not tolerate; has too little cpu free: the pod asks for 900m, 750m of 1 are free/,
    );
    assert.match(await ok('why', 'web'), /^deployment\/web /);
    const template = { metadata: { labels: { app: 'db' } }, spec };
    const db = { serviceName: 'db', replicas: 2, selector: { matchLabels: { app: 'db' } }, template };
    await dure(server.kubeconfig, ['create', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec: db }),
    });
    assert.match(await ok('why', 'sts/db'), /^statefulset\/db has 0 of the 2 pods it should have\./);
    const nobody = await dure(server.kubeconfig, ['why', 'nobody']);
    assert.deepEqual([nobody.code, nobody.stderr], [1, 'Error from server (NotFound): pods "nobody" not found\n']);
  });
});
