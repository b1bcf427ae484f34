/** Volumes in running pods. */
import assert from 'node:assert/strict';
import { TestCluster } from '../support/cluster.ts';
import { SLEEP, busybox, configMap, manifest, pod } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

describe('volumes', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'volumes');
  });
  after(() => cluster?.stop());

  /** A pod with one volume, mounted at /v. */
  const withVolume = (name: string, source: object, mount: object = {}): object =>
    pod(name, {
      spec: {
        volumes: [{ name: 'v', ...source }],
        containers: [busybox('c', SLEEP, { volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] })],
      },
    });

  it('from a config map and a secret follow their changes', async () => {
    const secret = (key: string): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys' },
      stringData: { key },
    });
    await session.apply(manifest(configMap('files', { a: 'one', b: 'two' }), secret('old')));
    const keys = withVolume('keyed', { secret: { secretName: 'keys', defaultMode: 0o400 } });
    await session.apply(manifest(withVolume('mapped', { configMap: { name: 'files' } }), keys));
    await session.wait('--for=condition=Ready pod/mapped pod/keyed');
    assert.equal(await session.sh('mapped', 'ls /v; cat /v/a'), 'a\nb\none');
    assert.equal(await session.sh('keyed', 'cat /v/key; stat -L -c %a /v/key'), 'old400\n');
    await session.apply(manifest(configMap('files', { a: 'changed', c: 'new' }), secret('fresh')));
    await session.sh('mapped', 'until [ "$(cat /v/a)" = changed ]; do sleep 0.1; done');
    assert.equal(await session.sh('mapped', 'ls /v; cat /v/c'), 'a\nc\nnew');
    await session.sh('keyed', 'until [ "$(cat /v/key)" = fresh ]; do sleep 0.1; done');
    for (const name of ['mapped', 'keyed']) {
      assert.equal(await session.field(`pod ${name}`, '.status.containerStatuses[0].restartCount'), '0');
    }
  });

  it('hold the keys that were asked for, under the names asked for', async () => {
    await session.apply(manifest(configMap('items', { a: 'one', b: 'two' })));
    const items = [{ key: 'b', path: 'deep/name', mode: 0o440 }];
    await session.apply(manifest(withVolume('picked', { configMap: { name: 'items', items } })));
    await session.wait('--for=condition=Ready pod/picked');
    assert.equal(await session.sh('picked', 'ls /v; cat /v/deep/name; stat -L -c %a /v/deep/name'), 'deep\ntwo440\n');
  });

  it('wait for what they are made from, unless it is optional', async () => {
    const source = (optional: boolean): object => ({ configMap: { name: 'late', optional } });
    await session.apply(manifest(withVolume('patient', source(false)), withVolume('careless', source(true))));
    await session.wait('--for=condition=Ready pod/careless');
    await session.eventually(async () => {
      assert.match(await session.run('describe pod patient'), /Warning +FailedMount .* configmap "late" not found/);
    });
    assert.match(await session.run('get pod patient --no-headers'), /^patient +0\/1 +ContainerCreating/);
    await session.apply(manifest(configMap('late', { a: 'here' })));
    await session.wait('--for=condition=Ready pod/patient');
    await session.sh('careless', 'until [ -e /v/a ]; do sleep 0.1; done');
  });

  it('let every pod speak to the API as its service account', async () => {
    await session.run('create serviceaccount robot');
    await session.apply(
      manifest(pod('robotic', { spec: { serviceAccountName: 'robot' }, container: busybox('c', SLEEP) })),
    );
    await session.wait('--for=condition=Ready pod/robotic');
    const place = '/var/run/secrets/kubernetes.io/serviceaccount';
    assert.equal(await session.sh('robotic', `ls ${place}`), 'ca.crt\nnamespace\ntoken\n');
    assert.equal(await session.sh('robotic', `cat ${place}/namespace`), session.namespace);
    // The image's own client has no TLS that the server accepts: what the pod holds is used from outside.
    await session.sh('robotic', 'nc -w 5 kubernetes.default.svc 443 < /dev/null');
    const token = await session.sh('robotic', `cat ${place}/token`);
    const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"' + token + '"}}';
    const reviewed = await session.run('create --validate=false -f - -o json', body);
    const { status } = JSON.parse(reviewed) as { status: { user: { username: string; extra: object } } };
    assert.equal(status.user.username, `system:serviceaccount:${session.namespace}:robot`);
    assert.match(JSON.stringify(status.user.extra), /pod-name":\["robotic"\]/);
    assert.match(JSON.stringify(status.user.extra), /node-name/);
  });

  it('are not given to who does not want to speak to the API', async () => {
    const spec = { automountServiceAccountToken: false };
    await session.apply(manifest(pod('silent', { spec, container: busybox('c', SLEEP) })));
    assert.equal(await session.field('pod silent', '.spec.volumes'), '');
  });

  it('put several sources together, and follow what the pod says of itself', async () => {
    await session.apply(manifest(configMap('part', { a: 'one' })));
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'part' }, stringData: { s: 'two' } };
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'limits.memory', divisor: '1Mi' } },
    ];
    const sources = [
      { configMap: { name: 'part' } },
      { secret: { name: 'part' } },
      { downwardAPI: { items } },
      { serviceAccountToken: { path: 'vault/token', audience: 'vault', expirationSeconds: 600 } },
    ];
    const whole = {
      volumes: [{ name: 'v', projected: { sources } }],
      securityContext: { runAsUser: 1000 },
      containers: [
        busybox('c', SLEEP, {
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
          resources: { limits: { memory: '32Mi' } },
        }),
      ],
    };
    await session.apply(manifest(secret, pod('whole', { labels: { tier: 'x' }, spec: whole })));
    await session.wait('--for=condition=Ready pod/whole');
    assert.equal(await session.sh('whole', 'ls /v; cat /v/a /v/s /v/memory'), 'a\nlabels\nmemory\ns\nvault\nonetwo32');
    assert.equal(await session.sh('whole', 'stat -L -c "%a %u" /v/vault/token'), '600 1000\n');
    const [, claims = ''] = (await session.sh('whole', 'cat /v/vault/token')).split('.');
    assert.deepEqual((JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string[] }).aud, ['vault']);
    await session.run('label pod whole tier=y --overwrite');
    await session.sh('whole', `until grep -q 'tier="y"' /v/labels; do sleep 0.1; done`);
  });

  it('are shared by the containers of a pod and outlive them', async () => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const writer = busybox('writer', 'echo $$ >> /v/starts; trap "exit 1" TERM; sleep 1000 & wait', { volumeMounts });
    const reader = busybox('reader', SLEEP, { volumeMounts: [{ ...volumeMounts[0], readOnly: true }] });
    const volumes = [{ name: 'v', emptyDir: {} }];
    await session.apply(manifest(pod('shared', { spec: { volumes, containers: [writer, reader] } })));
    await session.wait('--for=condition=Ready pod/shared');
    // When the container's process ends before the command does, that is killed with it.
    const { code } = await session.try(['exec', 'shared', '-c', 'writer', '--', 'kill', '1']);
    assert.ok(code === 0 || code === 137, `exit code ${code}`);
    await session.run([
      'exec',
      'shared',
      '-c',
      'reader',
      '--',
      'sh',
      '-c',
      'until [ $(wc -l < /v/starts) = 2 ]; do sleep 0.1; done',
    ]);
    const refused = await session.try(['exec', 'shared', '-c', 'reader', '--', 'touch', '/v/x']);
    assert.match(refused.stderr, /Read-only file system/);
  });

  it('in memory are in memory', async () => {
    await session.apply(manifest(withVolume('fast', { emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } })));
    await session.wait('--for=condition=Ready pod/fast');
    assert.match(await session.sh('fast', 'grep " /v " /proc/mounts'), /^tmpfs \/v tmpfs /);
  });

  it('mount single files, at paths made of variables', async () => {
    await session.apply(manifest(configMap('single', { 'app.conf': 'x=1' })));
    const volumeMounts = [
      { name: 'v', mountPath: '/etc/app.conf', subPath: 'app.conf' },
      { name: 'e', mountPath: '/e', subPathExpr: '$(NAME)' },
    ];
    const env = [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
    const volumes = [
      { name: 'v', configMap: { name: 'single' } },
      { name: 'e', emptyDir: {} },
    ];
    await session.apply(
      manifest(pod('parts', { spec: { volumes, containers: [busybox('c', SLEEP, { volumeMounts, env })] } })),
    );
    await session.wait('--for=condition=Ready pod/parts');
    assert.equal(await session.sh('parts', 'cat /etc/app.conf; ls /etc/passwd'), 'x=1/etc/passwd\n');
  });

  it('on the host are the host’s', async () => {
    const source = (type: string): object => ({ hostPath: { path: '/run/dure-volume-test', type } });
    await session.apply(manifest(withVolume('strict', source('Directory'))));
    await session.eventually(async () => {
      assert.match(await session.run('describe pod strict'), /Warning +FailedMount .* hostPath type check failed: /);
    });
    await session.apply(manifest(withVolume('making', source('DirectoryOrCreate'))));
    await session.wait('--for=condition=Ready pod/making');
    await session.sh('making', 'echo there > /v/file');
    assert.equal(await cluster.local.host('node-1').run('cat', '/run/dure-volume-test/file'), 'there\n');
    await session.wait('--for=condition=Ready pod/strict');
  });

  it('leave nothing behind', async () => {
    const mounts = async (): Promise<string> =>
      cluster.local.host('node-1').run('sh', '-c', 'grep -c /volumes/ /proc/mounts || true');
    await session.run('delete pod --all');
    await session.eventually(async () => assert.equal((await mounts()).trim(), '0'));
  });
});
