/** Users by the token in the Authorization header, whichever kind it is of. */
import { unauthorized } from '../../../api/errors.ts';
import { header, type HttpRequest } from '../../http/exchange.ts';
import type { Authenticator } from '../authenticator.ts';
import type { User } from '../../user.ts';
import { TokenError, type TokenVerifier, type Verified } from './port.ts';

const BEARER = /^Bearer +(\S+)$/i;
/** By which a WebSocket client that can set no headers sends its token, base64url encoded. */
const PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

export interface BearerTokensOptions {
  /** The first that recognises a token decides; what one refuses the next may still know. */
  readonly verifiers: readonly TokenVerifier[];
  /** Those of this API. */
  readonly audiences: readonly string[];
}

export class BearerTokens implements Authenticator {
  private readonly options: BearerTokensOptions;

  constructor(options: BearerTokensOptions) {
    this.options = options;
  }

  get audiences(): readonly string[] {
    return this.options.audiences;
  }

  async authenticate(request: HttpRequest): Promise<User | undefined> {
    const value = header(request, 'authorization');
    const token = value === '' ? protocolToken(request) : (BEARER.exec(value)?.[1] ?? '');
    if (token === undefined) return undefined;
    try {
      return (await this.verify(token, this.options.audiences)).user;
    } catch (error) {
      if (error instanceof TokenError) throw unauthorized();
      throw error;
    }
  }

  /** Rejects with {@link TokenError} when nobody knows it. */
  async verify(token: string, audiences: readonly string[]): Promise<Verified> {
    const refusals: string[] = [];
    for (const verifier of this.options.verifiers) {
      try {
        const verified = await verifier.verify(token, audiences);
        if (verified) return verified;
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        refusals.push(error.message);
      }
    }
    const invalid = 'invalid bearer token';
    const others = refusals.filter((refusal) => refusal !== invalid);
    throw new TokenError(others.length > 0 ? `[${[invalid, ...others].join(', ')}]` : invalid);
  }
}

function protocolToken(request: HttpRequest): string | undefined {
  const protocols = header(request, 'sec-websocket-protocol').split(',');
  const encoded = protocols.map((each) => each.trim()).find((each) => each.startsWith(PROTOCOL));
  return encoded === undefined ? undefined : Buffer.from(encoded.slice(PROTOCOL.length), 'base64url').toString();
}
