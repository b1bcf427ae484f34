import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinExisting } from '../../../control-plane/backend/join-servers.ts';
import { ServerJoins } from '../../../control-plane/backend/server-joins.ts';
import { type ServerFlags, serverProgram } from '../../../control-plane/flags.ts';
import { Health } from '../../../control-plane/server/health.ts';
import { JoinTokens } from '../../../control-plane/server/join-tokens.ts';
import { Pki } from '../../../control-plane/server/pki.ts';
import { WebListener } from '../../../control-plane/server/web.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { systemClock } from '../../../lib/clock.ts';
import { FlagError, readFlags } from '../../../lib/flags.ts';
import { joinServers } from '../../../lib/join.ts';
import { silentLog } from '../../../lib/log.ts';
import { Metrics } from '../../../lib/metrics.ts';

const shared = { clock: systemClock, log: silentLog };

describe('joining as a server, over the network', () => {
  let first: string;
  let second: string;
  let pki: Pki;
  let web: WebListener;
  let nodeToken: string;
  let serverToken: string;

  function flags(dataDir: string, ...args: string[]): ServerFlags {
    return readFlags(serverProgram, ['--data-dir', dataDir, ...args], {}) ?? assert.fail();
  }

  const url = (): string => `https://127.0.0.1:${web.port}`;

  beforeEach(async () => {
    first = await mkdtemp(join(tmpdir(), 'dure-first-'));
    second = await mkdtemp(join(tmpdir(), 'dure-second-'));
    pki = new Pki({
      directory: join(first, 'pki'),
      dnsNames: [],
      addresses: [],
      clusterDomain: 'cluster.local',
      serviceAddress: '10.96.0.1',
      url,
      ...shared,
    });
    const ofTokens = {
      store: new MemoryStore({ clock: systemClock }),
      clock: systemClock,
      directory: first,
      authorityHash: () => pki.authorityHash,
    };
    const tokens = new JoinTokens({ ...ofTokens, kind: 'node' });
    const serverTokens = new JoinTokens({ ...ofTokens, kind: 'server' });
    const joins = new ServerJoins({ flags: flags(first), etcd: undefined, isLive: () => false, clock: systemClock });
    web = new WebListener({
      host: '127.0.0.1',
      port: 0,
      certificates: pki,
      authenticators: [],
      authorizers: [],
      health: new Health({ checks: [], ...shared }),
      metrics: new Metrics(),
      join: {
        tokens,
        isConnected: () => false,
        signNode: () => Promise.reject(new Error('no node joins here')),
        settings: () => ({}),
        servers: { tokens: serverTokens, admit: (message) => joins.admit(message) },
      },
      ...shared,
    });
    // The kubeconfig names the port, but nobody reads it.
    await pki.start();
    await web.start();
    nodeToken = await tokens.ensure();
    serverToken = await serverTokens.ensure();
  });

  afterEach(async () => {
    await web.stop();
    await pki.stop();
    await rm(first, { recursive: true });
    await rm(second, { recursive: true });
  });

  it('puts the authority into the data directory, readable by its owner only', async () => {
    const joining = flags(second, '--join', url(), '--token', serverToken);
    await joinExisting({ flags: joining, name: 'server-2', ...shared });
    for (const file of ['ca.crt', 'ca.key']) {
      const path = join(second, 'pki', file);
      assert.equal(await readFile(path, 'utf8'), await readFile(join(first, 'pki', file), 'utf8'));
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    }
  });

  it('is refused to whoever has the token of nodes, or none', async () => {
    for (const token of [nodeToken, serverToken.replace(/\.[0-9a-f]{4}/, '.0000')]) {
      await assert.rejects(joinServers({ server: url(), token, name: 'server-2', settings: {} }), /answered 401/);
    }
  });

  it('sends the token to no server of another authority', async () => {
    const token = `${serverToken.slice(0, -4)}0000`;
    const joining = joinServers({ server: url(), token, name: 'server-2', settings: {} });
    await assert.rejects(joining, /not the one that the join token names/);
  });

  it('fails at once, in one line, when a setting that all servers share differs', async () => {
    const joining = flags(second, '--join', url(), '--token', serverToken, '--service-cidr', '10.97.0.0/16');
    await assert.rejects(
      joinExisting({ flags: joining, name: 'server-2', ...shared }),
      new FlagError('--service-cidr 10.97.0.0/16: the other servers have 10.96.0.0/16'),
    );
    await assert.rejects(stat(join(second, 'pki')), { code: 'ENOENT' });
  });
});
