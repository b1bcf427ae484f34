/** Agents that went to another server while theirs was away are sent on to one that has fewer, one at a time. */
import { backoffDelay } from '../../lib/backoff.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';

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
  /** The nodes of this server whose agents may go. */
  spared(): readonly string[];
  /** Asks the node's agent to go there. */
  move(node: string, to: string): void;
  /** Where agents dial the other server that holds the node's session; undefined when none does, or this one. */
  holderOf(node: string): string | undefined;
  clock: Clock;
  log: Log;
}

/** A server that has just come may go again, and agents that lost theirs are on their way. */
const CALM_MILLISECONDS = 30_000;
const STEP_MILLISECONDS = 1000;
/** Servers that are this much alike, of the larger one's nodes, are left alone. */
const TOLERANCE = 0.1;
/** Longer than an agent takes to find out that it can't connect to a server, or that none welcomes it. */
const MOVE_MILLISECONDS = 15_000;
/** Before the next agent is sent to a server that one did not reach, or did not stay with. */
const AVOIDING = { initial: 60_000, max: 3_600_000, factor: 2 };
/** A node that was sent away is not sent again before; when it is back before, the move has failed. */
const REST_MILLISECONDS = 600_000;
/** Until then one whose move has failed comes after all others: it may be the one that can't reach the server. */
const LAST_MILLISECONDS = 86_400_000;

interface Move {
  readonly to: string;
  readonly at: number;
  hasFailed: boolean;
}

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
  /** The last move of each node that was sent away lately, in the order in which they were. */
  private readonly moves = new Map<string, Move>();
  /** The servers that agents could not go to, until when, and how often in a row. */
  private readonly avoided = new Map<string, { readonly until: number; readonly failures: number }>();
  /** The one node that is on its way. */
  private moving: string | undefined;
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

  /** The node has a new session with this server. */
  arrived(node: string): void {
    const move = this.moves.get(node);
    if (move && this.options.clock.now() - move.at < REST_MILLISECONDS) this.failed(node, move);
  }

  private wait(milliseconds: number): void {
    this.timer?.cancel();
    this.timer = this.options.clock.after(milliseconds, () => this.step());
  }

  private step(): void {
    this.forget();
    if (!this.isUnderWay()) this.moveOne();
    // A server that comes begins it again.
    if (this.options.loads().length > 1) this.wait(STEP_MILLISECONDS);
  }

  private moveOne(): void {
    const { options } = this;
    const now = options.clock.now();
    const to = whereTo(options.loads().filter(({ address }) => now >= (this.avoided.get(address)?.until ?? 0)));
    if (to === undefined) return;
    const movedAt = (node: string): number => this.moves.get(node)?.at ?? -LAST_MILLISECONDS;
    const rested = options.spared().filter((node) => now - movedAt(node) >= REST_MILLISECONDS);
    const node = rested.toSorted((a, b) => movedAt(a) - movedAt(b))[0];
    if (node === undefined) return;
    this.moving = node;
    this.moves.delete(node);
    this.moves.set(node, { to, at: now, hasFailed: false });
    options.move(node, to);
  }

  /** Until the node's key names the other server, this one counts it as its own: sending more would be too many. */
  private isUnderWay(): boolean {
    const node = this.moving;
    const move = node === undefined ? undefined : this.moves.get(node);
    if (node === undefined || !move) return false;
    const holder = this.options.holderOf(node);
    if (holder === undefined && this.options.clock.now() - move.at < MOVE_MILLISECONDS) return true;
    if (holder !== move.to) this.failed(node, move);
    this.moving = undefined;
    return false;
  }

  private failed(node: string, move: Move): void {
    if (this.moving === node) this.moving = undefined;
    if (move.hasFailed) return;
    move.hasFailed = true;
    const { clock, log } = this.options;
    const { until = 0, failures = 0 } = this.avoided.get(move.to) ?? {};
    // A server that dies sends back all it was given: that is one failure.
    if (clock.now() < until) return;
    const milliseconds = backoffDelay(AVOIDING, failures);
    this.avoided.set(move.to, { until: clock.now() + milliseconds, failures: failures + 1 });
    log.warn(
      { node, server: move.to, milliseconds },
      'an agent did not go to the server with fewer nodes, or came back',
    );
  }

  /** A node that has stayed where it was sent speaks for that server. */
  private forget(): void {
    const now = this.options.clock.now();
    for (const [node, { to, at, hasFailed }] of this.moves) {
      if (now - at < REST_MILLISECONDS) break;
      if (hasFailed && now - at < LAST_MILLISECONDS) continue;
      this.moves.delete(node);
      if (!hasFailed) this.avoided.delete(to);
    }
    for (const [server, { until }] of this.avoided) if (now - until > AVOIDING.max) this.avoided.delete(server);
  }
}
