import { backoffDelay } from '../../lib/backoff.ts';
import { sleep, type Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Campaign, Candidate, Election, Lease, Leases } from './coordination.ts';
import type { Store } from './port.ts';

const PREFIX = '/dure/elections/';
const DEFAULT_TTL = 5;
const BACKOFF = { initial: 100, max: 2_000, factor: 2 };

export interface LeaseElectionOptions {
  leases: Leases;
  store: Store;
  /** This process, as the others see it. */
  identity: string;
  clock: Clock;
  log: Log;
  /** Seconds after which the others may take over from a leader that died; 5 when absent. */
  ttlSeconds?: number;
}

/** The leader is who holds the election's key under a lease. The others wait for that key to be deleted. */
export class LeaseElection implements Election {
  private readonly options: LeaseElectionOptions;

  constructor(options: LeaseElectionOptions) {
    this.options = options;
  }

  campaign(name: string, candidate: Candidate): Campaign {
    const campaign = new LeaseCampaign(this.options, name, candidate);
    campaign.begin();
    return campaign;
  }

  async leader(name: string): Promise<string | undefined> {
    return (await this.options.store.get(PREFIX + name))?.value.toString();
  }
}

/**
 *     waiting ──► leading ──► waiting … until stopped
 */
class LeaseCampaign implements Campaign {
  private readonly options: LeaseElectionOptions;
  private readonly key: string;
  private readonly candidate: Candidate;
  private readonly log: Log;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private isLeading = false;

  constructor(options: LeaseElectionOptions, name: string, candidate: Candidate) {
    this.options = options;
    this.key = PREFIX + name;
    this.candidate = candidate;
    this.log = options.log.child({ election: name });
  }

  get leading(): boolean {
    return this.isLeading;
  }

  begin(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the campaign was stopped'));
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.round();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.log.warn({ err: error }, 'the election could not go on');
        // Only a stop interrupts the sleep, and the loop sees that.
        await sleep(this.options.clock, backoffDelay(BACKOFF, failures++), signal).catch(() => undefined);
      }
    }
  }

  /** Waits for the key to be free, or takes it and leads. */
  private async round(): Promise<void> {
    const holder = await this.options.store.get(this.key);
    if (holder) return this.untilDeleted(holder.revision, this.stopping.signal);
    const lease = await this.options.leases.grant(this.options.ttlSeconds ?? DEFAULT_TTL);
    try {
      if (await lease.put(this.key, this.options.identity, 0)) await this.lead(lease);
    } finally {
      this.isLeading = false;
      await lease.release();
    }
  }

  private async lead(lease: Lease): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([lease.lost, this.stopping.signal, over.signal]);
    const own = await this.options.store.get(this.key);
    if (signal.aborted || own?.value.toString() !== this.options.identity) return;
    const deleted = this.untilDeleted(own.revision, signal).then(() => over.abort(new Error('the key was deleted')));
    this.isLeading = true;
    signal.addEventListener('abort', () => (this.isLeading = false), { once: true });
    this.log.info({}, 'leading');
    try {
      await this.candidate.onLead(signal);
    } finally {
      over.abort(new Error('the work of the leader has ended'));
      await deleted;
      this.log.info({}, 'no longer leading');
    }
  }

  /** Resolves when the key is deleted after `revision`, when that can't be told any more, or when the signal says so. */
  private untilDeleted(revision: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        watch.close();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const watch = this.options.store.watch(this.key, revision, {
        onEvents: (events) => {
          if (events.some(({ type, key }) => type === 'delete' && key === this.key)) done();
        },
        onProgress: () => {},
        onEnd: done,
      });
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    });
  }
}
