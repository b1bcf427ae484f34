/** The real kubectl: objects are made, changed, compared and refused. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestCluster } from '../support/cluster.ts';
import { configMap, deployment, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

describe('kubectl on objects', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'dure-objects-'));
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'objects');
  });
  after(async () => {
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('applies: created, unchanged, configured', async () => {
    const both = manifest(deployment('web', { replicas: 0 }), service('web'));
    assert.equal(await session.apply(both), 'deployment.apps/web created\nservice/web created\n');
    assert.equal(await session.apply(both), 'deployment.apps/web unchanged\nservice/web unchanged\n');
    const changed = both.replace('"port":80,', '"port":81,');
    assert.equal(await session.apply(changed), 'deployment.apps/web unchanged\nservice/web configured\n');
    assert.equal(await session.field('service web', '.spec.ports[*].port'), '81');
  });

  it('removes what was applied before and is no longer, and leaves what others set', async () => {
    await session.apply(manifest(configMap('pruned', { keep: '1', drop: '2' })));
    await session.run(`patch configmap pruned -p {"data":{"other":"3"}}`);
    assert.equal(await session.apply(manifest(configMap('pruned', { keep: '1' }))), 'configmap/pruned configured\n');
    assert.deepEqual(JSON.parse(await session.field('configmap pruned', '.data')), { keep: '1', other: '3' });
    const applied = await session.run('apply view-last-applied configmap pruned -o json');
    assert.deepEqual((JSON.parse(applied) as { data: object }).data, { keep: '1' });
  });

  it('merges lists by key: an added container stays, an environment variable goes', async () => {
    const env = (names: string[]): object => ({ env: names.map((name) => ({ name, value: 'x' })) });
    await session.apply(manifest(deployment('lists', { replicas: 0, container: env(['A', 'B']) })));
    const sidecar = '{"spec":{"template":{"spec":{"containers":[{"name":"second","image":"busybox"}]}}}}';
    assert.equal(await session.run(['patch', 'deployment', 'lists', '-p', sidecar]), 'deployment.apps/lists patched\n');
    await session.apply(manifest(deployment('lists', { replicas: 0, container: env(['B']) })));
    const containers = '.spec.template.spec.containers[*]';
    assert.equal(await session.field('deployment lists', `${containers}.name`), 'second hello');
    assert.equal(await session.field('deployment lists', `${containers}.env[*].name`), 'B');
  });

  it('applies with --prune', async () => {
    const labelled = (name: string): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { set: 'p' } },
    });
    await session.apply(manifest(labelled('p1'), labelled('p2')));
    const pruned = await session.run(
      'apply --prune -l set=p --prune-allowlist=core/v1/ConfigMap -f -',
      manifest(labelled('p1')),
    );
    assert.equal(pruned, 'configmap/p1 unchanged\nconfigmap/p2 pruned\n');
  });

  it('creates from the command line', async () => {
    await writeFile(path.join(directory, 'file.txt'), 'two\nlines\n');
    const file = `--from-file=${directory}/file.txt`;
    assert.equal(await session.run(`create configmap made --from-literal=a=b ${file}`), 'configmap/made created\n');
    assert.equal(await session.field('configmap made', '.data.file\\.txt'), 'two\nlines\n');
    assert.equal(await session.run('create secret generic made --from-literal=key=value'), 'secret/made created\n');
    assert.equal(await session.field('secret made', '.data.key'), Buffer.from('value').toString('base64'));
    const login = '--docker-server=r.test --docker-username=u --docker-password=p';
    await session.run(`create secret docker-registry login ${login}`);
    assert.equal(await session.field('secret login', '.type'), 'kubernetes.io/dockerconfigjson');
    assert.equal(
      await session.run('create deployment made --image=busybox --replicas=0'),
      'deployment.apps/made created\n',
    );
    assert.equal(await session.run('create service clusterip made --tcp=80:8080'), 'service/made created\n');
    assert.equal(await session.run('create service nodeport made-port --tcp=80'), 'service/made-port created\n');
    assert.match(await session.field('service made-port', '.spec.ports[0].nodePort'), /^3[0-2]\d{3}$/);
    assert.equal(await session.run('create serviceaccount made'), 'serviceaccount/made created\n');
  });

  it('creates from a file and from a directory', async () => {
    const folder = await mkdtemp(path.join(directory, 'many-'));
    await writeFile(path.join(folder, 'a.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: file-a}\n');
    await writeFile(path.join(folder, 'b.json'), manifest(configMap('file-b', {})));
    assert.equal(await session.run(`create -f ${folder}`), 'configmap/file-a created\nconfigmap/file-b created\n');
    assert.equal(
      await session.run(`delete -f ${folder}`),
      `configmap "file-a" deleted from objects namespace\nconfigmap "file-b" deleted from objects namespace\n`,
    );
  });

  it('patches in three ways', async () => {
    await session.apply(manifest(deployment('patched', { replicas: 0 })));
    await session.run(`patch deployment patched -p {"spec":{"minReadySeconds":1}}`);
    await session.run(`patch deployment patched --type=merge -p {"spec":{"revisionHistoryLimit":2}}`);
    const operations =
      '[{"op":"replace","path":"/spec/replicas","value":0},{"op":"add","path":"/spec/paused","value":true}]';
    assert.match(await session.run(`patch deployment patched --type=json -p ${operations}`), /patched$/m);
    const fields = '{.spec.minReadySeconds} {.spec.revisionHistoryLimit} {.spec.paused}';
    assert.equal(await session.run(['get', 'deployment', 'patched', '-o', `jsonpath=${fields}`]), '1 2 true');
    const failed = await session.fail(
      `patch deployment patched --type=json -p [{"op":"test","path":"/spec/replicas","value":7}]`,
    );
    assert.match(failed, /^The request is invalid: the server rejected our request due to an error in our request/);
    assert.match(
      await session.run(`patch deployment patched -p {"spec":{"minReadySeconds":1}}`),
      /patched \(no change\)$/m,
    );
  });

  it('labels and annotates', async () => {
    await session.apply(manifest(configMap('marked', {})));
    assert.equal(await session.run('label configmap marked a=1 b=2'), 'configmap/marked labeled\n');
    assert.match(
      await session.fail('label configmap marked a=2'),
      /'a' already has a value \(1\), and --overwrite is false/,
    );
    assert.equal(await session.run('label configmap marked a=2 b- --overwrite'), 'configmap/marked labeled\n');
    assert.deepEqual(JSON.parse(await session.field('configmap marked', '.metadata.labels')), { a: '2' });
    assert.equal(await session.run('annotate configmap marked note=x'), 'configmap/marked annotated\n');
    assert.equal(await session.field('configmap marked', '.metadata.annotations.note'), 'x');
    assert.equal(await session.run('annotate configmap marked note-'), 'configmap/marked annotated\n');
    assert.equal(await session.field('configmap marked', '.metadata.annotations.note'), '');
  });

  it('replaces, also by force', async () => {
    await session.run('create -f -', manifest(configMap('replaced', { a: '1' })));
    assert.equal(
      await session.run('replace -f -', manifest(configMap('replaced', { b: '2' }))),
      'configmap/replaced replaced\n',
    );
    assert.equal(await session.field('configmap replaced', '.data'), '{"b":"2"}');
    const uid = await session.field('configmap replaced', '.metadata.uid');
    await session.run('replace --force -f -', manifest(configMap('replaced', { c: '3' })));
    assert.notEqual(await session.field('configmap replaced', '.metadata.uid'), uid);
    assert.match(
      await session.fail('replace -f -', manifest(configMap('missing', {}))),
      /^Error from server \(NotFound\): error when replacing "STDIN": configmaps "missing" not found$/,
    );
  });

  it('opens an editor', async () => {
    await session.apply(manifest(configMap('edited', { colour: 'red' })));
    const editor = path.join(directory, 'editor');
    await writeFile(editor, '#!/bin/sh\nsed -i s/red/blue/ "$1"\n', { mode: 0o755 });
    const edited = await session.try('edit configmap edited', '', { KUBE_EDITOR: editor });
    assert.equal(edited.stdout, 'configmap/edited edited\n', edited.stderr);
    assert.equal(await session.field('configmap edited', '.data.colour'), 'blue');
    const same = await session.try('edit configmap edited', '', { KUBE_EDITOR: 'true' });
    assert.equal(same.stderr, 'Edit cancelled, no changes made.\n');
  });

  it('shows the difference before it is made', async () => {
    await session.apply(manifest(configMap('differs', { a: 'old' })));
    assert.equal(await session.run('diff -f -', manifest(configMap('differs', { a: 'old' }))), '');
    const { code, stdout } = await session.try('diff -f -', manifest(configMap('differs', { a: 'new' })));
    assert.equal(code, 1);
    assert.match(stdout, /^-  a: old\n\+  a: new$/m);
    assert.equal(await session.field('configmap differs', '.data.a'), 'old');
  });

  it('changes nothing on a dry run', async () => {
    const map = manifest(configMap('dry', {}));
    assert.equal(await session.run('apply --dry-run=server -f -', map), 'configmap/dry created (server dry run)\n');
    assert.match(await session.fail('get configmap dry'), /NotFound/);
    const name = await session.run('create configmap dry --dry-run=server -o jsonpath={.metadata.uid}');
    assert.match(name, /^[0-9a-f-]{36}$/);
    await session.apply(map);
    await session.run('delete configmap dry --dry-run=server');
    assert.equal(await session.run('get configmap dry -o name'), 'configmap/dry\n');
  });

  it('generates names', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'some-' } };
    assert.match(await session.run('create -f -', manifest(map)), /^configmap\/some-[a-z0-9]{5} created\n$/);
  });

  describe('is told what is wrong:', () => {
    it('something that is not there', async () => {
      assert.equal(await session.fail('get pod nope'), 'Error from server (NotFound): pods "nope" not found');
      assert.equal(
        await session.fail('get deployment nope'),
        'Error from server (NotFound): deployments.apps "nope" not found',
      );
      assert.equal(await session.run('get pod nope --ignore-not-found'), '');
      assert.equal(await session.fail('get gizmos'), `error: the server doesn't have a resource type "gizmos"`);
      const elsewhere = await cluster.kubectl('get', 'pods', '-n', 'no-such-namespace', '-o', 'name');
      assert.equal(elsewhere, '');
      assert.match(
        await session.fail(['create', 'configmap', 'x', '-n', 'no-such-namespace']),
        /^error: failed to create configmap: namespaces "no-such-namespace" not found$/,
      );
    });

    it('something that is there already', async () => {
      await session.run('create configmap twice');
      assert.equal(
        await session.fail('create configmap twice'),
        'error: failed to create configmap: configmaps "twice" already exists',
      );
      assert.equal(
        await session.fail('create -f -', manifest(configMap('twice', {}))),
        'Error from server (AlreadyExists): error when creating "STDIN": configmaps "twice" already exists',
      );
    });

    it('a conflict with a newer state', async () => {
      await session.run('create configmap contested');
      const old = await session.run('get configmap contested -o json');
      await session.run('label configmap contested newer=true');
      assert.equal(
        await session.fail('replace -f -', old),
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "contested": ' +
          'the object has been modified; please apply your changes to the latest version and try again',
      );
    });

    it('invalid values, each with its field', async () => {
      const wrong = {
        ...pod('wrong', {
          container: { name: 'Bad_Name', imagePullPolicy: 'Sometimes', ports: [{ containerPort: 0 }] },
        }),
      };
      const text = await session.fail('create -f -', manifest(wrong));
      assert.match(text, /^The Pod "wrong" is invalid: \n/);
      assert.match(
        text,
        /^\* spec\.containers\[0\]\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 label must/m,
      );
      assert.match(
        text,
        /^\* spec\.containers\[0\]\.imagePullPolicy: Unsupported value: "Sometimes": supported values: /m,
      );
      assert.match(text, /^\* spec\.containers\[0\]\.ports\[0\]\.containerPort: (Required|Invalid) value/m);
    });

    it('what may not be changed', async () => {
      await session.apply(manifest(deployment('fixed', { replicas: 0 })));
      const changed = deployment('fixed', { replicas: 0, spec: { selector: { matchLabels: { app: 'other' } } } });
      const text = await session.fail('apply -f -', manifest(changed));
      assert.match(text, /^The Deployment "fixed" is invalid: /);
      assert.match(text, /spec\.selector: Invalid value: .*: field is immutable/);
    });

    it('fields that do not exist', async () => {
      const wrong = manifest(configMap('strict', {})).replace('"data"', '"dada"');
      assert.match(
        await session.fail('apply -f -', wrong),
        /^Error from server \(BadRequest\): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dada"$/,
      );
      const warned = await session.try('create --validate=warn -f -', wrong);
      assert.equal(warned.code, 0);
      assert.match(warned.stderr, /^Warning: unknown field "dada"$/m);
      await session.run('delete configmap strict');
      const ignored = await session.try('create --validate=ignore -f -', wrong);
      assert.deepEqual([ignored.code, ignored.stderr], [0, '']);
    });

    it('values of the wrong type', async () => {
      const wrong = manifest(deployment('typed')).replace('"replicas":2', '"replicas":"two"');
      const text = await session.fail('create -f -', wrong);
      assert.match(
        text,
        /^Error from server \(BadRequest\): error when creating "STDIN": Deployment in version "v1" cannot be handled as a Deployment: /,
      );
      assert.match(text, /spec\.replicas/);
    });

    it('kinds that do not exist', async () => {
      const gizmo = manifest({ apiVersion: 'v1', kind: 'Gizmo', metadata: { name: 'g' } });
      assert.match(
        await session.fail('create --validate=false -f -', gizmo),
        /resource mapping not found for name: "g" .* no matches for kind "Gizmo" in version "v1"/,
      );
      assert.match(await session.fail('create -f -', gizmo), /^error: /);
    });

    it('text that is no YAML', async () => {
      assert.match(await session.fail('apply -f -', 'a: b: c\n'), /error converting YAML to JSON|error parsing STDIN/);
    });
  });
});
