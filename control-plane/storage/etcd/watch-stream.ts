import type { Etcd3, IEvent, IWatchRequest, IWatchResponse } from 'etcd3';
import { backoffDelay } from '../../../lib/backoff.ts';
import type { Clock, Timer } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';
import { CompactedError, type StoreEvent } from '../port.ts';

const BACKOFF = { initial: 50, max: 2_000, factor: 2 };
/** Milliseconds that the stream may stand still behind what is known to be committed. */
const STANDSTILL = 2_000;

export interface WatchStreamOptions {
  client: Etcd3;
  clock: Clock;
  log: Log;
  /** Only events after this revision. */
  after: number;
  /** Whole revisions in order; the stream is complete up to and including `revision`. */
  onEvents: (events: readonly StoreEvent[], revision: number) => void;
  /** The stream is over: what it would resume from was compacted. */
  onEnd: (error: CompactedError) => void;
  /** It stands still behind what is committed: the member it comes from may be away, whatever the connection says. */
  onStandstill: () => void;
}

type Call = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;

/**
 * One watch of all of etcd's keys. As every commit changes a key, the stream is always told of the latest revision and
 * needs no progress messages (which etcd 3.4.23 may send too early). When the connection is lost it resumes after
 * the last whole revision. A large answer comes in fragments, which may end inside a revision: events of the revision
 * that came last are held back until a later one, or the end of the answer, shows that it is whole.
 */
export class WatchStream {
  private readonly options: WatchStreamOptions;
  private call: Call | undefined;
  private timer: Timer | undefined;
  private complete: number;
  private partial: StoreEvent[] = [];
  private failures = 0;
  private closed = false;
  private standstill: Timer | undefined;

  constructor(options: WatchStreamOptions) {
    this.options = options;
    this.complete = options.after;
    this.open();
  }

  /** Everything up to and including this revision was told. */
  get position(): number {
    return this.complete;
  }

  /** etcd is at this revision. A paused member, or one that is cut off, would not tell and keep the connection. */
  expect(revision: number): void {
    if (revision <= this.complete || this.standstill || this.closed) return;
    const from = this.complete;
    this.standstill = this.options.clock.after(STANDSTILL, () => {
      this.standstill = undefined;
      if (this.complete === from && this.partial.length === 0) this.replace();
    });
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.standstill?.cancel();
    this.drop();
  }

  private open(): void {
    this.partial = [];
    this.options.client.watchClient.watch().then(
      (call) => {
        if (this.closed) call.cancel();
        else this.begin(call);
      },
      (error: unknown) => this.retry(error),
    );
  }

  private begin(call: Call): void {
    this.call = call;
    const lost = (error: unknown): void => {
      if (this.call !== call) return;
      this.drop();
      this.retry(error);
    };
    call.on('data', (response) => {
      if (this.call === call) this.receive(response, lost);
    });
    // After a cancel the call still reports it, which must not be an unhandled error.
    call.on('error', lost);
    call.on('end', () => lost(new Error('etcd ended the watch')));
    const everyKey = Buffer.from([0]);
    const request: IWatchRequest = {
      create_request: { key: everyKey, range_end: everyKey, start_revision: this.complete + 1, fragment: true },
    };
    call.write(request);
  }

  private receive(response: IWatchResponse, lost: (error: unknown) => void): void {
    if (Number(response.compact_revision) > 0) {
      const oldest = Number(response.compact_revision);
      this.close();
      this.options.onEnd(new CompactedError(oldest));
      return;
    }
    if (response.canceled) {
      lost(new Error(`etcd canceled the watch: ${response.cancel_reason}`));
      return;
    }
    this.failures = 0;
    this.take(response.events.map(eventOf), response.fragment);
  }

  private take(events: readonly StoreEvent[], isFragment: boolean): void {
    const all = this.partial.length > 0 ? [...this.partial, ...events] : events;
    const last = all.at(-1)?.revision;
    if (last === undefined) return;
    const whole = isFragment ? all.findIndex((event) => event.revision === last) : all.length;
    this.partial = all.slice(whole);
    const revision = all[whole - 1]?.revision;
    if (revision === undefined) return;
    this.complete = revision;
    this.options.onEvents(all.slice(0, whole), revision);
  }

  private replace(): void {
    if (!this.call) return;
    this.options.onStandstill();
    this.drop();
    this.retry(new Error('the watch stands still'));
  }

  private retry(error: unknown): void {
    if (this.closed) return;
    const delay = backoffDelay(BACKOFF, this.failures++);
    this.options.log.warn({ err: error, after: this.complete, delay }, 'the watch of etcd was interrupted');
    this.timer = this.options.clock.after(delay, () => this.open());
  }

  private drop(): void {
    const { call } = this;
    this.call = undefined;
    call?.cancel();
  }
}

function eventOf({ type, kv }: IEvent): StoreEvent {
  const key = kv.key.toString();
  const revision = Number(kv.mod_revision);
  if (type === 'Delete') return { type: 'delete', key, revision };
  return { type: 'put', key, value: kv.value, revision, created: kv.create_revision === kv.mod_revision };
}
