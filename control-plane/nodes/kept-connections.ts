/** Connections that are kept for the next request to the same place, bounded in number and in time. */
import { Agent, type ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';

/** Of which connections are kept; the one unused for longest leaves first. */
const MAX_PLACES = 256;
const MAX_IDLE_SOCKETS = 25;
const IDLE_MILLISECONDS = 90_000;
/** Nobody waits for a connection for longer, whatever his own deadline is. */
const CONNECT_MILLISECONDS = 30_000;

/** Makes a connection on which HTTP can be spoken; the signal closes what is not one yet. */
export type Connect = (signal: AbortSignal) => Promise<Duplex>;

export interface Kept {
  readonly agent: Agent;
  /** Closes those that nobody uses, of which some turned out to be closed at the other end. */
  readonly freshen: () => void;
}

export class KeptConnections implements Component {
  readonly name = 'kept connections';
  private readonly clock: Clock;
  private readonly agents = new Map<string, Agent>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.clock = clock;
  }

  /** Connects only when asked to. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    for (const agent of this.agents.values()) agent.destroy();
    this.agents.clear();
    return Promise.resolve();
  }

  /** `place` names all that a connection depends on; `connect` is called for those that are new. */
  to(place: string, connect: Connect): Kept {
    const agent = this.agents.get(place) ?? this.newAgent(connect);
    this.agents.delete(place);
    this.agents.set(place, agent);
    if (this.agents.size > MAX_PLACES) this.forgetOldest();
    return { agent, freshen: () => freshen(agent) };
  }

  private forgetOldest(): void {
    const [oldest] = this.agents;
    if (!oldest) return;
    const [place, agent] = oldest;
    this.agents.delete(place);
    // What is under way goes on; nothing comes back to be kept.
    agent.maxFreeSockets = 0;
    freshen(agent);
  }

  private newAgent(connect: Connect): Agent {
    const agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS, timeout: IDLE_MILLISECONDS });
    agent.createConnection = (_options, callback) => {
      this.connected(connect).then(
        (socket) => callback?.(null, socket),
        (error: unknown) => callback?.(error as Error, undefined as never),
      );
      return undefined;
    };
    return agent;
  }

  private async connected(connect: Connect): Promise<Duplex> {
    const late = new AbortController();
    const timer = this.clock.after(CONNECT_MILLISECONDS, () => late.abort(new Error('the connection took too long')));
    try {
      return await connect(late.signal);
    } finally {
      timer.cancel();
    }
  }
}

function freshen(agent: Agent): void {
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

/** Whether a request failed because the connection that had been kept for it was closed at the other end before. */
export function isStale(request: ClientRequest, error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
}
