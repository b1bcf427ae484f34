import type { Etcd3, IRangeResponse, ITxnResponse } from 'etcd3';
import { sleep, type Clock } from '../../../lib/clock.ts';
import type { Component } from '../../../lib/component.ts';
import type { Log } from '../../../lib/log.ts';
import type { Leases } from '../coordination.ts';
import {
  MAX_VALUE_BYTES,
  StoreLimitError,
  UnavailableError,
  type Entry,
  type ListOptions,
  type ListResult,
  type Store,
  type StoreWatch,
  type StoreWatcher,
  type Write,
  type WriteResult,
} from '../port.ts';
import { Batcher, type BatchLimits } from './batcher.ts';
import { connect, DEFAULT_REQUEST_TIMEOUT, type EtcdClientOptions } from './client.ts';
import { isLeaseGone, isMemberAway, readError, writeError } from './errors.ts';
import { EtcdLeases } from './leases.ts';
import type { Members } from './members.ts';
import { SharedWatch } from './shared-watch.ts';
import { entryOf, resultsOf, transactionOf, type LeasedWrite } from './transaction.ts';
import { TtlLeases } from './ttl-leases.ts';
import { WatchStream } from './watch-stream.ts';

const ATTEMPTS = 7;
const RETRY_DELAY = 100;
/** Milliseconds; another member may answer what one did not. */
const READ_TIMEOUT = 2_000;
/** Milliseconds after which it is looked at which members answer, so that the next write finds one that does. */
const SLOW_WRITE = 1_000;
/** Milliseconds; a list may carry many megabytes. */
const LIST_TIMEOUT = 30_000;

export interface EtcdStoreOptions extends EtcdClientOptions {
  clock: Clock;
  log: Log;
  batch?: Partial<BatchLimits>;
  /** What the member beside this server ended of, while it is down. */
  trouble?: () => string | undefined;
}

export class EtcdStore implements Store, Component {
  readonly name = 'etcd store';
  readonly leases: Leases;
  private readonly client: Etcd3;
  private readonly members: Members;
  private readonly clock: Clock;
  private readonly trouble: () => string | undefined;
  /** Milliseconds after which a call is not tried again. */
  private readonly patience: number;
  private readonly batcher: Batcher<LeasedWrite, WriteResult>;
  private readonly ttlLeases: TtlLeases;
  private readonly shared: SharedWatch;

  constructor(options: EtcdStoreOptions) {
    const { clock, log } = options;
    this.clock = clock;
    this.trouble = options.trouble ?? (() => undefined);
    const { client, members } = connect(options, clock);
    this.client = client;
    this.members = members;
    this.patience = options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT;
    this.batcher = new Batcher({ commit: (writes) => this.commit(writes), clock, limits: options.batch ?? {} });
    this.leases = new EtcdLeases({ client, clock, log });
    this.ttlLeases = new TtlLeases({
      clock,
      grant: async (seconds) => (await client.leaseClient.leaseGrant({ TTL: seconds })).ID,
    });
    this.shared = new SharedWatch({
      open: (stream) => new WatchStream({ client, clock, log, onStandstill: () => members.check(), ...stream }),
      revision: () => this.revision(),
    });
  }

  /** Resolves when etcd answers; rejects with an UnavailableError when it does not. */
  async start(): Promise<void> {
    await this.revision();
  }

  stop(): Promise<void> {
    this.shared.close();
    this.members.close();
    this.client.close();
    return Promise.resolve();
  }

  async get(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const { kvs } = await this.read(() => this.client.kv.range({ key: Buffer.from(key) }, this.soon()), 0, signal);
    return kvs[0] && entryOf(kvs[0]);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { limit = 0, after, revision = 0, signal } = options;
    const request = {
      // The least key that is greater than `after` is it with a zero byte.
      key: Buffer.from(after !== undefined && after >= prefix ? `${after}\0` : prefix),
      range_end: endOf(prefix),
      limit,
      revision,
    };
    const range = (): Promise<IRangeResponse> => this.client.kv.range(request, { deadline: Date.now() + LIST_TIMEOUT });
    const { kvs, count, more, header } = await this.read(range, revision, signal);
    return {
      entries: kvs.map(entryOf),
      revision: revision > 0 ? revision : Number(header.revision),
      more,
      remaining: Number(count) - kvs.length,
    };
  }

