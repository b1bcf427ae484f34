/** Which members of etcd are called: one that does not answer is passed over until it does; when none answers, all are tried. */
import type { IOptions } from 'etcd3';
import type { Clock, Timer } from '../../../lib/clock.ts';
import { isMemberAway } from './errors.ts';

export const PROBE_MILLISECONDS = 500;

export type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;
type Execute = (call: (context: { signal: AbortSignal }) => unknown) => Promise<unknown>;

export interface MembersOptions {
  readonly endpoints: readonly string[];
  /** Resolves when the member answers a linearizable read; bounded in time. */
  readonly probe: (endpoint: string) => Promise<unknown>;
  readonly clock: Clock;
}

/** The client skips this member and takes the next one; never seen by who made the call. */
class PassedOverError extends Error {
  override readonly name = 'PassedOverError';
}

/**
 *     called ──a call or a check failed──► passed over ──a probe was answered──► called
 */
export class Members {
  private readonly options: MembersOptions;
  private readonly away = new Set<string>();
  private readonly checking = new Set<string>();
  private readonly timers = new Map<string, Timer>();
  private closed = false;

  constructor(options: MembersOptions) {
    this.options = options;
  }

  /** What the client does with a call to this member: once, letting the error through. */
  policyOf(endpoint: string): Policy {
    const execute: Execute = async (call) => {
      if (this.isPassedOver(endpoint)) throw new PassedOverError(`${endpoint} does not answer`);
      try {
        return await call({ signal: new AbortController().signal });
      } catch (error) {
        if (isMemberAway(error)) this.passOver(endpoint);
        throw error;
      }
    };
    return { execute } as unknown as Policy;
  }

  /** Something takes too long, and it is not known where: asks every member that is called. */
  check(): void {
    for (const endpoint of this.options.endpoints) {
      if (!this.away.has(endpoint)) void this.probe(endpoint);
    }
  }

  isPassedOver(endpoint: string): boolean {
    return this.away.has(endpoint) && this.away.size < this.options.endpoints.length;
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  /** There is no choice with a single one. */
  private passOver(endpoint: string): void {
    if (this.closed || this.away.has(endpoint) || this.options.endpoints.length === 1) return;
    this.away.add(endpoint);
    this.probeLater(endpoint);
  }

  private probeLater(endpoint: string): void {
    const timer = this.options.clock.after(PROBE_MILLISECONDS, () => void this.probe(endpoint));
    this.timers.set(endpoint, timer);
  }

  private async probe(endpoint: string): Promise<void> {
    if (this.checking.has(endpoint)) return this.again(endpoint);
    this.checking.add(endpoint);
    try {
      await this.options.probe(endpoint);
      this.away.delete(endpoint);
    } catch {
      // Whatever the reason is, a member that can't answer a read is not to be called.
      this.passOver(endpoint);
      this.again(endpoint);
    } finally {
      this.checking.delete(endpoint);
    }
  }

  private again(endpoint: string): void {
    this.timers.get(endpoint)?.cancel();
    if (!this.closed && this.away.has(endpoint)) this.probeLater(endpoint);
  }
}
