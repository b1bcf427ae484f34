/** The keys of an outside issuer: found by discovery when they are first needed, and looked for again when they change. */
import type { Clock } from '../../../lib/clock.ts';
import {
  createLocalJWKSet,
  errors,
  type CryptoKey,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from '../../../lib/jose.ts';
import type { Log } from '../../../lib/log.ts';

/** Keys are fetched again after so long, whether anybody misses one or not. */
const MAX_AGE_MILLISECONDS = 10 * 60 * 1000;
/** And never more often than this, whatever keys tokens name. */
const COOL_DOWN_MILLISECONDS = 10_000;
const DISCOVERY = '.well-known/openid-configuration';

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Rejects with an Error when the document can't be had. */
  readonly fetch: (url: URL) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

type Resolver = ReturnType<typeof createLocalJWKSet>;

export class IssuerKeys {
  private readonly options: IssuerKeysOptions;
  private resolver: Resolver | undefined;
  private fetchedAt = -Infinity;
  private triedAt = -Infinity;
  private fetching: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.options = options;
  }

  /** The key that a token says it is signed with. Rejects with an Error when the issuer has no such key. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const { clock } = this.options;
    if (!this.resolver) await this.refresh();
    // Those that are merely old still hold; nobody waits for new ones.
    else if (clock.now() - this.fetchedAt > MAX_AGE_MILLISECONDS) void this.refresh();
    try {
      return await this.known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.refresh();
      return this.known(header, token);
    }
  }

  private async known(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (!this.resolver) throw new Error('the keys of the issuer are not known yet');
    return this.resolver(header, token);
  }

  /** One at a time, and not too often. A failure is logged: the keys that are known go on. */
  private async refresh(): Promise<void> {
    const { clock, log, issuer } = this.options;
    if (this.fetching) return this.fetching;
    if (clock.now() - this.triedAt < COOL_DOWN_MILLISECONDS) return;
    this.triedAt = clock.now();
    this.fetching = this.load()
      .catch((error: unknown) => log.warn({ err: error, issuer }, 'the keys of the issuer could not be fetched'))
      .finally(() => (this.fetching = undefined));
    await this.fetching;
  }

  private async load(): Promise<void> {
    const { issuer, fetch, clock } = this.options;
    const found = await fetch(new URL(DISCOVERY, issuer.endsWith('/') ? issuer : `${issuer}/`));
    const { issuer: name, jwks_uri: place } = found as { issuer?: unknown; jwks_uri?: unknown };
    if (name !== issuer) throw new Error(`the issuer calls itself ${JSON.stringify(name)}`);
    if (typeof place !== 'string' || !place.startsWith('https://')) throw new Error('jwks_uri must be an https URL');
    this.resolver = createLocalJWKSet((await fetch(new URL(place))) as JSONWebKeySet);
    this.fetchedAt = clock.now();
  }
}
