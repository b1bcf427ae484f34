/**
 * Values sealed with AES-256-GCM. Each value has a key of its own, derived from the ring's key and a salt (HKDF-SHA256,
 * RFC 5869), so that no two values ever share a key and a nonce, however many are written before keys are rotated. The
 * store's key is authenticated with the value: moved to another place it can't be opened.
 *
 *     dure:sealed:v1:<key name>:  salt (32)  ciphertext  tag (16)
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface SealingKey {
  /** Without a colon. */
  readonly name: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

const MARK = 'dure:sealed:v1:';
const MAX_NAME_BYTES = 253;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const PURPOSE = 'dure sealed value v1';

/** The value can't be opened: its key is not known, or it is not what was sealed. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** The name of the key that a value was sealed with; undefined when it is not sealed. */
export function sealedWith(value: Buffer): string | undefined {
  if (value.length < MARK.length || value.toString('latin1', 0, MARK.length) !== MARK) return undefined;
  const end = value.indexOf(0x3a, MARK.length);
  const isName = end > MARK.length && end - MARK.length <= MAX_NAME_BYTES;
  return isName ? value.toString('utf8', MARK.length, end) : undefined;
}

export function seal(place: string, plain: Buffer, key: SealingKey): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const { secret, nonce } = derive(key, salt);
  const cipher = createCipheriv(CIPHER, secret, nonce).setAAD(Buffer.from(place));
  const head = Buffer.from(`${MARK}${key.name}:`);
  return Buffer.concat([head, salt, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws {@link SealError}. `value` must have been sealed with `key`, for `place`. */
export function unseal(place: string, value: Buffer, key: SealingKey): Buffer {
  const body = value.subarray(MARK.length + Buffer.byteLength(key.name) + 1);
  if (body.length < SALT_BYTES + TAG_BYTES) throw new SealError(`the value of ${place} is cut short`);
  const { secret, nonce } = derive(key, body.subarray(0, SALT_BYTES));
  const decipher = createDecipheriv(CIPHER, secret, nonce).setAAD(Buffer.from(place));
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(SALT_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new SealError(`the value of ${place} is not what was sealed with key ${key.name}`, { cause: error });
  }
}

function derive({ secret }: SealingKey, salt: Buffer): { secret: Buffer; nonce: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, PURPOSE, KEY_BYTES + NONCE_BYTES));
  return { secret: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
}
