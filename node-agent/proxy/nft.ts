/** The kernel's nftables through the `nft` program: one kept open for changes, one that tells of others' changes. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Log } from '../../lib/log.ts';
import { parseTable, renderSteps, TABLE_FAMILY } from './nft-text.ts';
import { type Nft, NftError, type NftStep, type TableState } from './port.ts';

/** nft keeps some hundred bytes of every change it was told. */
const COMMITS_PER_PROCESS = 20_000;
/** The interactive reader is for small changes; larger ones are read from a file. */
const MAX_LINE_BYTES = 60_000;
const COMMIT_TIMEOUT_MILLISECONDS = 20_000;

export interface NftProcessOptions {
  table: string;
  log: Log;
  /** Put before `nft`, as in `['ip', 'netns', 'exec', 'host1']`. */
  prefix?: readonly string[];
}

export class NftProcess implements Nft {
  private readonly table: string;
  private readonly log: Log;
  private readonly prefix: readonly string[];
  private readonly listeners = new Set<() => void>();
  private session: Session | undefined;
  private monitor: ChildProcessWithoutNullStreams | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: NftProcessOptions) {
    this.table = options.table;
    this.log = options.log;
    this.prefix = options.prefix ?? [];
  }

  read(): Promise<TableState | undefined> {
    return this.inOrder(async () => {
      const result = await this.run(['-j', 'list', 'table', TABLE_FAMILY, this.table], '');
      if (result.code === 0) return parseTable(result.stdout);
      if (result.stderr.includes('No such file or directory')) return undefined;
      throw new NftError(result.stderr.trim());
    });
  }

  commit(steps: readonly NftStep[]): Promise<void> {
    if (steps.length === 0) return Promise.resolve();
    if (this.listeners.size > 0) this.monitor ??= this.startMonitor();
    const commands = renderSteps(this.table, steps);
    const line = commands.join(' ; ');
    return this.inOrder(() => (line.length > MAX_LINE_BYTES ? this.load(commands) : this.say(line)));
  }

  onDisturbed(listener: () => void): () => void {
    this.listeners.add(listener);
    this.monitor ??= this.startMonitor();
    return () => void this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.listeners.clear();
    const monitor = this.monitor;
    this.monitor = undefined;
    monitor?.kill();
    await this.inOrder(async () => this.session?.end());
    this.session = undefined;
  }

  private inOrder<T>(act: () => Promise<T>): Promise<T> {
    const result = this.last.then(act, act);
    this.last = result.catch(() => undefined); // The caller has the error; the next one must not see it.
    return result;
  }

  private async say(line: string): Promise<void> {
    if (this.session && (this.session.ended || this.session.count >= COMMITS_PER_PROCESS)) {
      await this.session.end();
      this.session = undefined;
    }
    this.session ??= new Session(this.spawn(['-i']));
    await this.session.say(line);
  }

  private async load(commands: readonly string[]): Promise<void> {
    const result = await this.run(['-f', '-'], `${commands.join('\n')}\n`);
    if (result.code !== 0) throw new NftError(firstError(result.stderr));
  }

  private spawn(args: readonly string[]): ChildProcessWithoutNullStreams {
    const [program = 'nft', ...rest] = [...this.prefix, 'nft', ...args];
    return spawn(program, rest);
  }

  private run(args: readonly string[], input: string): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = this.spawn(args);
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (data: Buffer) => out.push(data));
      child.stderr.on('data', (data: Buffer) => err.push(data));
      child.stdin.on('error', () => undefined); // It ended before reading everything: its exit says why.
      child.on('error', (cause) => reject(new NftError(`can't run nft: ${cause.message}`, { cause })));
      child.on('close', (code) =>
        resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
      );
      child.stdin.end(input);
    });
  }

  /** Rules go only when somebody flushes or deletes; the commits of the proxy itself remove none but of unused chains. */
  private startMonitor(): ChildProcessWithoutNullStreams {
    const child = this.spawn(['monitor', 'destroy', 'rules']);
    const ours = `${TABLE_FAMILY} ${this.table} `;
    child.stdout.on('data', (data: Buffer) => {
      if (data.includes(ours)) for (const listener of this.listeners) listener();
    });
    child.stdin.on('error', () => undefined); // Nothing is ever written to it.
    child.on('error', (err) =>
      this.log.warn({ err }, "can't watch nftables; changes by others are found by the audit"),
    );
    child.on('exit', () => {
      if (this.monitor === child) this.monitor = undefined;
    });
    return child;
  }
}

/** One `nft -i`. It prints nothing on success, so each command is followed by a word that it must complain about. */
class Session {
  count = 0;
  ended = false;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly exited: Promise<void>;
  private heard = '';
  private waiting: { marker: string; resolve: () => void; reject: (error: NftError) => void } | undefined;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    child.stdout.resume();
    child.stdin.on('error', () => undefined); // Its exit, which follows, is what counts.
    child.stderr.on('data', (data: Buffer) => this.hear(data.toString()));
    const onEnd = (message: string): void => {
      this.ended = true;
      this.waiting?.reject(new NftError(message));
      resolve();
    };
    child.on('error', (cause) => onEnd(`can't run nft: ${cause.message}`));
    child.on('exit', (code, signal) => onEnd(`nft ended with ${signal ?? code}`));
  }

  async say(line: string): Promise<void> {
    const marker = `zz${++this.count}zz`;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting = { marker, resolve, reject };
    const timer = setTimeout(() => {
      reject(new NftError('nft did not answer in time'));
      this.child.kill('SIGKILL');
    }, COMMIT_TIMEOUT_MILLISECONDS);
    this.child.stdin.write(`${line}\n${marker}\n`);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.waiting = undefined;
    }
  }

  async end(): Promise<void> {
    this.child.stdin.end();
    if (!this.ended) this.child.kill();
    await this.exited;
  }

  private hear(said: string): void {
    if (!this.waiting) return;
    this.heard += said;
    const { marker, resolve, reject } = this.waiting;
    const echo = this.heard.indexOf(`\n${marker}\n`);
    if (echo < 0 || !this.heard.includes('^', echo)) return;
    const before = this.heard.slice(0, this.heard.lastIndexOf('Error:', echo));
    this.heard = '';
    if (before.includes('Error:')) reject(new NftError(firstError(before)));
    else resolve();
  }
}

function firstError(said: string): string {
  const start = Math.max(0, said.indexOf('Error:'));
  return said.slice(start, start + 300).split('\n')[0] ?? said;
}
