/** One agent's session on this server: what goes down is fed, what comes up is stored, and both are bounded. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Feed } from './feed.ts';
import type { ReportWriter } from './reports.ts';
import type { AgentMessage, EncodedMessage, Report, ServerMessage } from '../../lib/link/proto.ts';
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';

const RETRY_MILLISECONDS = 500;
/** An agent keeps to 8; one that does not is shown the door. */
const MAX_REPORTS = 32;

export interface NodeSessionOptions {
  node: string;
  instance: string;
  /** Of the node when it was registered for this session. */
  revision: number;
  stream: ServerDuplexStream<AgentMessage, ServerMessage | EncodedMessage>;
  writer: Pick<ReportWriter, 'write'>;
  clock: Clock;
  log: Log;
  /**
   * Whether everybody knows that the node is heard here. While that is in doubt heartbeats are not acknowledged: the agent
   * takes an acknowledgement for its right to run what must not run twice.
   */
  isProven(): boolean;
  onHeard(): void;
  onClosed(): void;
}

export class NodeSession {
  readonly node: string;
  readonly instance: string;
  readonly revision: number;
  private readonly options: NodeSessionOptions;
  private readonly ending = new AbortController();
  private feed: Feed | undefined;
  private reports = 0;
  /** One report after the other: stored side by side, an older word about an object could be the last one. */
  private storing: Promise<void> = Promise.resolve();

  constructor(options: NodeSessionOptions) {
    this.options = options;
    this.node = options.node;
    this.instance = options.instance;
    this.revision = options.revision;
    const { stream } = options;
    stream.on('drain', () => this.feed?.resume());
    stream.on('error', () => this.closed());
    stream.on('close', () => this.closed());
    stream.on('end', () => this.closed());
  }

  /** Returns false when the stream asks to wait for its drain event. */
  send(message: ServerMessage | EncodedMessage): boolean {
    return this.ending.signal.aborted ? false : this.options.stream.write(message);
  }

  feedFrom(feed: Feed): void {
    this.feed = feed;
  }

  receive(message: AgentMessage): void {
    this.options.onHeard();
    if (message.heartbeat) this.acknowledge(message.heartbeat.sequence);
    else if (message.report) this.store(message.report);
  }

  private acknowledge(sequence: number): void {
    if (this.options.isProven()) this.send({ ack: { sequence } });
  }

  close(reason: string): void {
    if (this.ending.signal.aborted) return;
    this.options.stream.write({ goodbye: { reason } });
    this.closed();
    this.options.stream.end();
  }

  private store(report: Report): void {
    if (this.reports >= MAX_REPORTS) {
      this.close('too many reports at once');
      return;
    }
    this.reports += 1;
    this.storing = this.storing
      .then(() => this.storeUntilDone(report))
      .catch((error: unknown) => {
        this.options.log.error({ err: error }, 'a report could not be stored');
        this.close('a report could not be stored');
      });
  }

  private async storeUntilDone(report: Report): Promise<void> {
    const { writer, clock, log } = this.options;
    while (!this.ending.signal.aborted) {
      try {
        await writer.write(report, this.ending.signal);
        this.reports -= 1;
        this.send({ reportAck: { sequence: report.sequence } });
        return;
      } catch (error) {
        log.warn({ err: error }, 'a report can not be stored now; trying again');
        await sleep(clock, RETRY_MILLISECONDS);
      }
    }
  }

  private closed(): void {
    if (this.ending.signal.aborted) return;
    this.ending.abort();
    this.feed?.close();
    this.options.onClosed();
  }
}
