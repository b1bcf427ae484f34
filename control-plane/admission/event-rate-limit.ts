/**
 * Limits how fast events are written, as EventRateLimit does in Kubernetes: for all of them, by namespace, by user, or by
 * source and object. Each limit is a bucket of `burst` that fills by `qps`.
 */
import { tooManyRequests } from '../../api/errors.ts';
import type { Event } from '../../api/types/core.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

export const LIMIT_TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;

export interface EventLimit {
  readonly type: (typeof LIMIT_TYPES)[number];
  /** Events a second, and at once after a pause. */
  readonly qps: number;
  readonly burst: number;
  /** Buckets that are remembered; the one that was used longest ago is forgotten first, and is full again. */
  readonly cacheSize: number;
}

export class EventRateLimit implements AdmissionPlugin {
  readonly name = 'EventRateLimit';
  private readonly buckets: readonly Buckets[];

  constructor({ limits, clock }: { readonly limits: readonly EventLimit[]; readonly clock: Clock }) {
    this.buckets = limits.map((limit) => new Buckets(limit, clock));
  }

  handles({ kind, operation, subresource, dryRun }: AdmissionRequest): boolean {
    if (kind.kind !== 'Event' || (kind.group !== '' && kind.group !== 'events.k8s.io')) return false;
    return (operation === 'CREATE' || operation === 'UPDATE') && subresource === undefined && !dryRun;
  }

  validate(request: AdmissionRequest): void {
    const refused = this.buckets.flatMap((buckets) => {
      const key = keyOf(buckets.limit, request);
      return buckets.take(key) ? [] : [`limit reached on type ${buckets.limit.type} for key ${key}`];
    });
    if (refused.length > 0) {
      throw tooManyRequests(refused.length === 1 ? refused[0]! : `[${refused.join(', ')}]`, 1);
    }
  }
}

class Buckets {
  readonly limit: EventLimit;
  private readonly clock: Clock;
  /** The one that was used last stands last. */
  private readonly byKey = new Map<string, { tokens: number; at: number }>();

  constructor(limit: EventLimit, clock: Clock) {
    this.limit = limit;
    this.clock = clock;
  }

  /** Whether there was one to take. */
  take(key: string): boolean {
    const { qps, burst, cacheSize } = this.limit;
    const now = this.clock.now();
    const known = this.byKey.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, known.tokens + ((now - known.at) / 1000) * qps);
    const isAllowed = tokens >= 1;
    this.byKey.delete(key);
    this.byKey.set(key, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
    const oldest = this.byKey.keys().next();
    if (this.byKey.size > cacheSize && !oldest.done) this.byKey.delete(oldest.value);
    return isAllowed;
  }
}

function keyOf({ type }: EventLimit, { namespace, user, object }: AdmissionRequest): string {
  switch (type) {
    case 'Server':
      return '';
    case 'Namespace':
      return namespace;
    case 'User':
      return user?.name ?? '';
    case 'SourceAndObject':
      return sourceAndObject(object as (KubeObject & Event) | undefined);
  }
}

function sourceAndObject(event: Event | undefined): string {
  const { component = '', host = '' } = event?.source ?? {};
  const { kind = '', namespace = '', name = '', uid = '', apiVersion = '' } = event?.involvedObject ?? {};
  return [component, host, kind, namespace, name, uid, apiVersion].join('');
}
