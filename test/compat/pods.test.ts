/** The real kubectl with running containers: logs, exec, attach, cp, debug of what has ended. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { IMAGES } from '../../cli/local/images.ts';
import { TestCluster } from '../support/cluster.ts';
import { CONTROL_C, dureOnTerminal, TERMINAL_SIZE } from '../support/dure-terminal.ts';
import { busybox, deployment, manifest, pod, service } from '../support/manifests.ts';
import { type Running, Session } from '../support/session.ts';

/** Says a line for each line that is written to /tmp/say, and ends when told to. */
const SPEAKER = 'trap "exit 0" TERM; mkfifo /tmp/say; echo ready; while true; do cat /tmp/say; done & wait $!';

describe('kubectl on running containers', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, 'pods');
    await session.apply(
      manifest(
        pod('counter', {
          spec: { containers: [busybox('c', 'for i in 1 2 3 4 5; do echo line $i; done; sleep 1000')] },
        }),
        pod('speaker', { spec: { containers: [busybox('c', SPEAKER)] } }),
        pod('pair', {
          spec: { containers: [busybox('a', 'echo from a; sleep 1000'), busybox('b', 'echo from b; sleep 1000')] },
        }),
        pod('shell'),
      ),
    );
    await session.wait('--for=condition=Ready pod --all');
  });
  after(() => cluster?.stop());

  describe('logs', () => {
    it('prints all, the last lines, and not more than some bytes', async () => {
      assert.equal(await session.run('logs counter'), 'line 1\nline 2\nline 3\nline 4\nline 5\n');
      assert.equal(await session.run('logs counter --tail=2'), 'line 4\nline 5\n');
      assert.equal(await session.run('logs counter --tail=0'), '');
      assert.equal(await session.run('logs counter --limit-bytes=8'), 'line 1\nl');
    });

    it('prints times, and what is newer than a time', async () => {
      const stamped = await session.run('logs counter --timestamps');
      assert.match(stamped, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 1\n/);
      assert.equal((await session.run('logs counter --since=1h')).split('\n').length, 6);
      assert.equal(await session.run('logs counter --since-time=2100-01-01T00:00:00Z'), '');
    });

    it('follows until it is stopped', async () => {
      const following = await session.start('logs -f speaker');
      assert.equal(await following.line(), 'ready');
      for (const word of ['one', 'two']) {
        await session.sh('speaker', `echo ${word} > /tmp/say`);
        assert.equal(await following.until(new RegExp(word)), word);
      }
      await following.stop();
    });

    it('follows to the end of the container', async () => {
      await session.apply(
        manifest(
          pod('brief', { spec: { restartPolicy: 'Never', containers: [busybox('c', 'echo a; sleep 1; echo b')] } }),
        ),
      );
      await session.wait(`--for=jsonpath={.status.containerStatuses[0].started}=true pod/brief`);
      const following = await session.start('logs -f brief');
      assert.deepEqual(await following.rest(), ['a', 'b']);
      assert.equal(await following.exit(), 0);
      await session.wait('--for=jsonpath={.status.phase}=Succeeded pod/brief');
      assert.equal(await session.run('logs brief'), 'a\nb\n');
    });

    it('tells containers apart', async () => {
      const { stdout, stderr } = await session.try('logs pair');
      assert.equal(stdout, 'from a\n');
      assert.match(stderr, /^Defaulted container "a" out of: a, b/);
      assert.equal(await session.run('logs pair -c b'), 'from b\n');
      // kubectl asks for all of them at once and prints each as it comes.
      const both = (await session.run('logs pair --all-containers --prefix')).trim().split('\n');
      assert.deepEqual(new Set(both), new Set(['[pod/pair/a] from a', '[pod/pair/b] from b']));
      assert.match(await session.fail('logs pair -c z'), /container z is not valid for pod pair$/);
      assert.equal(await session.run('logs -l app=counter --tail=1'), 'line 5\n');
    });

    it('prints what the container before said', async () => {
      const script =
        'if [ -e /shared/again ]; then echo second; sleep 1000; fi; touch /shared/again; echo first; exit 1';
      const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
      const containers = [busybox('c', script, { volumeMounts })];
      await session.apply(
        manifest(pod('again', { spec: { containers, volumes: [{ name: 'shared', emptyDir: {} }] } })),
      );
      await session.wait(`--for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/again`);
      await session.wait(`--for=condition=Ready pod/again`);
      assert.equal(await session.run('logs again'), 'second\n');
      assert.equal(await session.run('logs again -p'), 'first\n');
      assert.match(
        await session.fail('logs counter -p'),
        /^Error from server \(BadRequest\): previous terminated container "c" in pod "counter" not found$/,
      );
    });
  });

  describe('exec', () => {
    it('runs a command', async () => {
      const { code, stdout, stderr } = await session.try(['exec', 'shell', '--', 'sh', '-c', 'echo out; echo err >&2']);
      assert.deepEqual([code, stdout, stderr], [0, 'out\n', 'err\n']);
    });

    it('passes the exit code on', async () => {
      const { code, stderr } = await session.try(['exec', 'shell', '--', 'sh', '-c', 'exit 7']);
      assert.deepEqual([code, stderr], [7, 'command terminated with exit code 7\n']);
    });

    it('passes input on to its end', async () => {
      const input = 'x'.repeat(200_000);
      const { code, stdout, stderr } = await session.try('exec -i shell -- wc -c', input);
      assert.deepEqual([code, stdout.trim(), stderr], [0, '200000', '']);
      assert.equal(await session.run('exec -i shell -- cat', 'back\n'), 'back\n');
    });

    it('brings much output whole', async () => {
      const output = await session.run(['exec', 'shell', '--', 'sh', '-c', 'seq 1 200000']);
      assert.equal(output.length, 1_288_895);
      assert.ok(output.endsWith('\n200000\n'));
    });

    it('gives a terminal', async () => {
      // Without a terminal of its own kubectl only warns; `script` lends it one.
      const kubectl = await session.terminal([
        'exec',
        '-it',
        'shell',
        '--',
        'sh',
        '-c',
        'tty && echo answered $((6*7))',
      ]);
      assert.match(kubectl, /\/dev\/pts\/\d+\r?\nanswered 42/);
    });

    it('says what does not work', async () => {
      assert.match(await session.fail('exec nope -- true'), /pods "nope" not found/);
      assert.match(await session.fail('exec shell -c z -- true'), /container z is not valid for pod shell/);
      const missing = await session.try('exec shell -- no-such-program');
      assert.equal(missing.code, 1);
      assert.match(
        missing.stderr,
        /^error: Internal error occurred: .*"no-such-program": executable file not found in \$PATH/,
      );
      await session.wait('--for=jsonpath={.status.phase}=Succeeded pod/brief');
      assert.match(
        await session.fail('exec brief -- true'),
        /cannot exec into a container in a completed pod; current phase is Succeeded/,
      );
    });

    it('finds the pod of a workload', async () => {
      assert.equal(await session.run('exec pod/pair -c b -- hostname'), 'pair\n');
    });
  });

  it('attaches to the process of a container', async () => {
    const attached = await session.start('attach speaker');
    // Output before the attachment is not repeated, so it speaks until it is heard.
    const speaking = new AbortController();
    const speak = async (): Promise<void> => {
      while (!speaking.signal.aborted) await session.sh('speaker', 'echo heard > /tmp/say');
    };
    const spoken = speak();
    assert.equal(await attached.until(/heard/), 'heard');
    speaking.abort();
    await spoken;
    await attached.stop();
  });

  it('runs commands and attaches in the way of older clients, too', async () => {
    const older = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
    const input = 'y'.repeat(300_000);
    const line = ['exec', '-i', 'shell', '--', 'sh', '-c', 'wc -c; echo err >&2; exit 5'];
    const { code, stdout, stderr } = await session.try(line, input, older);
    assert.deepEqual([code, stdout.trim()], [5, '300000']);
    assert.match(stderr, /^err\ncommand terminated with exit code 5/);
  });

  it('lends the terminal of dure to exec, attach and run', async () => {
    const dure = (...args: string[]): Running =>
      dureOnTerminal(cluster.local.kubeconfig, ['--namespace', session.namespace, ...args]);
    const asks = 'echo asks; read word; echo got $word';
    const sized = `until [ "$(stty size)" = "${TERMINAL_SIZE}" ]; do :; done; echo sized`;
    const script = `trap "echo caught" INT; tty; ${sized}; sleep 1000; ${asks}; exit 7`;
    const exec = dure('exec', '-it', 'shell', '--', 'sh', '-c', script);
    try {
      assert.match((await exec.until(/pts/)).trim(), /^\/dev\/pts\/\d+$/);
      await exec.until(/^sized/);
      exec.process.stdin.write(CONTROL_C);
      await exec.until(/caught/);
      await exec.until(/^asks/);
      exec.process.stdin.write('said\r');
      await exec.until(/^got said/);
      await exec.until(/^command terminated with exit code 7/);
      assert.equal(await exec.exit(), 7);
    } finally {
      await exec.stop();
    }
    const talker = { ...busybox('c', 'read word; echo got $word; sleep 1'), stdin: true, tty: true };
    await session.apply(manifest(pod('talker', { spec: { containers: [talker], restartPolicy: 'Never' } })));
    await session.wait('--for=condition=Ready pod/talker');
    const attach = dure('attach', '-it', 'talker');
    try {
      await attach.until(/^If you don't see a command prompt/);
      attach.process.stdin.write('heard\r');
      await attach.until(/^got heard/);
      assert.equal(await attach.exit(), 0);
    } finally {
      await attach.stop();
    }
    const flags = ['--image', IMAGES.busybox, '--restart=Never', '-it', '--rm'];
    const tried = dure('run', 'tried', ...flags, '--', 'sh', '-c', `sleep 1; ${asks}; exit 4`);
    try {
      await tried.until(/^asks/);
      tried.process.stdin.write('typed\r');
      await tried.until(/^got typed/);
      assert.equal(await tried.exit(), 4);
    } finally {
      await tried.stop();
    }
    assert.match(await session.fail('get pod tried'), /"tried" not found/);
  });

  describe('ports', () => {
    before(async () => {
      await session.apply(manifest(deployment('web', { replicas: 1 }), service('web')));
      await session.wait('--for=condition=Available deployment/web');
    });

    const words = async (port: number, path = '/'): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(20_000) });
      return response.text();
    };

    for (const [way, environment] of [
      ['WebSocket', {}],
      ['SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
    ] as const) {
      it(`forwards local ports to pods, over ${way}`, async () => {
        for (const [target, remote] of [
          ['deployment/web', 8080],
          ['service/web', 80],
        ] as const) {
          const forwarding = await session.start(['port-forward', target, `:${remote}`], environment);
          const line = await forwarding.until(/^Forwarding from 127/);
          const port = Number(/:(\d+) ->/.exec(line)?.[1]);
          const answers = await Promise.all(Array.from({ length: 10 }, () => words(port)));
          for (const answer of answers) assert.match(answer, /^Hello from web-/);
          await forwarding.stop();
        }
      });
    }

    it('answers for pods, services and nodes through the API', async () => {
      const name = await session.field('pod -l app=web', '.items[0].metadata.name');
      const base = `/api/v1/namespaces/${session.namespace}`;
      assert.match(await session.run(`get --raw ${base}/pods/${name}:8080/proxy/`), /^Hello from web-/);
      assert.match(await session.run(`get --raw ${base}/pods/${name}/proxy/`), /^Hello from web-/);
      await session.eventually(async () => {
        assert.match(await session.run(`get --raw ${base}/services/web:80/proxy/`), /^Hello from web-/);
      });
      assert.match(await session.run('get --raw /api/v1/nodes/node-1/proxy/metrics'), /^process_cpu_seconds_total /m);
      assert.match(
        await session.fail(`get --raw ${base}/pods/${name}:9/proxy/`),
        /error trying to reach service: .*ECONNREFUSED/,
      );
    });
  });

  it('copies files in and out', async () => {
    const file = `${import.meta.dirname}/pods.test.ts`;
    await session.run(`cp ${file} shell:/tmp/copied`);
    const size = (await session.sh('shell', 'wc -c < /tmp/copied')).trim();
    const original = await readFile(file, 'utf8');
    assert.equal(Number(size), Buffer.byteLength(original));
    const directory = await mkdtemp(path.join(tmpdir(), 'dure-cp-'));
    try {
      await session.run(`cp shell:/tmp/copied ${directory}/back`);
      assert.equal(await readFile(path.join(directory, 'back'), 'utf8'), original);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('measures', async () => {
    await session.eventually(async () => {
      assert.match(
        await session.run('top pod shell'),
        /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nshell +\d+m +\d+Mi *\n$/,
      );
    });
    await session.eventually(async () => {
      assert.match(
        await session.run('top node'),
        /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\nnode-1 +\d+m +\d+% +\d+Mi +\d+% *\n$/,
      );
    });
    assert.match(await session.run('top pod shell --containers'), /shell +c +\d+m/);
  });
});
