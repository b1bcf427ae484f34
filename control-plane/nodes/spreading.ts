/** Agents that went to another server while theirs was away are sent on to one that has fewer, one at a time. */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';

export interface ServerLoad {
  /** `host:port` for agents. */
  readonly address: string;
  /** How many nodes have their session with it. */
  readonly nodes: number;
}

export interface SpreadingOptions {
  /** All servers that work now; this one first. */
  loads(): readonly ServerLoad[];
  /** Calls the listener when a server comes or goes. Returns what ends it. */
  onServers(listener: () => void): () => void;
  /** Sends one agent there that can be spared; does nothing when there is none. */
  move(to: string): void;
  clock: Clock;
}

/** A server that has just come may go again, and agents that lost theirs are on their way. */
const CALM_MILLISECONDS = 30_000;
const STEP_MILLISECONDS = 1000;
/** Servers that are this much alike, of the larger one's nodes, are left alone. */
const TOLERANCE = 0.1;

/** Where one of this server's nodes had better be; undefined when none has to go. */
export function whereTo([own, ...others]: readonly ServerLoad[]): string | undefined {
  const least = others.toSorted((a, b) => a.nodes - b.nodes)[0];
  if (!own || !least) return undefined;
  // A difference of one would only change sides.
  const isTooMany = own.nodes - least.nodes > Math.max(1, own.nodes * TOLERANCE);
  return isTooMany ? least.address : undefined;
}

export class Spreading implements Component {
  readonly name = 'spreading of nodes';
  private readonly options: SpreadingOptions;
  private timer: Timer | undefined;
  private endServers: (() => void) | undefined;

  constructor(options: SpreadingOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.endServers = this.options.onServers(() => this.wait(CALM_MILLISECONDS));
    this.wait(CALM_MILLISECONDS);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.endServers?.();
    this.timer?.cancel();
    return Promise.resolve();
  }

  private wait(milliseconds: number): void {
    this.timer?.cancel();
    this.timer = this.options.clock.after(milliseconds, () => this.step());
  }

  private step(): void {
    const to = whereTo(this.options.loads());
    if (to !== undefined) this.options.move(to);
    this.wait(STEP_MILLISECONDS);
  }
}
