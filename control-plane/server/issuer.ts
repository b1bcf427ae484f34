/** What relying parties outside of the API read to check the tokens of service accounts: OpenID Connect discovery. */
import { StatusError } from '../../api/errors.ts';
import type { ServiceAccountTokens } from '../auth/tokens/service-accounts.ts';
import type { Handler } from '../http/exchange.ts';
import { writeBytes } from '../http/respond.ts';

const MAX_AGE_SECONDS = 3600;
const KEYS_PATH = '/openid/v1/jwks';

export interface IssuerOptions {
  readonly tokens: Pick<ServiceAccountTokens, 'issuer' | 'publicJwks' | 'algorithms'>;
  /** Where clients reach the server, such as 10.0.0.1:6443. */
  readonly address: () => string;
}

/** By the first segment of their paths. */
export function issuerEndpoints({ tokens, address }: IssuerOptions): Record<string, Handler> {
  const configuration = (): object => ({
    issuer: tokens.issuer,
    jwks_uri: `https://${address()}${KEYS_PATH}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: tokens.algorithms,
  });
  return {
    '.well-known': document('/.well-known/openid-configuration', 'application/json', configuration),
    openid: document(KEYS_PATH, 'application/jwk-set+json', async () => ({ keys: await tokens.publicJwks() })),
  };
}

function document(path: string, contentType: string, make: () => object | Promise<object>): Handler {
  return async (exchange) => {
    if (exchange.info.path !== path) {
      const message = 'the server could not find the requested resource';
      throw new StatusError({ code: 404, reason: 'NotFound', message, details: {} });
    }
    exchange.response.setHeader('cache-control', `public, max-age=${MAX_AGE_SECONDS}`);
    await writeBytes(exchange, 200, Buffer.from(JSON.stringify(await make())), contentType);
  };
}
