/**
 * One session with one server, from dialling to its end:
 *
 *   dialling ──welcome──▶ filling ──complete──▶ live ──▶ ended
 *       └───────────────────┴──────────────────────────────▲  (error, silence, goodbye, close)
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { DesiredStateStore } from '../state/store.ts';
import { isResourceName } from '../state/store.ts';
import type { Reports } from './reports.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { AgentMessage, AgentsClient, Hello, ServerMessage, Welcome } from '../../lib/link/proto.ts';
import type { Log } from '../../lib/log.ts';

/** A server that has not said welcome by then is given up. */
const WELCOME_MILLISECONDS = 5000;
/** A server whose answers to heartbeats are this many intervals late is given up: the connection is half open. */
const SILENT_INTERVALS = 6;
/** The same when there are others: one of them must be found before pods are frozen. */
const SILENT_INTERVALS_OF_SEVERAL = 4;
/**
 * Reports that wait for their acknowledgement. A server stores one after the other: what happens meanwhile goes together
 * in the next, and of what changes more than once only the last is told.
 */
const MAX_UNACKNOWLEDGED = 1;

export interface SessionOptions {
  client: AgentsClient;
  hello: Hello;
  /** Whether there are other servers to go to, as known now. */
  isOneOfSeveral(): boolean;
  store: DesiredStateStore;
  reports: Reports;
  clock: Clock;
  log: Log;
  onWelcome(welcome: Welcome): void;
  /** The full state has arrived. */
  onComplete(): void;
  onServers(addresses: readonly string[]): void;
  /** The server asks to go to another one. */
  onMove(server: string): void;
  onStream(id: string, wanted: Buffer): void;
  /** Milliseconds since the machine started. */
  uptime(): number;
  /**
   * A server that has told all that is wanted here has acknowledged what was sent at this time after the machine started:
   * until then it certainly knew that we live.
   */
  onProof(sentAt: number): void;
  /** Called once. The reason is for people. */
  onEnd(reason: string): void;
}

export class Session {
  private readonly options: SessionOptions;
  private readonly stream: ClientDuplexStream<AgentMessage, ServerMessage>;
  private state: 'dialling' | 'filling' | 'live' | 'ended' = 'dialling';
  private timer: Timer | undefined;
  private heartbeatMilliseconds = 0;
  private heartbeats = 0;
  /** When those heartbeats were sent that are not acknowledged yet. */
  private readonly sent = new Map<number, number>();
  private lastHeard: number;
  private unacknowledged = 0;
  private writable = true;

  constructor(options: SessionOptions) {
    this.options = options;
    this.lastHeard = options.clock.now();
    this.stream = options.client.session();
    this.stream.on('data', (message: ServerMessage) => this.receive(message));
    this.stream.on('error', (error) => this.finish(error.message));
    this.stream.on('end', () => this.finish('the server ended the session'));
    this.stream.on('drain', () => this.drained());
    this.timer = options.clock.after(WELCOME_MILLISECONDS, () => this.finish('the server did not say welcome in time'));
    this.stream.write({ hello: options.hello });
  }

  /** Sends what there is to report, as far as the server keeps up. */
  report(): void {
    if (this.state !== 'live') return;
    while (this.writable && this.unacknowledged < MAX_UNACKNOWLEDGED) {
      const report = this.options.reports.take();
      if (!report) return;
      this.unacknowledged += 1;
      this.writable = this.stream.write({ report });
    }
  }

  close(): void {
    if (this.state !== 'ended') this.stream.end();
    this.finish('closed');
  }

  private receive(message: ServerMessage): void {
    if (this.state === 'ended') return;
    this.lastHeard = this.options.clock.now();
    if (message.welcome) this.welcomed(message.welcome);
    else if (message.ack) this.proven(message.ack.sequence);
    else if (message.changes) this.apply(message.changes);
    else if (message.reportAck) this.acknowledged(message.reportAck.sequence);
    else if (message.stream) this.options.onStream(message.stream.id, message.stream.wanted);
    else if (message.servers) this.options.onServers(message.servers.addresses);
    else if (message.move) this.options.onMove(message.move.address);
    else if (message.goodbye) this.finish(`the server said goodbye: ${message.goodbye.reason}`);
  }

  private welcomed(welcome: Welcome): void {
    if (this.state !== 'dialling') return;
    this.state = 'filling';
    this.heartbeatMilliseconds = welcome.heartbeatMilliseconds;
    this.options.onWelcome(welcome);
    this.options.store.beginFull();
    this.timer?.cancel();
    this.beat();
  }

  private apply(message: NonNullable<ServerMessage['changes']>): void {
    const { store, log } = this.options;
    for (const { resource, key, object } of message.changes) {
      // A newer server may send what this agent does not know yet.
      if (!isResourceName(resource)) continue;
      try {
        if (object.length === 0) store.delete(resource, key);
        else store.set(resource, key, object);
      } catch (error) {
        log.error({ err: error, resource, key }, 'an object that came down could not be taken');
      }
    }
    if (message.complete && this.state === 'filling') {
      store.completeFull();
      this.state = 'live';
      this.options.onComplete();
      this.report();
      // Only what is acknowledged from here on counts.
      this.timer?.cancel();
      this.beat();
    }
  }

  private proven(sequence: number): void {
    const sentAt = this.sent.get(sequence);
    for (const each of this.sent.keys()) if (each <= sequence) this.sent.delete(each);
    // Before all is told, pods that have been started elsewhere meanwhile may still seem to be wanted here.
    if (sentAt !== undefined && this.state === 'live') this.options.onProof(sentAt);
  }

  private acknowledged(sequence: number): void {
    this.unacknowledged -= 1;
    this.options.reports.acknowledge(sequence);
    this.report();
  }

  private drained(): void {
    this.writable = true;
    this.report();
  }

  private beat(): void {
    if (this.state === 'ended') return;
    const silence = this.options.clock.now() - this.lastHeard;
    const intervals = this.options.isOneOfSeveral() ? SILENT_INTERVALS_OF_SEVERAL : SILENT_INTERVALS;
    // Its last word came a little after a heartbeat, and this is a whole number of them later.
    if (silence > this.heartbeatMilliseconds * (intervals - 0.5)) {
      this.finish(`the server was silent for ${Math.round(silence)} ms`);
      return;
    }
    this.heartbeats += 1;
    this.sent.set(this.heartbeats, this.options.uptime());
    this.stream.write({ heartbeat: { sequence: this.heartbeats } });
    this.timer = this.options.clock.after(this.heartbeatMilliseconds, () => this.beat());
  }

  private finish(reason: string): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.timer?.cancel();
    // Cancelling makes the stream emit one more error, which is of no interest any more.
    this.stream.on('error', () => undefined);
    this.stream.cancel();
    this.options.onEnd(reason);
  }
}
