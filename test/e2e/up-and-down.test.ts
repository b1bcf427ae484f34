/** `npm run up` and `npm run down` as a newcomer types them, in a shell that has little; and what is left on the machine. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RUN_VARIABLE, clusterPrefix } from '../support/clean-up.ts';
import { kubectl } from '../support/kubectl.ts';
import { LocalCluster } from '../../cli/local/cluster.ts';
import { run } from '../../lib/process.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('npm run up and down', () => {
  const name =
    clusterPrefix(process.env[RUN_VARIABLE] ?? randomBytes(4).toString('hex')) + randomBytes(2).toString('hex');
  const directory = mkdtempSync(join(tmpdir(), 'dure-newcomer-'));
  const own = { temporary: join(directory, 'tmp'), home: join(directory, 'home') };

  after(async () => {
    await bootstrap('down', '--name', name);
    rmSync(directory, { recursive: true });
  });

  /** With the PATH that `su` leaves to root, and files that only their owner reads. */
  async function bootstrap(...args: string[]): Promise<Ended> {
    await run('mkdir', ['-p', own.temporary, own.home]);
    const script = 'umask 077; exec sh deploy/bootstrap.sh "$@"';
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...args], {
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games',
        HOME: own.home,
        TMPDIR: own.temporary,
        [RUN_VARIABLE]: process.env[RUN_VARIABLE] ?? '',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await exited, stdout, stderr };
  }

  /** All that bears the cluster's name, or that its processes could have left. */
  async function traces(): Promise<string[]> {
    const [netns, mounts, cgroups] = await Promise.all([
      run('ip', ['netns', 'list']),
      run('cat', ['/proc/self/mountinfo']),
      run('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/dure/${name}*`]),
    ]);
    const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && belongs(pid));
    const files = await run('find', [
      ...Object.values(own),
      '/run',
      '/var/lib/dure',
      '-name',
      `*${name}*`,
      '-prune',
    ]).catch(
      // Nothing at all is there any more.
      () => '',
    );
    const named = `${netns}${mounts}${cgroups}${files}`.split('\n').filter((line) => line.includes(name));
    return [...named, ...processes.map((pid) => `process ${pid}`), ...readdirSync(own.temporary)];
  }

  function belongs(pid: string): boolean {
    try {
      return ['cgroup', 'cmdline'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(name));
    } catch {
      // It has ended.
      return false;
    }
  }

  it('starts a cluster that answers, and says what to try next', async () => {
    const { code, stdout, stderr } = await bootstrap('up', '--name', name, '--nodes', '2');
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^local cluster "${name}" is up after [\\d.]+ s$`, 'm'));
    assert.match(stdout, /^ {2}asked by name on node-\d, answered on node-\d: Hello from hello-/m);
    const kubeconfig = /^ {2}kubeconfig: (.*)$/m.exec(stdout)?.[1] ?? '';
    assert.ok(existsSync(kubeconfig));
    assert.match(stdout, new RegExp(`npm run down -- --name ${name}`));
    assert.match(stderr, /\d of 3 pods ready; hello-\S+ on node-\d waits for /);
    assert.ok((await traces()).length > 5, 'what is looked for is there to be found');
  });

  it('leaves what runs alone when it is run again', async () => {
    const local = LocalCluster.find(name);
    assert.ok(local);
    const containers = async (): Promise<string> => {
      const path = '{.items[*].status.containerStatuses[*].containerID}';
      return (await kubectl(local.kubeconfig, ['get', 'pods', '-o', `jsonpath=${path}`])).stdout;
    };
    const before = await containers();
    const { code, stderr } = await bootstrap('up', '--name', name, '--nodes', '2');
    assert.equal(code, 0, stderr);
    assert.match(before, /^containerd:/);
    assert.equal(await containers(), before);
  });

  it('says that it has another shape', async () => {
    const { code, stderr } = await bootstrap('up', '--name', name, '--nodes', '3');
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error: cluster "${name}" has 1 server(s) and 2 node(s); run "dure down --name ${name}" first\n`,
    );
  });

  it('leaves nothing behind', async () => {
    const { code, stdout, stderr } = await bootstrap('down', '--name', name);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `local cluster "${name}" is gone\n`);
    assert.deepEqual(await traces(), []);
    assert.equal((await bootstrap('down', '--name', name)).stdout, `there is no local cluster "${name}"\n`);
  });
});
