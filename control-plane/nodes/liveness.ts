/**
 * Who has been silent for too long. Silence counts only while this process could have heard: after a pause of its own
 * (a busy event loop, a stopped process) every node gets its full time again.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';

const CHECK_MILLISECONDS = 50;
/** A check that comes later than this was a pause. */
const PAUSE_MILLISECONDS = 300;

export interface LivenessOptions {
  clock: Clock;
  /** Silence that makes a node whose connection stands lost. */
  silentMilliseconds: number;
  /** The same for one whose connection was closed: its host lives, or nobody could have closed it, and its agent restarts. */
  closedMilliseconds: number;
  onLost(node: string, silentMilliseconds: number): void;
  /** This process could hear nothing for so long. */
  onPause(milliseconds: number): void;
}

interface Heard {
  at: number;
  isClosed: boolean;
}

export class Liveness implements Component {
  readonly name = 'liveness';
  private readonly options: LivenessOptions;
  private readonly nodes = new Map<string, Heard>();
  private timer: Timer | undefined;
  private lastCheck = 0;

  constructor(options: LivenessOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.lastCheck = this.options.clock.now();
    this.arm();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.timer?.cancel();
    this.nodes.clear();
    return Promise.resolve();
  }

  heard(node: string): void {
    const heard = this.nodes.get(node);
    if (heard) {
      heard.at = this.options.clock.now();
      heard.isClosed = false;
    } else {
      this.nodes.set(node, { at: this.options.clock.now(), isClosed: false });
    }
  }

  closed(node: string): void {
    const heard = this.nodes.get(node);
    if (heard) heard.isClosed = true;
  }

  /** It is another server's, or nobody's: no judgement here. */
  forget(node: string): void {
    this.nodes.delete(node);
  }

  private arm(): void {
    this.timer = this.options.clock.after(CHECK_MILLISECONDS, () => {
      this.check();
      this.arm();
    });
  }

  private check(): void {
    const { clock, silentMilliseconds, closedMilliseconds } = this.options;
    const now = clock.now();
    const late = now - this.lastCheck - CHECK_MILLISECONDS;
    this.lastCheck = now;
    if (late > PAUSE_MILLISECONDS) {
      for (const heard of this.nodes.values()) heard.at = now;
      this.options.onPause(late);
      return;
    }
    for (const [node, heard] of this.nodes) {
      const silence = now - heard.at;
      if (silence <= (heard.isClosed ? closedMilliseconds : silentMilliseconds)) continue;
      this.nodes.delete(node);
      this.options.onLost(node, silence);
    }
  }
}
