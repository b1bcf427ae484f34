/**
 * Join tokens: `dure-<id>.<secret>.<SHA-256 of the authority>`. The store holds a hash of the secret, so that every
 * server accepts the token and nobody can read it from a backup; the data directory holds the first token whole.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { parseJoinToken, type JoinToken } from '../../lib/join.ts';
import type { Store } from '../storage/port.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';

/** Who joins with a token: nodes, or further servers, which are given the authority itself. */
export type JoinTokenKind = 'node' | 'server';

const PLACES: Record<JoinTokenKind, { prefix: string; file: string }> = {
  node: { prefix: '/dure/join-tokens/', file: 'join-token' },
  server: { prefix: '/dure/server-join-tokens/', file: 'server-join-token' },
};

interface StoredToken {
  /** SHA-256 of the secret, in hex. */
  secret: string;
  /** RFC 3339; never when absent. */
  expires?: string;
}

export interface JoinTokensOptions {
  /** `node` when absent. */
  readonly kind?: JoinTokenKind;
  readonly store: Store;
  readonly clock: Clock;
  readonly directory: string;
  /** SHA-256 of the authority's certificate, in hex. */
  readonly authorityHash: () => string;
}

export class JoinTokens {
  private readonly options: JoinTokensOptions;

  constructor(options: JoinTokensOptions) {
    this.options = options;
  }

  /** The file that holds the token that was made first. */
  get file(): string {
    return path.join(this.options.directory, this.place.file);
  }

  /** Makes the first token, or makes sure that the store knows the one in the file. */
  async ensure(): Promise<string> {
    const present = (await readIfPresent(this.file))?.trim();
    const token = present ? parseJoinToken(present) : undefined;
    if (present && token?.authorityHash === this.options.authorityHash()) {
      await this.remember(token, undefined);
      return present;
    }
    const created = await this.create();
    await writePrivate(this.file, `${created}\n`);
    return created;
  }

  /** Makes and stores a token. It is valid for `seconds`, or until it is removed. */
  async create(seconds?: number): Promise<string> {
    const token: JoinToken = {
      id: randomBytes(3).toString('hex'),
      secret: randomBytes(20).toString('hex'),
      authorityHash: this.options.authorityHash(),
    };
    const expires = seconds === undefined ? undefined : new Date(this.options.clock.date().getTime() + seconds * 1000);
    await this.remember(token, expires);
    return `dure-${token.id}.${token.secret}.${token.authorityHash}`;
  }

  async isValid(text: string): Promise<boolean> {
    const token = parseJoinToken(text);
    if (!token || token.authorityHash !== this.options.authorityHash()) return false;
    const entry = await this.options.store.get(this.place.prefix + token.id);
    if (!entry) return false;
    const stored = JSON.parse(entry.value.toString()) as StoredToken;
    const expired = stored.expires !== undefined && new Date(stored.expires) <= this.options.clock.date();
    return !expired && timingSafeEqual(Buffer.from(stored.secret, 'hex'), hash(token.secret));
  }

  async remove(id: string): Promise<void> {
    const entry = await this.options.store.get(this.place.prefix + id);
    if (entry) await this.options.store.write({ key: entry.key, expected: entry.revision, value: null });
  }

  private get place(): { prefix: string; file: string } {
    return PLACES[this.options.kind ?? 'node'];
  }

  private async remember(token: JoinToken, expires: Date | undefined): Promise<void> {
    const stored: StoredToken = {
      secret: hash(token.secret).toString('hex'),
      ...(expires ? { expires: expires.toISOString() } : {}),
    };
    // Refused when the store has this token already, which is as good.
    await this.options.store.write({
      key: this.place.prefix + token.id,
      expected: 0,
      value: Buffer.from(JSON.stringify(stored)),
    });
  }
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
