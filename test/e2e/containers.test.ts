/** Containers on a real node: what they are given, how they are judged, how they end. */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import { TestCluster } from '../support/cluster.ts';
import { SLEEP, busybox, configMap, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const STATUS = '.status.containerStatuses[0]';

describe('containers', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'containers');
  });
  after(() => cluster?.stop());

  /** Makes a pod of one container that runs once, and resolves with what it said. */
  async function once(name: string, script: string, container: object = {}, spec: object = {}): Promise<string> {
    const containers = [busybox('c', script, container)];
    await session.apply(manifest(pod(name, { spec: { restartPolicy: 'Never', containers, ...spec } })));
    await session.wait(`--for=jsonpath={.status.phase}=Succeeded pod/${name}`);
    return session.run(`logs ${name}`);
  }

  const waiting = (name: string, reason: string): Promise<string> =>
    session.wait(`--for=jsonpath={${STATUS}.state.waiting.reason}=${reason} pod/${name}`);

  it('start after the init containers, which run one after the other', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const init = (name: string): object => busybox(name, `echo ${name} >> /shared/order`, { volumeMounts });
    const said = await once(
      'initialised',
      'cat /shared/order',
      { volumeMounts },
      {
        volumes: [{ name: 'shared', emptyDir: {} }],
        initContainers: [init('first'), init('second')],
      },
    );
    assert.equal(said, 'first\nsecond\n');
    assert.equal(
      await session.field('pod initialised', '.status.initContainerStatuses[*].state.terminated.reason'),
      'Completed Completed',
    );
  });

  it('wait for an init container that fails', async () => {
    const initContainers = [busybox('broken', 'exit 3')];
    await session.apply(manifest(pod('blocked', { spec: { initContainers, containers: [busybox('c', SLEEP)] } })));
    const init = '.status.initContainerStatuses[0]';
    await session.wait(`--for=jsonpath={${init}.state.waiting.reason}=CrashLoopBackOff pod/blocked`);
    assert.match(await session.run('get pod blocked --no-headers'), /^blocked +0\/1 +Init:CrashLoopBackOff/);
    assert.equal(await session.field('pod blocked', `${init}.lastState.terminated.exitCode`), '3');
    assert.equal(await session.field('pod blocked', `${STATUS}.state.waiting.reason`), 'PodInitializing');
    await session.run('delete pod blocked --wait=false');
  });

  it('get their environment', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { key: 's3cret' } };
    await session.apply(manifest(configMap('settings', { colour: 'red', size: 'big' }), secret));
    const fieldRef = (fieldPath: string): object => ({ valueFrom: { fieldRef: { fieldPath } } });
    const env = [
      { name: 'PLAIN', value: 'value' },
      { name: 'COMPOSED', value: '$(PLAIN)-$(FROM_MAP)-$$(PLAIN)-$(UNKNOWN)' },
      { name: 'POD', ...fieldRef('metadata.name') },
      { name: 'SPACE', ...fieldRef('metadata.namespace') },
      { name: 'LABEL', ...fieldRef("metadata.labels['app']") },
      { name: 'NODE', ...fieldRef('spec.nodeName') },
      { name: 'IP', ...fieldRef('status.podIP') },
      { name: 'HOST_IP', ...fieldRef('status.hostIP') },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
      { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'nope', key: 'x', optional: true } } },
      { name: 'LATE', value: '$(COLOUR)' },
    ];
    const envFrom = [{ configMapRef: { name: 'settings' }, prefix: 'FROM_' }, { secretRef: { name: 'keys' } }];
    const said = await once('environment', 'env', { env, envFrom, resources: { limits: { memory: '32Mi' } } });
    const seen = new Map(
      said
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2) as [string, string]),
    );
    const address = await session.field('pod environment', '.status.podIP');
    const host = await session.field('pod environment', '.status.hostIP');
    const wanted = {
      PLAIN: 'value',
      COMPOSED: 'value-$(FROM_MAP)-$(PLAIN)-$(UNKNOWN)',
      POD: 'environment',
      SPACE: 'containers',
      LABEL: 'environment',
      NODE: 'node-1',
      IP: address,
      HOST_IP: host,
      MEMORY: '32',
      COLOUR: 'red',
      KEY: 's3cret',
      LATE: 'red',
      FROM_colour: 'red',
      FROM_size: 'big',
      key: 's3cret',
      HOSTNAME: 'environment',
    };
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, seen.get(name)])), wanted);
    assert.ok(!seen.has('ABSENT'));
    assert.match(String(seen.get('KUBERNETES_SERVICE_HOST')), /^10\.96\.0\.1$/);
  });

  it('wait for what they are configured from', async () => {
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'missing', key: 'a' } } }];
    await session.apply(manifest(pod('unconfigured', { container: { env } })));
    await waiting('unconfigured', 'CreateContainerConfigError');
    assert.match(await session.run('describe pod unconfigured'), /configmap "missing" not found/);
    await session.apply(manifest(configMap('missing', { a: 'here now' })));
    await session.wait('--for=condition=Ready pod/unconfigured');
    assert.equal(await session.sh('unconfigured', 'echo $A'), 'here now\n');
  });

  it('end as Completed or as Error, with the code and the last words', async () => {
    const failing = busybox('c', 'echo last words > /dev/termination-log; exit 4');
    await session.apply(manifest(pod('failing', { spec: { restartPolicy: 'Never', containers: [failing] } })));
    await session.wait('--for=jsonpath={.status.phase}=Failed pod/failing');
    assert.match(await session.run('get pod failing --no-headers'), /^failing +0\/1 +Error +0 /);
    const ended = `${STATUS}.state.terminated`;
    assert.equal(await session.field('pod failing', `${ended}.exitCode`), '4');
    assert.equal(await session.field('pod failing', `${ended}.message`), 'last words\n');
    await once('succeeding', 'true');
    assert.match(await session.run('get pod succeeding --no-headers'), /^succeeding +0\/1 +Completed +0 /);
  });

  it('are restarted after a failure, later and later', async () => {
    await session.apply(manifest(pod('crashing', { spec: { containers: [busybox('c', 'echo started; exit 1')] } })));
    await waiting('crashing', 'CrashLoopBackOff');
    assert.match(
      await session.field('pod crashing', `${STATUS}.state.waiting.message`),
      /^back-off 10s restarting failed container=c pod=crashing_containers\([0-9a-f-]{36}\)$/,
    );
    await session.wait(`--for=jsonpath={${STATUS}.restartCount}=2 pod/crashing`);
    const message = `{${STATUS}.state.waiting.message}`;
    await session.eventually(async () => {
      assert.match(await session.run(['get', 'pod', 'crashing', '-o', `jsonpath=${message}`]), /^back-off 20s /);
    });
    assert.match(
      await session.run('get pod crashing --no-headers'),
      /^crashing +0\/1 +CrashLoopBackOff +2 \(\d+s ago\)/,
    );
    assert.match(
      await session.run('describe pod crashing'),
      /Warning +BackOff .* Back-off restarting failed container c in pod crashing/,
    );
    assert.match(await session.run('logs crashing -p'), /^started$/m);
  });

  it('are killed when they take more memory than they may', async () => {
    const hungry = busybox('c', 'x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done', {
      resources: { limits: { memory: '24Mi' } },
    });
    await session.apply(manifest(pod('hungry', { spec: { restartPolicy: 'Never', containers: [hungry] } })));
    await session.wait('--for=jsonpath={.status.phase}=Failed pod/hungry');
    assert.equal(await session.field('pod hungry', `${STATUS}.state.terminated.reason`), 'OOMKilled');
    assert.equal(await session.field('pod hungry', `${STATUS}.state.terminated.exitCode`), '137');
    assert.match(await session.run('get pod hungry --no-headers'), /^hungry +0\/1 +OOMKilled +0 /);
  });

  it('get no more of the processor than they may', async () => {
    const busy =
      'while true; do :; done & i=0; until grep -qs "nr_throttled [1-9]" /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu.stat; do i=$((i+1)); done; echo throttled';
    assert.equal(await once('throttled', busy, { resources: { limits: { cpu: '100m' } } }), 'throttled\n');
  });

  it('wait for an image that can not be pulled, and run once there is one that can', async () => {
    await session.apply(manifest(pod('imageless', { container: { image: `${IMAGES.busybox}-missing` } })));
    await waiting('imageless', 'ImagePullBackOff');
    assert.match(await session.run('get pod imageless --no-headers'), /^imageless +0\/1 +ImagePullBackOff +0 /);
    const described = await session.run('describe pod imageless');
    assert.match(described, /Warning +Failed .* Failed to pull image "\S+-missing": .*not found/);
    assert.match(described, /Warning +Failed .* Error: ErrImagePull/);
    assert.match(described, /Normal +BackOff .* Back-off pulling image/);
    assert.equal(await session.run(`set image pod/imageless c=${IMAGES.busybox}`), 'pod/imageless image updated\n');
    await session.wait('--for=condition=Ready pod/imageless');
  });

  it('never pull what is not to be pulled', async () => {
    const container = { image: `${IMAGES.busybox}-absent`, imagePullPolicy: 'Never' };
    await session.apply(manifest(pod('neverpull', { container })));
    await waiting('neverpull', 'ErrImageNeverPull');
    await session.run('delete pod neverpull --wait=false');
  });

  it('run their hooks, and have their grace to end', async () => {
    const volume = { name: 'out', hostPath: { path: '/tmp/dure-hooks', type: 'DirectoryOrCreate' } };
    const say = (word: string): object => ({ exec: { command: ['sh', '-c', `echo ${word} >> /out/said`] } });
    const container = {
      command: [
        'sh',
        '-c',
        'trap "echo term >> /out/said; sleep 1; echo ended >> /out/said; exit 0" TERM; sleep 1000 & wait',
      ],
      lifecycle: { postStart: say('post-start'), preStop: say('pre-stop') },
      volumeMounts: [{ name: 'out', mountPath: '/out' }],
    };
    const spec = { terminationGracePeriodSeconds: 30, volumes: [volume], containers: [busybox('c', '', container)] };
    await session.apply(manifest(pod('hooked', { spec })));
    await session.wait('--for=condition=Ready pod/hooked');
    await session.run('delete pod hooked');
    assert.equal(
      await once(
        'reader',
        'cat /out/said; rm -r /out/*',
        { volumeMounts: container.volumeMounts },
        { volumes: [volume] },
      ),
      'post-start\npre-stop\nterm\nended\n',
    );
  });

  it('are killed when their grace is over', async () => {
    const deaf = busybox('c', 'trap "" TERM; while true; do sleep 1; done');
    await session.apply(manifest(pod('deaf', { spec: { terminationGracePeriodSeconds: 2, containers: [deaf] } })));
    await session.wait('--for=condition=Ready pod/deaf');
    const began = performance.now();
    await session.run('delete pod deaf');
    const took = performance.now() - began;
    assert.ok(took >= 1900, `gone after ${took} ms`);
  });

  it('belong to whom they are told to, with system calls filtered', async () => {
    const status = 'id -u; id -g; grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; touch /x 2>&1';
    const securityContext = {
      runAsUser: 1000,
      runAsGroup: 2000,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    };
    const said = await once('confined', `${status}; true`, { securityContext });
    assert.equal(said, '1000\n2000\nNoNewPrivs:\t1\nSeccomp:\t2\ntouch: /x: Read-only file system\n');
  });

  describe('are probed', () => {
    it('for readiness: one that is not ready is out of its service', async () => {
      const readinessProbe = { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 };
      await session.apply(manifest(pod('shy', { container: { readinessProbe } }), service('shy')));
      await session.wait(`--for=jsonpath={${STATUS}.started}=true pod/shy`);
      const ready = '.items[*].endpoints[*].conditions.ready';
      const endpoints = 'endpointslices -l kubernetes.io/service-name=shy';
      const becomes = (value: string): Promise<void> =>
        session.eventually(async () => assert.equal(await session.field(endpoints, ready), value));
      await becomes('false');
      await session.sh('shy', 'touch /tmp/ready');
      await session.wait('--for=condition=Ready pod/shy');
      await becomes('true');
      await session.sh('shy', 'rm /tmp/ready');
      await session.wait('--for=condition=Ready=false pod/shy');
      await becomes('false');
      assert.match(await session.run('describe pod shy'), /Warning +Unhealthy .* Readiness probe failed:/);
      assert.equal(await session.field('pod shy', `${STATUS}.restartCount`), '0');
    });

    it('for life: one that is not alive is restarted', async () => {
      const livenessProbe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, failureThreshold: 2 };
      await session.apply(
        manifest(pod('mortal', { container: { image: IMAGES.hello, command: undefined, livenessProbe } })),
      );
      await session.wait('--for=condition=Ready pod/mortal');
      await session.sh('mortal', 'rm /www/healthz');
      await session.wait(`--for=jsonpath={${STATUS}.restartCount}=1 pod/mortal`);
      await session.wait('--for=condition=Ready pod/mortal');
      const described = await session.run('describe pod mortal');
      assert.match(described, /Warning +Unhealthy .* Liveness probe failed: HTTP probe failed with statuscode: 404/);
      assert.match(described, /Normal +Killing .* Container c failed liveness probe, will be restarted/);
    });

    it('at the start: nothing else is asked before', async () => {
      const container = {
        startupProbe: { exec: { command: ['test', '-e', '/tmp/started'] }, periodSeconds: 1, failureThreshold: 60 },
        livenessProbe: { exec: { command: ['test', '-e', '/tmp/started'] }, periodSeconds: 1, failureThreshold: 1 },
        readinessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 1 },
        command: ['sh', '-c', 'httpd -p 9000; trap "exit 0" TERM; sleep 1000 & wait $!'],
      };
      await session.apply(manifest(pod('slow', { container })));
      await session.eventually(async () => {
        assert.match(
          await session.run('describe pod slow'),
          /Warning +Unhealthy .*\(x\d+ over .* Startup probe failed/,
        );
      });
      assert.equal(await session.field('pod slow', `${STATUS}.started`), 'false');
      await session.sh('slow', 'touch /tmp/started');
      await session.wait('--for=condition=Ready pod/slow');
      assert.equal(await session.field('pod slow', `${STATUS}.started`), 'true');
      assert.equal(await session.field('pod slow', `${STATUS}.restartCount`), '0');
    });
  });
});
