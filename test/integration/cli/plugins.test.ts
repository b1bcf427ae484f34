/** Programs on the PATH as verbs, the dump of a cluster, and a pod that is run with a service, next to kubectl's. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl, type KubectlResult } from '../../support/kubectl.ts';
import { MANIFEST } from './objects.ts';

describe('plugins and dumps, like kubectl', function () {
  this.timeout(60_000);
  let server: TestServer;
  let directory: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    server = await TestServer.start();
    directory = mkdtempSync(join(tmpdir(), 'dure-plugins-'));
    assert.equal((await kubectl(server.kubeconfig, ['apply', '-f', '-'], MANIFEST)).code, 0);
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    for (const folder of [first, second]) mkdirSync(folder);
    const program = (path: string, text: string, mode = 0o755): void =>
      writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode });
    program(join(first, 'kubectl-hi'), 'echo "hi $@"; cat; echo bad >&2; exit 7');
    program(join(first, 'kubectl-deep-er_est'), 'echo "deepest $@"');
    program(join(first, 'kubectl-get'), 'echo never');
    program(join(second, 'kubectl-hi'), 'echo hidden');
    program(join(second, 'kubectl-plain'), 'echo never', 0o644);
    env = { PATH: `${first}:${second}:${join(directory, 'nothere')}:/usr/bin:/bin` };
  });

  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const plain = ({ code, stdout, stderr }: KubectlResult): KubectlResult => ({
    code,
    stdout,
    stderr: stderr
      .replaceAll('"kubectl ', '"dure ')
      .replaceAll('for "kubectl"', 'for "dure"')
      .replaceAll(/Unable to read directory .*\n/g, '')
      .replaceAll("See 'dure --help' for usage.\n", '')
      .trimEnd(),
  });
  for (const call of [
    'plugin list',
    'plugin list --name-only',
    'hi there -x --flag',
    'hi',
    'deep er-est more words',
    'plain',
    'deep',
  ]) {
    it(call, async () => {
      const args = call.split(' ');
      const ours = await dure(server.kubeconfig, args, { stdin: 'typed\n', env });
      const theirs = plain(await kubectl(server.kubeconfig, args, 'typed\n', env));
      if (theirs.stderr.startsWith('error: unknown command')) assert.match(ours.stderr, /^error: unknown command/);
      else assert.deepEqual(plain(ours), theirs);
      assert.equal(ours.code, theirs.code);
    });
  }

  it('finds programs of its own name before those of kubectl', async () => {
    writeFileSync(join(directory, 'second/dure-hi'), '#!/bin/sh\necho own\n', { mode: 0o755 });
    assert.equal((await dure(undefined, ['hi'], { env })).stdout, 'own\n');
    rmSync(join(directory, 'second/dure-hi'));
  });

  it('dumps the same files', async () => {
    // Without pods: kubectl waits for 20 s for the log of each that has not begun.
    const call = (folder: string): string[] => [
      'cluster-info',
      'dump',
      '--namespaces=kube-system,nothere',
      `--output-directory=${folder}`,
    ];
    const [ours, theirs] = [join(directory, 'ours'), join(directory, 'theirs')];
    assert.equal((await dure(server.kubeconfig, call(ours))).stdout, `Cluster info dumped to ${ours}\n`);
    assert.equal((await kubectl(server.kubeconfig, call(theirs))).code, 0);
    const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).toSorted();
    assert.deepEqual(filesIn(ours), filesIn(theirs));
    for (const file of filesIn(theirs).filter((name) => name.endsWith('.json'))) {
      const { kind, items } = JSON.parse(readFileSync(join(theirs, file), 'utf8')) as {
        kind: string;
        items: object[] | null;
      };
      const own = JSON.parse(readFileSync(join(ours, file), 'utf8')) as { kind: string; items: object[] | null };
      assert.deepEqual([own.kind, own.items?.length], [kind, items?.length ?? 0], file);
    }
  });

  it('dumps the logs of pods, or why there are none, for its owner alone', async () => {
    const folder = join(directory, 'own');
    const { code, stderr } = await dure(server.kubeconfig, [
      'cluster-info',
      'dump',
      '-A',
      `--output-directory=${folder}`,
    ]);
    assert.equal(code, 0, stderr);
    const logs = readFileSync(join(folder, 'default/busy/logs.txt'), 'utf8');
    assert.match(
      logs,
      /^==== START logs for container i of pod default\/busy ====\nRequest log error: .*\n==== END logs/,
    );
    assert.equal(statSync(join(folder, 'nodes.json')).mode & 0o077, 0);
  });

  it('dumps to standard output what is asked for', async () => {
    const args = ['cluster-info', 'dump', '--namespaces=nothere', '-o', 'jsonpath={.kind} '];
    const [ours, theirs] = [await dure(server.kubeconfig, args), await kubectl(server.kubeconfig, args)];
    assert.deepEqual([ours.code, ours.stdout.split(/\s+/)], [theirs.code, theirs.stdout.split(/\s+/)]);
  });

  it('runs a pod with a service that reaches it', async () => {
    const run = ['run', 'shown', '--image=x', '--port=80', '--expose', '--labels=a=b'];
    assert.equal((await dure(server.kubeconfig, run)).stdout, 'service/shown created\npod/shown created\n');
    const { stdout } = await kubectl(server.kubeconfig, [
      'get',
      'service',
      'shown',
      '-o',
      'jsonpath={.spec}{.metadata.labels}',
    ]);
    assert.match(stdout, /"selector":{"a":"b"}.*{"a":"b"}$/);
    const both = await dure(server.kubeconfig, [...run, '--dry-run=client', '-o', 'yaml']);
    assert.deepEqual(both.stdout.match(/^(---|kind: .*)$/gm), ['kind: Service', '---', '---', 'kind: Pod']);
  });
});
