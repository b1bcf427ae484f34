/**
 * Tokens of service accounts: made here, and known again here. Who holds one is asked for nothing but what the caches
 * know: that the account, and what the token was bound to, are still there and still the same.
 */
import { createHash } from 'node:crypto';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import type { Node, Pod, Secret, ServiceAccount } from '../../../api/types/core.v1.ts';
import type { Clock } from '../../../lib/clock.ts';
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  jwtVerify,
  SignJWT,
  type JWK,
  type JWTPayload,
} from '../../../lib/jose.ts';
import type { View } from '../../../lib/view.ts';
import { accountGroups, accountUser } from '../../user.ts';
import { boundClaims, readClaims, userOf, type AccountClaims, type Binding, type Reference } from './claims.ts';
import { TokenError, type TokenVerifier, type Verified } from './port.ts';
import { type PublicKey, SIGNING_ALGORITHM, type SigningKeys } from './signing-key.ts';

/** How far the clocks of those who sign and those who check may be apart. */
const LEEWAY_SECONDS = 60;
/** No token of ours is longer; what is, need not be looked at. */
const MAX_TOKEN_BYTES = 16 * 1024;
/** Tokens whose signature need not be checked again. */
const MAX_KNOWN = 10_000;
const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const LEGACY = 'kubernetes.io/serviceaccount/';

export interface ServiceAccountTokensOptions {
  /** Such as https://kubernetes.default.svc.cluster.local. */
  readonly issuer: string;
  readonly key: { readonly loaded: SigningKeys };
  readonly accounts: View<ServiceAccount>;
  readonly pods: View<Pod>;
  readonly secrets: View<Secret>;
  readonly nodes: View<Node>;
  /** Resolves once the views hold all that was stored when it was called. */
  readonly whenFresh: () => Promise<void>;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface Issue {
  readonly account: ServiceAccount;
  readonly binding: Binding;
  readonly audiences: readonly string[];
  readonly seconds: number;
  /** The token says that it should have been replaced after so many seconds. */
  readonly warnSeconds?: number;
}

export class ServiceAccountTokens implements TokenVerifier {
  private readonly options: ServiceAccountTokensOptions;
  /** By hash of the token; the oldest goes first. */
  private readonly known = new Map<string, JWTPayload>();

  constructor(options: ServiceAccountTokensOptions) {
    this.options = options;
  }

  get issuer(): string {
    return this.options.issuer;
  }

  /** Whom tokens are for that are made for nobody else: this API. */
  get audiences(): readonly string[] {
    return [this.options.issuer];
  }

  /** The public keys, as relying parties look for them: first the one that new tokens are signed with. */
  publicJwks(): Promise<JWK[]> {
    return Promise.all(
      this.publicKeys().map(async ({ id, algorithm, publicKey }) => {
        return { use: 'sig', alg: algorithm, kid: id, ...(await exportJWK(publicKey)) };
      }),
    );
  }

  /** How tokens may be signed. */
  get algorithms(): readonly string[] {
    return [...new Set(this.publicKeys().map(({ algorithm }) => algorithm))];
  }

  private publicKeys(): readonly PublicKey[] {
    const { loaded } = this.options.key;
    return [loaded, ...loaded.others];
  }

  async issue({ account, binding, audiences, seconds, warnSeconds }: Issue): Promise<string> {
    const now = this.seconds();
    const warnAfter = warnSeconds === undefined ? undefined : now + warnSeconds;
    const { namespace = '', name = '' } = account.metadata;
    return this.sign({
      aud: [...audiences],
      exp: now + seconds,
      iat: now,
      iss: this.options.issuer,
      jti: this.options.newId(),
      'kubernetes.io': boundClaims(account, binding, warnAfter),
      nbf: now,
      sub: accountUser(namespace, name),
    });
  }

  /** The token of a secret: it never ends, but goes with its secret and its account. */
  issueLegacy(account: ServiceAccount, secretName: string): Promise<string> {
    const { namespace = '', name = '', uid = '' } = account.metadata;
    return this.sign({
      iss: LEGACY_ISSUER,
      [`${LEGACY}namespace`]: namespace,
      [`${LEGACY}secret.name`]: secretName,
      [`${LEGACY}service-account.name`]: name,
      [`${LEGACY}service-account.uid`]: uid,
      sub: accountUser(namespace, name),
    });
  }

  async verify(token: string, audiences: readonly string[]): Promise<Verified | undefined> {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.known.get(hash);
    const issuer = known ? known.iss : issuerOf(token);
    if (issuer !== this.options.issuer && issuer !== LEGACY_ISSUER) return undefined;
    const payload = known ?? (await this.signed(token, hash));
    if (issuer === LEGACY_ISSUER) return this.verifyLegacy(payload, token, audiences);
    this.checkTime(payload);
    const claims = readClaims(payload);
    if (!claims) throw new TokenError('service account token claims could not be validated');
    const meant = audiences.filter((audience) => [payload.aud].flat().includes(audience));
    if (meant.length === 0) throw audienceError(payload, audiences);
    await this.stillThere(() => this.checkObjects(claims));
    return { user: userOf(claims), audiences: meant };
  }