  async revision(): Promise<number> {
    const request = { key: Buffer.from([0]), count_only: true, limit: 1 };
    const { header } = await this.read(() => this.client.kv.range(request, this.soon()));
    const revision = Number(header.revision);
    this.shared.expect(revision);
    return revision;
  }

  async write(write: Write): Promise<WriteResult> {
    const size = write.key.length + (write.value?.length ?? 0);
    if (size > MAX_VALUE_BYTES) {
      throw new StoreLimitError(`${write.key} has ${size} bytes; the store takes ${MAX_VALUE_BYTES}`);
    }
    const sized = { ...write, size: size + write.key.length };
    const leased = await this.leased(sized).catch((error: unknown) => {
      throw readError(error, 0, this.trouble());
    });
    return this.batcher.add(leased);
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): StoreWatch {
    return this.shared.watch(prefix, after, watcher);
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.client.kv.compact({ revision });
    } catch (error) {
      // Someone compacted as far already, which is all that was wanted.
      if (String(error).includes('required revision has been compacted')) return;
      throw readError(error, revision, this.trouble());
    }
  }

  /** Repeated only while it is sure that nothing was written: another member may take what one could not. */
  private async commit(writes: readonly LeasedWrite[]): Promise<readonly WriteResult[]> {
    const end = this.clock.now() + this.patience;
    for (let attempt = 1; ; attempt++) {
      const slow = this.clock.after(SLOW_WRITE, () => this.members.check());
      try {
        const response = await this.commitOrRenew(writes);
        this.shared.expect(Number(response.header.revision));
        return resultsOf(writes, response);
      } catch (error) {
        const failure = writeError(error, this.trouble());
        if (!(failure instanceof UnavailableError) || !this.mayRepeat(attempt, end)) throw failure;
        await sleep(this.clock, RETRY_DELAY * attempt);
      } finally {
        slow.cancel();
      }
    }
  }

  /** A lease that went away between being chosen and being used is replaced once; nothing was written with it. */
  private async commitOrRenew(writes: readonly LeasedWrite[]): Promise<ITxnResponse> {
    try {
      return await this.client.kv.txn(transactionOf(writes));
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
      for (const { ttlSeconds } of writes) if (ttlSeconds !== undefined) this.ttlLeases.forget(ttlSeconds);
      return this.client.kv.txn(transactionOf(await Promise.all(writes.map((write) => this.leased(write)))));
    }
  }

  private async leased(write: LeasedWrite): Promise<LeasedWrite> {
    if (write.ttlSeconds === undefined) return write;
    return { ...write, lease: await this.ttlLeases.leaseFor(write.ttlSeconds) };
  }

  private mayRepeat(attempt: number, end: number): boolean {
    return attempt < ATTEMPTS && this.clock.now() < end;
  }

  private soon(): { deadline: number } {
    return { deadline: Date.now() + Math.min(READ_TIMEOUT, this.patience) };
  }

  /** Reads are repeated a few times while etcd can't be reached: a member may be restarting, another may serve. */
  private async read<T>(call: () => Promise<T>, asked = 0, signal?: AbortSignal): Promise<T> {
    const end = this.clock.now() + this.patience;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await call();
      } catch (error) {
        if (!isMemberAway(error) || !this.mayRepeat(attempt, end)) throw readError(error, asked, this.trouble());
        await sleep(this.clock, RETRY_DELAY * attempt, signal);
      }
    }
  }
}

/** The first key that does not begin with `prefix`; a zero byte, which etcd takes for "no end", when there is none. */
function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0;
    if (byte === 0xff) continue;
    end[at] = byte + 1;
    return end.subarray(0, at + 1);
  }
  return Buffer.from([0]);
}
