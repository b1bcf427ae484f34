/** A new server asks to join those that are there, until one lets it in. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { backoffDelay } from '../../lib/backoff.ts';
import { fingerprint } from '../../lib/certificates.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import { FlagError } from '../../lib/flags.ts';
import { JoinRefusedError, type ServerJoinAnswer, joinServers, parseJoinToken } from '../../lib/join.ts';
import type { Log } from '../../lib/log.ts';
import type { ServerFlags } from '../flags.ts';
import { SHARED_FILES, sharedSettings } from './server-joins.ts';

const BACKOFF = { initial: 200, max: 2_000, factor: 2 };
/** The servers to join may be starting themselves, and they let in one at a time. */
const PATIENCE_MILLISECONDS = 5 * 60 * 1000;

export interface JoinServersOptions {
  flags: ServerFlags;
  name: string;
  /** Absent when etcd is run by others. */
  peerUrl?: string;
  clock: Clock;
  log: Log;
}

/** Resolves when this server is let in and what servers share is in its data directory. */
export async function joinExisting(options: JoinServersOptions): Promise<ServerJoinAnswer> {
  const { flags, clock, log } = options;
  const deadline = clock.now() + PATIENCE_MILLISECONDS;
  for (let attempt = 0; ; attempt++) {
    const server = flags.join[attempt % flags.join.length] ?? '';
    try {
      const answer = await ask(server, options);
      await keepFiles(flags.dataDir, answer.files);
      log.info({ server, members: answer.members.map(({ name }) => name) }, 'joined the servers');
      return answer;
    } catch (error) {
      if (error instanceof FlagError || clock.now() > deadline) throw error;
      log.warn({ server, reason: (error as Error).message }, 'could not join yet; trying again');
      await sleep(clock, backoffDelay(BACKOFF, attempt));
    }
  }
}

/** Throws a {@link FlagError} when the data are of another cluster than the one to join. */
export async function checkCluster(flags: ServerFlags): Promise<void> {
  const authority = await readIfPresent(join(flags.dataDir, 'pki', 'ca.crt'));
  if (authority === undefined || flags.join.length === 0) return;
  const text = flags.token ?? (flags.tokenFile === undefined ? undefined : await readIfPresent(flags.tokenFile));
  const token = parseJoinToken(text?.trim() ?? '');
  if (!token || token.authorityHash === fingerprint(authority)) return;
  throw new FlagError(`--join: ${flags.dataDir} holds the data of another cluster; remove them to join this one`);
}

async function ask(server: string, { flags, name, peerUrl }: JoinServersOptions): Promise<ServerJoinAnswer> {
  const token = (await tokenOf(flags)).trim();
  const message = { token, name, settings: sharedSettings(flags), ...(peerUrl === undefined ? {} : { peerUrl }) };
  try {
    return await joinServers({ server, ...message });
  } catch (error) {
    throw hopeless(error) ?? error;
  }
}

/** What no patience helps with. */
function hopeless(error: unknown): FlagError | undefined {
  if (!(error instanceof JoinRefusedError)) return undefined;
  if (error.code === 400) return new FlagError(error.reason);
  return error.code === 401 ? new FlagError('--token: the servers do not take it for one of theirs') : undefined;
}

async function tokenOf({ token, tokenFile }: ServerFlags): Promise<string> {
  if (token !== undefined) return token;
  if (tokenFile === undefined) throw new FlagError('--join: needs --token or --token-file');
  return readFile(tokenFile, 'utf8');
}

async function keepFiles(dataDir: string, files: ServerJoinAnswer['files']): Promise<void> {
  for (const file of SHARED_FILES) {
    const text = files[file];
    if (text === undefined) continue;
    const path = join(dataDir, file);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writePrivate(path, text);
  }
}
