import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCluster, joinExisting } from '../../../control-plane/backend/join-servers.ts';
import { ServerJoins } from '../../../control-plane/backend/server-joins.ts';
import { type ServerFlags, serverProgram } from '../../../control-plane/flags.ts';
import { JoinTokens } from '../../../control-plane/server/join-tokens.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { createAuthority, fingerprint } from '../../../lib/certificates.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { FlagError, readFlags } from '../../../lib/flags.ts';
import { silentLog } from '../../../lib/log.ts';

const HASH = 'ab'.repeat(32);

describe('servers that join', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dure-joins-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  function flags(...args: string[]): ServerFlags {
    return readFlags(serverProgram, ['--data-dir', directory, ...args], {}) ?? assert.fail();
  }

  it('need a token of their own: with that of nodes nobody gets the authority', async () => {
    const clock = new FakeClock();
    const shared = { store: new MemoryStore({ clock }), clock, directory, authorityHash: () => HASH };
    const ofNodes = new JoinTokens({ ...shared, kind: 'node' });
    const ofServers = new JoinTokens({ ...shared, kind: 'server' });
    const nodeToken = await ofNodes.ensure();
    const serverToken = await ofServers.ensure();
    assert.equal(await ofNodes.isValid(nodeToken), true);
    assert.equal(await ofServers.isValid(serverToken), true);
    assert.equal(await ofServers.isValid(nodeToken), false);
    assert.equal(await ofNodes.isValid(serverToken), false);
    assert.equal((await readFile(join(directory, 'server-join-token'), 'utf8')).trim(), serverToken);
    assert.equal((await stat(join(directory, 'server-join-token'))).mode & 0o777, 0o600);
  });

  it('are given what all servers share', async () => {
    await mkdir(join(directory, 'pki'));
    await writeFile(join(directory, 'pki', 'ca.key'), 'the key');
    await writeFile(join(directory, 'pki', 'server.key'), 'of this server alone');
    const joins = new ServerJoins({ flags: flags(), etcd: undefined, isLive: () => false, clock: new FakeClock() });
    const { files, members } = await joins.admit({ token: '', name: 'server-2', settings: {} });
    assert.deepEqual(files, { 'pki/ca.key': 'the key' });
    assert.deepEqual(members, []);
  });

  it('have etcd members of their own only if the others do', async () => {
    const joins = new ServerJoins({ flags: flags(), etcd: undefined, isLive: () => false, clock: new FakeClock() });
    const message = { token: '', name: 'server-2', peerUrl: 'https://10.0.0.2:2380', settings: {} };
    await assert.rejects(joins.admit(message), { reason: 'Conflict' });
  });

  it('say what is missing', async () => {
    const options = { name: 'server-2', clock: new FakeClock(), log: silentLog };
    const noToken = joinExisting({ ...options, flags: flags('--join', 'https://127.0.0.1:1') });
    await assert.rejects(noToken, new FlagError('--join: needs --token or --token-file'));
  });

  it('do not begin with the data of another cluster', async () => {
    const now = Date.now();
    const validity = { notBefore: new Date(now), notAfter: new Date(now + 60_000) };
    const { certificate } = await createAuthority('test-ca', validity);
    await mkdir(join(directory, 'pki'));
    await writeFile(join(directory, 'pki', 'ca.crt'), certificate);
    const withHash = (hash: string): ServerFlags =>
      flags('--join', 'https://10.0.0.1:6445', '--token', `dure-abcdef.${'0'.repeat(32)}.${hash}`);
    await assert.rejects(checkCluster(withHash(HASH)), FlagError);
    await checkCluster(withHash(fingerprint(certificate)));
  });
});
