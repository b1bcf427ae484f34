import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backoffDelay } from '../../lib/backoff.ts';
import { sleep, type Clock, type Timer } from '../../lib/clock.ts';
import { DataLock } from '../../lib/data-lock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { memberArguments, type MemberArguments } from './member-arguments.ts';

const RESTART_BACKOFF = { initial: 100, max: 10_000, factor: 2 };
/** A member that ran this long, in milliseconds, has earned a quick restart again. */
const STEADY_AFTER = 60_000;
const STOP_WITHIN = 10_000;
const PROBE_INTERVAL = 100;
const MONITOR_INTERVAL = 2_000;

export interface EtcdMemberOptions extends MemberArguments {
  /** `/usr/bin/etcd` when absent. */
  binary?: string;
  clock: Clock;
  log: Log;
  /** Resolves when the member answers a linearizable read; called again and again. */
  probe: () => Promise<unknown>;
  /** Milliseconds that `start` waits for the first answer; a minute when absent. */
  startWithin?: number;
}

/**
 * The etcd process beside a server, in a process group of its own so that a Ctrl-C ends the server first.
 *
 *     stopped ──► starting ──► running ──► stopping ──► stopped
 *                    ▲            │ dies
 *                    └─ back-off ─┘
 */
export class EtcdMember implements Component {
  readonly name = 'etcd member';
  private readonly options: EtcdMemberOptions;
  private readonly lock: DataLock;
  private child: ChildProcess | undefined;
  private timer: Timer | undefined;
  private monitor: Timer | undefined;
  private stopping = false;
  private deaths = 0;
  private answers = false;
  private lastComplaint = '';

  constructor(options: EtcdMemberOptions) {
    this.options = options;
    this.lock = new DataLock({ directory: options.dataDir, holder: 'server', pid: process.pid });
  }

  /** The process id of etcd while it runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Whether the member answered when it was last asked. */
  get healthy(): boolean {
    return this.answers;
  }

  /** What it complained of last, from when it died until it answers again. */
  get trouble(): string | undefined {
    return this.answers || this.deaths === 0 || this.lastComplaint === '' ? undefined : this.lastComplaint;
  }

  /** Rejects with a DataDirectoryInUseError, or when etcd did not answer in time, with what it complained of last. */
  async start(): Promise<void> {
    mkdirSync(this.options.dataDir, { recursive: true, mode: 0o700 });
    this.lock.acquire();
    try {
      await this.endOrphan();
      this.launch();
      await this.firstAnswer();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.watchHealth();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.timer?.cancel();
    this.monitor?.cancel();
    const { child } = this;
    if (child && isRunning(child)) {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const bound = this.options.clock.after(STOP_WITHIN, () => child.kill('SIGKILL'));
      await exited;
      bound.cancel();
    }
    this.answers = false;
    rmSync(this.pidFile, { force: true });
    this.lock.release();
  }

  private get pidFile(): string {
    return join(this.options.dataDir, 'etcd.pid');
  }

  private launch(): void {
    const { binary = '/usr/bin/etcd', clock, log } = this.options;
    const startedAt = clock.now();
    const child = spawn(binary, memberArguments(this.options), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.child = child;
    if (child.pid !== undefined) this.recordPid(child.pid);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.logLine(line));
    }
    let ended = false;
    const onEnd = (reason: object): void => {
      if (ended) return;
      ended = true;
      this.child = undefined;
      this.answers = false;
      if (this.stopping) return;
      if (clock.now() - startedAt > STEADY_AFTER) this.deaths = 0;
      const delay = backoffDelay(RESTART_BACKOFF, this.deaths++);
      log.error({ ...reason, delay, complaint: this.lastComplaint }, 'etcd ended; starting it again');
      this.timer = clock.after(delay, () => this.launch());
    };
    child.once('exit', (code, signal) => onEnd({ code, signal }));
    child.once('error', (error) => {
      this.lastComplaint = error.message;
      onEnd({ err: error });
    });
  }

  /** For a later server that finds this etcd without its server. It is not worth a server that has no room on its disk. */
  private recordPid(pid: number): void {
    try {
      writeFileSync(this.pidFile, String(pid));
    } catch (error) {
      this.options.log.warn({ err: error }, 'the process id of etcd could not be kept');
    }
  }

  private async firstAnswer(): Promise<void> {
    const { clock, probe, startWithin = 60_000 } = this.options;
    const deadline = clock.now() + startWithin;
    for (;;) {
      try {
        await probe();
        this.answers = true;
        return;
      } catch (error) {
        if (clock.now() > deadline) {
          throw new Error(`etcd did not come up: ${this.lastComplaint || String(error)}`, { cause: error });
        }
        await sleep(clock, PROBE_INTERVAL);
      }
    }
  }

  private watchHealth(): void {
    if (this.stopping) return;
    const settled = (answers: boolean): void => {
      if (this.answers !== answers) this.options.log.warn({ healthy: answers }, 'the health of etcd changed');
      this.answers = answers;
      this.watchHealth();
    };
    this.monitor = this.options.clock.after(MONITOR_INTERVAL, () => {
      this.options.probe().then(
        () => settled(true),
        () => settled(false),
      );
    });
  }

  /** A server that was killed leaves its etcd running, which holds the ports and the data. */
  private async endOrphan(): Promise<void> {
    const pid = orphanIn(this.pidFile, this.options.dataDir);
    if (pid === undefined) return;
    this.options.log.warn({ pid }, 'an etcd of an earlier server still runs on this data; ending it');
    const { clock } = this.options;
    signalIfThere(pid, 'SIGTERM');
    const deadline = clock.now() + STOP_WITHIN;
    while (orphanIn(this.pidFile, this.options.dataDir) !== undefined) {
      if (clock.now() > deadline) signalIfThere(pid, 'SIGKILL');
      await sleep(clock, PROBE_INTERVAL);
    }
  }

  /** etcd writes one JSON object a line. */
  private logLine(line: string): void {
    const { log } = this.options;
    let fields: { level?: string; msg?: string; error?: string };
    try {
      fields = JSON.parse(line) as typeof fields;
    } catch {
      // A panic or a message from before its logging is set up.
      this.lastComplaint = line;
      log.warn({ line }, 'etcd');
      return;
    }
    const { level, msg = '', ...rest } = fields;
    if (level === 'info' || level === 'debug') return log.debug(rest, `etcd: ${msg}`);
    if (level !== 'warn') this.lastComplaint = fields.error ? `${msg}: ${fields.error}` : msg;
    log.warn(rest, `etcd: ${msg}`);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
}

/** The pid in the file, if that process is an etcd on this directory. */
function orphanIn(pidFile: string, dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.includes(`--data-dir=${dataDir}`) ? pid : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
