/** Tokens of an outside issuer (OpenID Connect): its claims say who the user is. */
import type { Clock } from '../../../lib/clock.ts';
import { jwtVerify, type JWTPayload } from '../../../lib/jose.ts';
import { TokenError, type TokenVerifier, type Verified } from '../tokens/port.ts';
import { issuerOf } from '../tokens/service-accounts.ts';
import { forThisApi } from '../tokens/static.ts';
import type { IssuerKeys } from './issuer.ts';

export interface OidcSettings {
  /** An https URL. */
  readonly issuer: string;
  /** For whom its tokens must be. */
  readonly clientId: string;
  readonly usernameClaim: string;
  /** In front of every user's name, so that none is taken for another's. */
  readonly usernamePrefix: string;
  /** undefined: its users are in no groups. */
  readonly groupsClaim: string | undefined;
  readonly groupsPrefix: string;
  /** Claims that a token must have, with their values. */
  readonly requiredClaims: ReadonlyMap<string, string>;
  readonly signingAlgorithms: readonly string[];
}

export interface OidcTokensOptions {
  readonly settings: OidcSettings;
  readonly keys: Pick<IssuerKeys, 'find'>;
  /** Those of this API. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

export class OidcTokens implements TokenVerifier {
  private readonly options: OidcTokensOptions;

  constructor(options: OidcTokensOptions) {
    this.options = options;
  }

  async verify(token: string, audiences: readonly string[]): Promise<Verified | undefined> {
    const { settings, audiences: own } = this.options;
    if (issuerOf(token) !== settings.issuer) return undefined;
    const claims = await this.claimsOf(token);
    for (const [claim, value] of settings.requiredClaims) {
      if (!Object.hasOwn(claims, claim)) throw new TokenError(`oidc: required claim ${claim} not present in ID token`);
      if (claims[claim] !== value) throw new TokenError(`oidc: required claim ${claim} value does not match`);
    }
    const user = { name: nameOf(claims, settings), groups: groupsOf(claims, settings) };
    return { user, audiences: forThisApi(own, audiences) };
  }

  private async claimsOf(token: string): Promise<JWTPayload> {
    const { settings, keys, clock } = this.options;
    try {
      const { payload } = await jwtVerify(token, (header, input) => keys.find(header, input), {
        issuer: settings.issuer,
        audience: settings.clientId,
        algorithms: [...settings.signingAlgorithms],
        requiredClaims: ['exp'],
        currentDate: clock.date(),
      });
      return payload;
    } catch (error) {
      throw new TokenError(`oidc: verify token: ${(error as Error).message}`, { cause: error });
    }
  }
}

function nameOf(claims: JWTPayload, { usernameClaim, usernamePrefix }: OidcSettings): string {
  const name = Object.hasOwn(claims, usernameClaim) ? claims[usernameClaim] : undefined;
  if (typeof name !== 'string' || name === '') {
    throw new TokenError(`oidc: parse username claims "${usernameClaim}": claim not present`);
  }
  // An address that anybody can claim is nobody's.
  const isUnproven = Object.hasOwn(claims, 'email_verified') && claims['email_verified'] !== true;
  if (usernameClaim === 'email' && isUnproven) throw new TokenError('oidc: email not verified');
  return usernamePrefix + name;
}

/** One group may be a text instead of a list. */
function groupsOf(claims: JWTPayload, { groupsClaim, groupsPrefix }: OidcSettings): string[] {
  if (groupsClaim === undefined || !Object.hasOwn(claims, groupsClaim)) return [];
  const groups: unknown[] = [claims[groupsClaim]].flat();
  if (!groups.every((group) => typeof group === 'string')) {
    throw new TokenError(`oidc: parse groups claim "${groupsClaim}": neither a string nor a list of strings`);
  }
  return groups.map((group) => groupsPrefix + group);
}
