/**
 * Makes sure that a pod which must never run twice is stopped here before it is started elsewhere. The servers replace
 * such pods a known time after they last heard of this node; an agent whose heartbeats are not acknowledged any more stops
 * them before that time is over, by its own monotonic clock, without being told.
 *
 *     open ──no proof for too long──▶ closed ──a new proof──▶ open
 *
 * The time of the last proof is also on the machine's own clock in a file, so that an agent that was restarted while it was
 * cut off does not begin to count anew. A restarted machine has no file: its containers have ended with it.
 */
import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import type { Log } from '../../lib/log.ts';

/** Killing containers takes some of the time; so do clocks that run at different speeds. */
const MARGIN_MILLISECONDS = 3000;
const CHECK_MILLISECONDS = 250;
/** How often the proof is written to the file, while there is a pod that needs it. */
const WRITE_MILLISECONDS = 1000;

export interface FenceOptions {
  file: string;
  /** Whether there is a pod here that must not run twice. */
  isNeeded(): boolean;
  /** Stop these pods, or let them run again. */
  onChange(isClosed: boolean): void;
  /** Milliseconds since the machine started; goes on over a restart of the agent. */
  uptime(): Promise<number>;
  clock: Clock;
  log: Log;
}

export class Fence implements Component {
  readonly name = 'fence';
  private readonly options: FenceOptions;
  private limit: number | undefined;
  /** On the clock. */
  private provenAt: number;
  private closed = false;
  private timer: Timer | undefined;
  private writtenAt = -Infinity;
  private writing: Promise<void> = Promise.resolve();

  constructor(options: FenceOptions) {
    this.options = options;
    this.provenAt = options.clock.now();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** What the servers said: they replace such pods so long after they last heard of us. */
  setLimit(milliseconds: number): void {
    this.limit = Math.max(0, milliseconds - MARGIN_MILLISECONDS);
  }

  /** A server knew that we lived at this time of the clock. */
  proven(at: number): void {
    this.provenAt = Math.max(this.provenAt, at);
    this.look();
  }

  async start(): Promise<void> {
    const { file, clock } = this.options;
    const saved = await readIfPresent(file);
    if (saved !== undefined) {
      const { provenAt, limit } = JSON.parse(saved) as { provenAt: number; limit: number };
      this.limit ??= limit;
      this.provenAt = clock.now() - Math.max(0, (await this.options.uptime()) - provenAt);
    }
    this.tick();
  }

  async stop(): Promise<void> {
    this.timer?.cancel();
    await this.writing;
  }

  private tick(): void {
    this.look();
    this.save();
    this.timer = this.options.clock.after(CHECK_MILLISECONDS, () => this.tick());
  }

  private look(): void {
    if (this.limit === undefined) return;
    const isOver = this.options.clock.now() - this.provenAt > this.limit;
    if (isOver === this.closed) return;
    this.closed = isOver;
    if (isOver) this.options.log.warn({}, 'no server acknowledges this node: pods with an identity are stopped');
    else this.options.log.info({}, 'a server acknowledges this node again: pods with an identity may run');
    this.options.onChange(isOver);
  }

  private save(): void {
    const { clock, log } = this.options;
    if (this.limit === undefined || clock.now() - this.writtenAt < WRITE_MILLISECONDS || !this.options.isNeeded())
      return;
    this.writtenAt = clock.now();
    this.writing = this.write(this.limit).catch((error: unknown) => {
      log.error({ err: error }, 'the time of the last acknowledgement could not be written');
    });
  }

  private async write(limit: number): Promise<void> {
    const age = this.options.clock.now() - this.provenAt;
    const provenAt = (await this.options.uptime()) - age;
    await writePrivate(this.options.file, JSON.stringify({ provenAt, limit }));
  }
}

/** Of /proc/uptime. */
export async function machineUptime(): Promise<number> {
  const [seconds] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  return Number(seconds) * 1000;
}
