/** Keeps the node's own status true: whether it can run pods, and what it is short of. */
import { readFile, statfs } from 'node:fs/promises';
import { type MachineFacts, type NodeFacts, type Pressures, describeNode } from './describe.ts';
import type { Node, NodeStatus } from '../../api/types/core.v1.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';

/** There are no events for memory and disk: they are looked at as often as this. */
const CHECK_MILLISECONDS = 10_000;
const LEAST_MEMORY_BYTES = 100 * 1024 * 1024;
const LEAST_DISK_SHARE = 0.1;
const LEAST_PID_SHARE = 0.1;

export interface NodeStatusOptions {
  facts: NodeFacts;
  dataDirectory: string;
  /** Why the node can't run pods now, in words; empty when it can. */
  problems(): Promise<string[]>;
  report(status: NodeStatus): void;
  clock: Clock;
}

export class NodeStatusKeeper implements Component {
  readonly name = 'node status';
  private readonly options: NodeStatusOptions;
  private problems: readonly string[] = ['the agent has just started'];
  private pressures: Pressures = { memory: false, disk: false, pids: false };
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private again = false;

  constructor(options: NodeStatusOptions) {
    this.options = options;
  }

  /** Resolves when the node has been looked at as it is now, be it that an earlier look is still under way. */
  async start(): Promise<void> {
    this.tick();
    await this.settled();
  }

  async stop(): Promise<void> {
    this.timer?.cancel();
    await this.settled();
  }

  /** The node as it was seen last. */
  describe(): Node {
    const { facts, clock } = this.options;
    return describeNode(
      facts,
      { problems: this.problems, pressures: this.pressures },
      formatTime(clock.date().getTime()),
    );
  }

  /** Looks now: something may have changed. */
  check(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = this.look().finally(() => {
      this.running = undefined;
      if (this.again) this.check();
      this.again = false;
    });
  }

  /** A look that was asked for during another follows on that. */
  private async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  private tick(): void {
    this.check();
    this.timer = this.options.clock.after(CHECK_MILLISECONDS, () => this.tick());
  }

  private async look(): Promise<void> {
    const problems = await this.options.problems();
    const pressures = await pressuresOf(this.options.facts.machine, this.options.dataDirectory);
    const isSame = JSON.stringify([problems, pressures]) === JSON.stringify([this.problems, this.pressures]);
    this.problems = problems;
    this.pressures = pressures;
    if (!isSame) this.options.report(this.describe().status);
  }
}

async function pressuresOf(machine: MachineFacts, dataDirectory: string): Promise<Pressures> {
  const meminfo = await readFile('/proc/meminfo', 'utf8');
  const [, available] = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo) ?? [];
  const disk = await statfs(dataDirectory);
  return {
    memory: Number(available ?? machine.memoryBytes / 1024) * 1024 < LEAST_MEMORY_BYTES,
    disk: disk.bavail < disk.blocks * LEAST_DISK_SHARE,
    pids: await isShortOfPids(),
  };
}

async function isShortOfPids(): Promise<boolean> {
  const [, used = 0] = /\/(\d+)/.exec(await readFile('/proc/loadavg', 'utf8')) ?? [];
  const limits = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'];
  const most = Math.min(...(await Promise.all(limits.map(async (path) => Number(await readFile(path, 'utf8'))))));
  return most - Number(used) < most * LEAST_PID_SHARE;
}
