/**
 * Runs containerd where nobody else does: in local clusters and in tests. It must live longer than the agent, or pods
 * would lose their log writers and events: so it gets a session of its own, and the next agent adopts it by its socket.
 *
 *     start: socket answers? ──yes──▶ watching ──connection closes, socket refuses──▶ starting again, with back-off
 *                 └──no──▶ spawn ──answers──▶ watching
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import path from 'node:path';
import type { Clock, Timer } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { ContainerdConfig } from './config.ts';
import { writeContainerdConfig } from './config.ts';
import type { ProcessIdentity } from '../../lib/process.ts';
import { isAlive, startDetached } from '../../lib/process.ts';

const READY_MILLISECONDS = 30_000;
/** containerd that is told to end just after its start may never do so; being killed does no harm to it or to containers. */
const STOP_MILLISECONDS = 5000;
const PROBE_INTERVAL_MILLISECONDS = 50;
const RESTART_MILLISECONDS = { first: 500, most: 30_000 };

export interface ContainerdSupervisorOptions {
  config: ContainerdConfig;
  /** containerd's own words go here. */
  logFile: string;
  /** `containerd`, found in PATH, by default. */
  program?: string;
  /** Resolves when the runtime answers: a version call. */
  probe: () => Promise<unknown>;
  clock: Clock;
  log: Log;
}

export class ContainerdSupervisor implements Component {
  readonly name = 'containerd';
  private readonly options: ContainerdSupervisorOptions;
  private watch: Socket | undefined;
  private restart: Timer | undefined;
  private delay = RESTART_MILLISECONDS.first;
  private stopped = true;

  constructor(options: ContainerdSupervisorOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    this.stopped = false;
    await this.ensureRunning();
    this.watchConnection();
  }

  /** Stops watching. containerd and all containers go on: see {@link shutDown}. */
  stop(): Promise<void> {
    this.stopped = true;
    this.restart?.cancel();
    this.watch?.destroy();
    return Promise.resolve();
  }

  /** Ends containerd itself and waits until it has ended. Containers go on without it. */
  async shutDown(): Promise<void> {
    await this.stop();
    const identity = this.recorded();
    if (!identity || !isAlive(identity)) return;
    process.kill(identity.pid, 'SIGTERM');
    const deadline = this.options.clock.now() + STOP_MILLISECONDS;
    while (isAlive(identity)) {
      if (this.options.clock.now() > deadline) process.kill(identity.pid, 'SIGKILL');
      await sleep(this.options.clock, PROBE_INTERVAL_MILLISECONDS);
    }
  }

  /** The process, when this supervisor or an earlier one started it and it lives. */
  get pid(): number | undefined {
    const identity = this.recorded();
    return identity && isAlive(identity) ? identity.pid : undefined;
  }

  private async ensureRunning(): Promise<void> {
    const { config, logFile, log } = this.options;
    if (await accepts(config.socket)) {
      log.info({ socket: config.socket }, 'found containerd running');
      return this.untilReady(undefined);
    }
    const file = writeContainerdConfig(config);
    mkdirSync(path.dirname(logFile), { recursive: true });
    const identity = await startDetached(this.options.program ?? 'containerd', ['--config', file], logFile);
    writeFileSync(this.pidFile, JSON.stringify(identity));
    await this.untilReady(identity);
    log.info({ pid: identity.pid, socket: config.socket }, 'started containerd');
  }

  private async untilReady(identity: ProcessIdentity | undefined): Promise<void> {
    const deadline = this.options.clock.now() + READY_MILLISECONDS;
    // The clock's timers let a process end, and at its start an agent may have nothing else to wait for.
    const alive = setInterval(() => undefined, READY_MILLISECONDS);
    try {
      while (!(await this.isReady(identity, deadline))) {
        await sleep(this.options.clock, PROBE_INTERVAL_MILLISECONDS);
      }
    } finally {
      clearInterval(alive);
    }
  }

  private async isReady(identity: ProcessIdentity | undefined, deadline: number): Promise<boolean> {
    try {
      await this.options.probe();
      return true;
    } catch (error) {
      if (identity && !isAlive(identity)) throw new Error(`containerd ended: ${this.lastWords()}`, { cause: error });
      if (this.options.clock.now() > deadline) throw error;
      return false;
    }
  }

  /** An open connection tells at once when the process at its other end is gone, whoever started it. */
  private watchConnection(): void {
    const socket = connect(this.options.config.socket);
    socket.unref();
    this.watch = socket;
    let refused = false;
    socket.on('connect', () => (this.delay = RESTART_MILLISECONDS.first));
    socket.on('error', () => (refused = true));
    socket.on('close', () => {
      if (this.stopped) return;
      // containerd closes a connection that stays silent: only a refused one means that it is gone.
      if (refused) this.restartLater();
      else this.watchConnection();
    });
    // What it sends is nothing to us, but must be read for the end to be seen.
    socket.resume();
  }

  private restartLater(): void {
    this.options.log.warn({ inMilliseconds: this.delay }, 'containerd is gone');
    this.restart = this.options.clock.after(this.delay, () => {
      this.ensureRunning().then(
        () => this.stopped || this.watchConnection(),
        (error: Error) => {
          this.options.log.error({ err: error }, 'containerd does not start');
          if (!this.stopped) this.restartLater();
        },
      );
    });
    this.delay = Math.min(this.delay * 2, RESTART_MILLISECONDS.most);
  }

  private lastWords(): string {
    const lines = readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n');
    return lines.at(-1) ?? '';
  }

  private recorded(): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(this.pidFile, 'utf8')) as ProcessIdentity;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  private get pidFile(): string {
    return path.join(path.dirname(this.options.config.socket), 'process.json');
  }
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const answer = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
