/** /livez, /readyz and /healthz: which checks there are, and which one fails. */
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { byDeadline } from '../../lib/deadline.ts';

export interface HealthCheck {
  readonly name: string;
  /** Also asked whether the process lives, not only whether it is ready: a failure means that a restart would help. */
  readonly liveness: boolean;
  /** Rejects with the reason. */
  check(): Promise<void> | void;
}

export interface HealthAnswer {
  readonly code: 200 | 500 | 404;
  readonly text: string;
}

export class Health {
  private readonly checks: readonly HealthCheck[];
  private readonly clock: Clock;
  private readonly log: Log;
  private isStopping = false;

  constructor(options: { readonly checks: readonly HealthCheck[]; readonly clock: Clock; readonly log: Log }) {
    const ping: HealthCheck = { name: 'ping', liveness: true, check() {} };
    const shutdown: HealthCheck = { name: 'shutdown', liveness: false, check: () => this.checkStopping() };
    this.checks = [ping, ...options.checks, shutdown];
    this.clock = options.clock;
    this.log = options.log;
  }

  /** From now on the server is not ready: others should take over what comes. */
  stopping(): void {
    this.isStopping = true;
  }

  /** `segments` is the path: the endpoint, and perhaps the one check that is meant, whose name may have slashes. */
  async answer(segments: readonly string[], query: URLSearchParams): Promise<HealthAnswer> {
    const [endpoint = '', ...names] = segments;
    const only = names.length > 0 ? names.join('/') : undefined;
    const excluded = new Set(query.getAll('exclude'));
    const wanted = this.checks.filter(
      ({ name, liveness }) =>
        (liveness || endpoint !== 'livez') && (only === undefined || only === name) && !excluded.has(name),
    );
    if (only !== undefined && wanted.length === 0) return { code: 404, text: 'no such check\n' };
    const results = await Promise.all(
      wanted.map(async (check) => ({ name: check.name, ok: await this.passes(check) })),
    );
    const lines = results.map(({ name, ok }) => (ok ? `[+]${name} ok\n` : `[-]${name} failed: reason withheld\n`));
    if (results.some(({ ok }) => !ok)) return { code: 500, text: `${lines.join('')}${endpoint} check failed\n` };
    return { code: 200, text: query.has('verbose') ? `${lines.join('')}${endpoint} check passed\n` : 'ok' };
  }

  /** The reason goes to the log: anybody may ask for health, and reasons tell about the inside. */
  private async passes(check: HealthCheck): Promise<boolean> {
    try {
      await byDeadline(check.check(), this.clock);
      return true;
    } catch (error) {
      this.log.warn({ err: error, check: check.name }, 'a health check failed');
      return false;
    }
  }

  private checkStopping(): void {
    if (this.isStopping) throw new Error('the server is stopping');
  }
}
