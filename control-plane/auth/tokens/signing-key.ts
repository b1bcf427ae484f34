/** The key that signs the tokens of service accounts. All servers of a cluster hold the same one. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Component } from '../../../lib/component.ts';
import { readIfPresent, writePrivate } from '../../../lib/files.ts';

/** RS256 is the one algorithm that every relying party outside of the cluster knows. */
export const SIGNING_ALGORITHM = 'RS256';
const MODULUS_BITS = 2048;

export interface SigningKeys {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export class SigningKey implements Component {
  readonly name = 'signing key';
  private readonly file: string;
  private keys: SigningKeys | undefined;

  /** `file`: where the private key is kept, as PKCS #8 in PEM; made when missing. */
  constructor(options: { readonly file: string }) {
    this.file = options.file;
  }

  async start(): Promise<void> {
    this.keys = keysOf((await readIfPresent(this.file)) ?? (await this.make()));
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

/** The id is that of the public key's bytes: a key that is replaced can't be mistaken for the new one. */
function keysOf(pem: string): SigningKeys {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const bytes = publicKey.export({ format: 'der', type: 'spki' });
  return { id: createHash('sha256').update(bytes).digest('base64url'), privateKey, publicKey };
}
