/** Who else is known, as the flags say: the users of a file, and those of an outside issuer. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import { FlagError } from '../../lib/flags.ts';
import type { Log } from '../../lib/log.ts';
import type { ServerFlags } from '../flags.ts';
import { fetchJson } from './oidc/fetch.ts';
import { IssuerKeys } from './oidc/issuer.ts';
import { type OidcSettings, OidcTokens } from './oidc/tokens.ts';
import type { TokensOptions } from './tokens/all.ts';
import { parseTokenFile } from './tokens/token-file.ts';

const DEFAULT_ALGORITHMS = ['RS256'];
/** Those with a public key: with a shared secret, who can check a token could make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];

/** Throws {@link FlagError}. */
export async function identitiesOf(
  flags: ServerFlags,
  clock: Clock,
  log: Log,
): Promise<Pick<TokensOptions, 'users' | 'others'>> {
  const users = await usersOf(flags.tokenAuthFile);
  const settings = oidcSettings(flags);
  if (!settings) return { users };
  const ca = flags.oidcCaFile === undefined ? undefined : await readNamed('--oidc-ca-file', flags.oidcCaFile);
  const keys = new IssuerKeys({ issuer: settings.issuer, fetch: (url) => fetchJson(url, ca), clock, log });
  return { users, others: (audiences) => [new OidcTokens({ settings, keys, audiences, clock })] };
}

async function usersOf(file: string | undefined): Promise<TokensOptions['users']> {
  if (file === undefined) return new Map();
  const text = await readNamed('--token-auth-file', file);
  try {
    return parseTokenFile(text);
  } catch (error) {
    throw new FlagError(`--token-auth-file: ${(error as Error).message}`);
  }
}

async function readNamed(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new FlagError(`${flag}: ${(error as Error).message}`);
  }
}

/** undefined when no issuer is named. Throws {@link FlagError}. */
export function oidcSettings(flags: ServerFlags): OidcSettings | undefined {
  const { oidcIssuerUrl: issuer, oidcClientId: clientId, oidcUsernameClaim: usernameClaim } = flags;
  if (issuer === undefined && clientId === undefined) return undefined;
  if (issuer === undefined || clientId === undefined) {
    throw new FlagError('--oidc-issuer-url and --oidc-client-id must be given together');
  }
  checkIssuer(issuer);
  // With any name but an address, which is the same everywhere, the issuer says whose name it is.
  const prefix = flags.oidcUsernamePrefix ?? (usernameClaim === 'email' ? '' : `${issuer}#`);
  const algorithms = flags.oidcSigningAlgs.length > 0 ? flags.oidcSigningAlgs : DEFAULT_ALGORITHMS;
  const strange = algorithms.find((algorithm) => !ALGORITHMS.includes(algorithm));
  if (strange !== undefined)
    throw new FlagError(`--oidc-signing-algs "${strange}": must be of ${ALGORITHMS.join(', ')}`);
  return {
    issuer,
    clientId,
    usernameClaim,
    usernamePrefix: prefix === '-' ? '' : prefix,
    groupsClaim: flags.oidcGroupsClaim,
    groupsPrefix: flags.oidcGroupsPrefix ?? '',
    requiredClaims: new Map(flags.oidcRequiredClaim.map(claimOf)),
    signingAlgorithms: algorithms,
  };
}

function checkIssuer(issuer: string): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isSound = url?.protocol === 'https:' && url.search === '' && url.hash === '' && url.username === '';
  if (!isSound) throw new FlagError(`--oidc-issuer-url "${issuer}": must be an https URL without query and fragment`);
}

function claimOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new FlagError(`--oidc-required-claim "${text}": must be of the form claim=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
