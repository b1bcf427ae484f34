/**
 * The key that signs the tokens of service accounts, and those by which they are known. All servers of a cluster sign with the
 * same one; while that changes, the tokens of the other are known too.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Component } from '../../../lib/component.ts';
import { readIfPresent, writePrivate } from '../../../lib/files.ts';

/** RS256 is the one algorithm that every relying party outside of the cluster knows. */
export const SIGNING_ALGORITHM = 'RS256';
/** Of elliptic curves, as OpenSSL names them (RFC 7518, 3.4). */
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----/g;
const MODULUS_BITS = 2048;

/** By which tokens are known. */
export interface PublicKey {
  readonly id: string;
  readonly algorithm: string;
  readonly publicKey: KeyObject;
}

export interface SigningKeys extends PublicKey {
  readonly privateKey: KeyObject;
  /** Of other keys that tokens may be signed with. */
  readonly others: readonly PublicKey[];
}

export interface SigningKeyOptions {
  /** Where the private key is kept, as PKCS #8 in PEM; made when missing. */
  readonly file: string;
  /** Files with further keys, public or private, in PEM. */
  readonly others?: readonly string[];
}

export class SigningKey implements Component {
  readonly name = 'signing key';
  private readonly file: string;
  private readonly others: readonly string[];
  private keys: SigningKeys | undefined;

  constructor({ file, others = [] }: SigningKeyOptions) {
    this.file = file;
    this.others = others;
  }

  /** Rejects with an Error that names the file which holds no key. */
  async start(): Promise<void> {
    const own = createPrivateKey((await readIfPresent(this.file)) ?? (await this.make()));
    const found = await Promise.all(this.others.map((file) => publicKeysIn(file)));
    const key = publicKeyOf(createPublicKey(own));
    this.keys = { ...key, privateKey: own, others: found.flat().filter(({ id }) => id !== key.id) };
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Throws before `start` has finished. */
  get loaded(): SigningKeys {
    if (!this.keys) throw new Error('the signing key is not loaded yet');
    return this.keys;
  }

  private async make(): Promise<string> {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
    await writePrivate(this.file, pem);
    return pem;
  }
}

async function publicKeysIn(file: string): Promise<PublicKey[]> {
  try {
    const blocks = (await readFile(file, 'utf8')).match(BLOCK) ?? [];
    if (blocks.length === 0) throw new Error('it holds no key in PEM');
    return blocks.map((pem) => publicKeyOf(createPublicKey(pem)));
  } catch (error) {
    throw new Error(`--service-account-key-file ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** The id is that of the key's bytes: one that is replaced can't be mistaken for the new one. */
function publicKeyOf(publicKey: KeyObject): PublicKey {
  const bytes = publicKey.export({ format: 'der', type: 'spki' });
  const id = createHash('sha256').update(bytes).digest('base64url');
  return { id, algorithm: algorithmOf(publicKey), publicKey };
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  const algorithm = type === 'rsa' ? SIGNING_ALGORITHM : CURVES[(type === 'ec' && details?.namedCurve) || ''];
  if (algorithm === undefined) throw new Error(`tokens can't be signed with a key of the type ${type}`);
  return algorithm;
}