  private sign(payload: JWTPayload): Promise<string> {
    const { id, privateKey } = this.options.key.loaded;
    return new SignJWT(payload).setProtectedHeader({ alg: SIGNING_ALGORITHM, kid: id }).sign(privateKey);
  }

  /** What the token says, once it is certain that one of the servers has signed it. */
  private async signed(token: string, hash: string): Promise<JWTPayload> {
    const currentDate = this.options.clock.date();
    const { algorithm, publicKey } = this.keyOf(token);
    const options = { algorithms: [algorithm], currentDate, clockTolerance: LEEWAY_SECONDS };
    const { payload } = await jwtVerify(token, publicKey, options).catch((error: unknown) => {
      throw new TokenError((error as { code?: string }).code === 'ERR_JWT_EXPIRED' ? EXPIRED : 'invalid bearer token');
    });
    if (this.known.size >= MAX_KNOWN) this.known.delete(this.known.keys().next().value ?? '');
    this.known.set(hash, payload);
    return payload;
  }

  /** The key that the token names. All tokens of ours, and of Kubernetes, name one. */
  private keyOf(token: string): PublicKey {
    const kid = keyIdOf(token);
    const key = this.publicKeys().find(({ id }) => id === kid);
    if (!key) throw new TokenError('invalid bearer token');
    return key;
  }

  private checkTime({ exp = 0, nbf = 0 }: JWTPayload): void {
    const now = this.seconds();
    if (exp + LEEWAY_SECONDS <= now) throw new TokenError(EXPIRED);
    if (nbf - LEEWAY_SECONDS > now) throw new TokenError('service account token is not valid yet');
  }

  /** News of what was made a moment ago, by way of another server, may not have come here yet. */
  private async stillThere(check: () => void): Promise<void> {
    try {
      check();
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      await this.options.whenFresh();
      check();
    }
  }

  private checkObjects({ 'kubernetes.io': bound }: AccountClaims): void {
    const { accounts, pods, secrets, nodes } = this.options;
    const { namespace, serviceaccount, pod, secret, node } = bound;
    this.checkObject('service account', accounts.get(objectKey(namespace, serviceaccount.name)), serviceaccount);
    if (pod) this.checkObject('pod', pods.get(objectKey(namespace, pod.name)), pod);
    if (secret) this.checkObject('secret', secrets.get(objectKey(namespace, secret.name)), secret);
    // The node of a pod is told along; only a token for the node itself ends with it.
    if (node && !pod) this.checkObject('node', nodes.get(node.name), node);
  }

  private checkObject(what: string, object: KubeObject | undefined, { name, uid }: Reference): void {
    if (!object) throw new TokenError(`service account token has been invalidated: ${what} "${name}" not found`);
    if (object.metadata.uid !== uid) {
      throw new TokenError(`${what} UID (${object.metadata.uid}) does not match claim (${uid})`);
    }
    const { deletionTimestamp } = object.metadata;
    const latest = this.options.clock.date().getTime() - LEEWAY_SECONDS * 1000;
    if (deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < latest) {
      throw new TokenError(`service account token has been invalidated: ${what} "${name}" has been deleted`);
    }
  }

  private async verifyLegacy(payload: JWTPayload, token: string, audiences: readonly string[]): Promise<Verified> {
    const text = (claim: string): string => {
      const value = payload[LEGACY + claim];
      return typeof value === 'string' ? value : '';
    };
    const [namespace, name, uid] = [text('namespace'), text('service-account.name'), text('service-account.uid')];
    const secretName = text('secret.name');
    const meant = audiences.filter((audience) => this.audiences.includes(audience));
    if (meant.length === 0) throw audienceError({ aud: [...this.audiences] }, audiences);
    await this.stillThere(() => {
      const { accounts, secrets } = this.options;
      this.checkObject('service account', accounts.get(objectKey(namespace, name)), { name, uid });
      const secret = secrets.get(objectKey(namespace, secretName));
      if (secret?.data?.['token'] !== Buffer.from(token).toString('base64')) {
        throw new TokenError('service account token has been invalidated');
      }
      this.checkObject('secret', secret, { name: secretName, uid: secret.metadata.uid ?? '' });
    });
    const extra = {};
    return {
      user: { name: accountUser(namespace, name), uid, groups: accountGroups(namespace), extra },
      audiences: meant,
    };
  }

  private seconds(): number {
    return Math.floor(this.options.clock.date().getTime() / 1000);
  }
}

const EXPIRED = 'service account token has expired';

function audienceError({ aud }: JWTPayload, wanted: readonly string[]): TokenError {
  return new TokenError(
    `token audiences [${[aud].flat().join(' ')}] is invalid for the target audiences [${wanted.join(' ')}]`,
  );
}

function keyIdOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid;
  } catch (error) {
    throw new TokenError('invalid bearer token', { cause: error });
  }
}

/** Who claims to have signed it; undefined for what is no JSON Web Token. */
export function issuerOf(token: string): string | undefined {
  if (token.length > MAX_TOKEN_BYTES || token.split('.', 4).length !== 3) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    // It is a token of another kind.
    return undefined;
  }
}
