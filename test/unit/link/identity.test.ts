import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue } from '../../../lib/certificates.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Identity } from '../../../node-agent/link/identity.ts';

const DAY = 24 * 60 * 60 * 1000;
const A = '10.0.0.1:6444';
const B = '10.0.0.2:6444';
const C = '10.0.0.3:6444';

describe('the servers that an agent knows', () => {
  let directory: string;
  let identity: Identity;

  const started = async (): Promise<Identity> => {
    const token = (): Promise<string> => Promise.reject(new Error('a member needs no token'));
    const made = new Identity({
      directory,
      nodeName: 'node-1',
      servers: [],
      token,
      clock: new FakeClock(),
      log: silentLog,
    });
    await made.start();
    return made;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dure-identity-'));
    const now = new FakeClock().date().getTime();
    const validity = { notBefore: new Date(now - DAY), notAfter: new Date(now + 100 * DAY) };
    const authority = await createAuthority('test-ca', validity);
    const subject = { commonName: 'system:node:node-1', organizations: ['system:nodes'] };
    const client = await issue(authority, { ...subject, ...validity, usages: ['client'], dnsNames: [], addresses: [] });
    const stored = { authority: authority.certificate, client, agentServers: [A] };
    await writeFile(join(directory, 'identity.json'), JSON.stringify(stored));
    identity = await started();
  });

  afterEach(async () => {
    await identity.stop();
    await rm(directory, { recursive: true });
  });

  it('are kept across restarts: those that work now first, those that did behind them', async () => {
    await identity.learnServers([B, A, C]);
    await identity.learnServers([B, C]);
    assert.deepEqual(identity.agentServers, [B, C, A]);
    const again = await started();
    assert.deepEqual(again.agentServers, [B, C, A]);
    await again.stop();
  });

  it('are written in the order in which they were learned', async () => {
    await Promise.all([[B], [C], [A]].map((addresses) => identity.learnServers(addresses)));
    const { agentServers } = JSON.parse(await readFile(join(directory, 'identity.json'), 'utf8')) as {
      agentServers: string[];
    };
    assert.deepEqual(agentServers, [A, C, B]);
  });

  it('are not more than there can be', async () => {
    for (let number = 1; number <= 50; number += 1) await identity.learnServers([`10.0.1.${number}:6444`]);
    assert.equal(identity.agentServers.length, 9);
    assert.equal(identity.agentServers[0], '10.0.1.50:6444');
  });
});
