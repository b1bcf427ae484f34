/** kubectl as a user types it, in a namespace of its own, so that tests on one cluster don't see each other's objects. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Release } from './client-program.ts';
import type { TestCluster } from './cluster.ts';
import { kubectl, kubectlPath, spawnKubectl, type KubectlResult } from './kubectl.ts';

/** Words as a shell would split them; those in single quotes are taken as they are. */
export type Line = string | readonly string[];

/** How long `kubectl wait` waits: the machine may be busy with other tests. */
const PATIENCE = '--timeout=60s';
const EVENTUALLY_MILLISECONDS = 45_000;

export class Session {
  readonly cluster: TestCluster;
  readonly namespace: string;
  private readonly release: Release;

  private constructor(cluster: TestCluster, namespace: string, release: Release) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.release = release;
  }

  /** Makes the namespace. */
  static async open(cluster: TestCluster, namespace: string, release: Release = '1.35'): Promise<Session> {
    await cluster.kubectl('create', 'namespace', namespace);
    return new Session(cluster, namespace, release);
  }

  /** Lets the namespace go, without waiting for it unless somebody needs the room that its pods take. */
  async close(wait = false): Promise<void> {
    await this.cluster.kubectl('delete', 'namespace', this.namespace, `--wait=${wait}`);
  }

  /** What kubectl did, whether it succeeded or not. `environment` is added to its own. */
  try(line: Line, stdin = '', environment: NodeJS.ProcessEnv = {}): Promise<KubectlResult> {
    const args = ['--namespace', this.namespace, ...words(line)];
    return kubectl(this.cluster.local.kubeconfig, args, stdin, environment, this.release);
  }

  /** What kubectl printed; it must succeed. */
  async run(line: Line, stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await this.try(line, stdin);
    assert.equal(code, 0, `kubectl ${words(line).join(' ')}: exit code ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** What kubectl complained of; it must fail. */
  async fail(line: Line, stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await this.try(line, stdin);
    assert.notEqual(code, 0, `kubectl ${words(line).join(' ')} succeeded: ${stdout}`);
    return stderr.trim();
  }

  apply(manifest: string): Promise<string> {
    return this.run('apply -f -', manifest);
  }

  /** Waits with `kubectl wait`, patiently. */
  wait(line: Line): Promise<string> {
    return this.run(['wait', PATIENCE, ...words(line)]);
  }

  /** What the field at `path` (jsonpath without braces) of an object holds, as text. */
  field(object: string, path: string): Promise<string> {
    return this.run(['get', ...words(object), '-o', `jsonpath={${path}}`]);
  }

  /** What a shell command in a running container printed. */
  sh(pod: string, script: string): Promise<string> {
    return this.run(['exec', pod, '--', 'sh', '-c', script]);
  }

  /** What kubectl writes to a terminal; it must succeed. */
  async terminal(line: Line): Promise<string> {
    const { kubeconfig } = this.cluster.local;
    const quoted = [
      await kubectlPath(this.release),
      '--kubeconfig',
      kubeconfig,
      '--namespace',
      this.namespace,
      ...words(line),
    ];
    const command = quoted.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    // Its input stays open: at the end of it `script` would type something, which the other terminal may echo.
    const [shown, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    assert.equal(code, 0, shown);
    return shown;
  }

  /** Tries again until it does not reject; for what no event tells. */
  async eventually(attempt: () => Promise<void>): Promise<void> {
    const deadline = Date.now() + EVENTUALLY_MILLISECONDS;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** Leaves kubectl running; the caller ends it. */
  async start(line: Line, environment: NodeJS.ProcessEnv = {}): Promise<Running> {
    const args = ['--namespace', this.namespace, ...words(line)];
    return new Running(await spawnKubectl(this.cluster.local.kubeconfig, args, environment, this.release));
  }
}

/** A kubectl that has not ended yet. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    this.lines = createInterface(process.stdout)[Symbol.asyncIterator]();
  }

  /** The next line of its output; undefined after the last one. */
  async line(): Promise<string | undefined> {
    const next = await this.lines.next();
    return next.done === true ? undefined : next.value;
  }

  /** Reads on until a line matches. Rejects when the output ends before. */
  async until(pattern: RegExp): Promise<string> {
    const seen: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) {
      if (pattern.test(line)) return line;
      seen.push(line);
    }
    throw new Error(`no line matches ${pattern} in:\n${seen.join('\n')}`);
  }

  /** All that is still to come. */
  async rest(): Promise<string[]> {
    const all: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) all.push(line);
    return all;
  }

  /** The exit code, once it has ended; null when a signal ended it. */
  async exit(): Promise<number | null> {
    const { process } = this;
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
    return process.exitCode;
  }

  async stop(): Promise<void> {
    this.process.kill('SIGINT');
    await this.exit();
  }
}

function words(line: Line): readonly string[] {
  if (typeof line !== 'string') return line;
  return (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));
}
