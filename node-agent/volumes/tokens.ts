/** The tokens in the volumes of this node's pods: fetched when they are first needed, and again before they end. */
import type { TokenRequest } from '../../api/types/authentication.v1.ts';
import type { Pod, ServiceAccountTokenProjection } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';

/** A token is replaced when this share of its life is over, or a day after it was made. */
const RENEW_SHARE = 0.8;
const RENEW_MILLISECONDS = 24 * 3600 * 1000;
const DEFAULT_SECONDS = 3600;
/** When another attempt is made for a token that could not be had; the old one still holds. */
const RETRY_MILLISECONDS = 30_000;

export interface TokenSource {
  /** Makes the token of a service account. Rejects with an Error whose message says why not. */
  issue(namespace: string, account: string, request: TokenRequest): Promise<TokenRequest>;
}

export interface PodToken {
  readonly token: string;
  /** When to ask for it again; milliseconds since 1970. */
  readonly renewAt: number;
}

interface Held extends PodToken {
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

export class PodTokens {
  private readonly source: TokenSource;
  private readonly clock: Clock;
  /** By uid of the pod, then by what is asked for. */
  private readonly held = new Map<string, Map<string, Held>>();

  constructor(options: { readonly source: TokenSource; readonly clock: Clock }) {
    this.source = options.source;
    this.clock = options.clock;
  }

  /**
   * The token that the projection asks for, the same one until it is time for another. When no server can be asked, one
   * that has not ended is good enough: `present`, which an agent before this one left, or the one held.
   */
  async get(pod: Pod, wanted: ServiceAccountTokenProjection, present: string | undefined): Promise<PodToken> {
    const uid = pod.metadata.uid ?? '';
    const key = `${wanted.expirationSeconds}/${wanted.audience ?? ''}`;
    const now = this.clock.date().getTime();
    const held = this.held.get(uid)?.get(key);
    if (held && now < held.renewAt) return held;
    try {
      const fresh = await this.fetch(pod, wanted);
      this.held.set(uid, (this.held.get(uid) ?? new Map<string, Held>()).set(key, fresh));
      return fresh;
    } catch (error) {
      const last = held && held.endsAt > now ? held.token : present;
      if (last === undefined || endOf(last) <= now) throw error;
      return { token: last, renewAt: now + RETRY_MILLISECONDS };
    }
  }

  forget(uid: string): void {
    this.held.delete(uid);
  }

  private async fetch({ metadata, spec }: Pod, wanted: ServiceAccountTokenProjection): Promise<Held> {
    const { namespace = '', name = '', uid = '' } = metadata;
    const { audience, expirationSeconds = DEFAULT_SECONDS } = wanted;
    const asked = this.clock.date().getTime();
    const { status } = await this.source.issue(namespace, spec.serviceAccountName ?? 'default', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
      status: { token: '', expirationTimestamp: '' },
    });
    const endsAt = Date.parse(status.expirationTimestamp);
    const renewAt = asked + Math.min((endsAt - asked) * RENEW_SHARE, RENEW_MILLISECONDS);
    return { token: status.token, endsAt, renewAt };
  }
}

/** When a token says that it ends, in milliseconds since 1970; 0 when it can't be read. */
function endOf(token: string): number {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : 0;
  } catch {
    // What can't be read is no token to go on with.
    return 0;
  }
}
