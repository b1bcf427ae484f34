import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStore } from '../../../control-plane/storage/etcd/store.ts';
import { EtcdMember } from '../../../control-plane/storage/member.ts';
import type { MemberTls } from '../../../control-plane/storage/member-arguments.ts';
import { UnavailableError } from '../../../control-plane/storage/port.ts';
import { createAuthority, issue } from '../../../lib/certificates.ts';
import { systemClock } from '../../../lib/clock.ts';
import { DataDirectoryInUseError, DataLock } from '../../../lib/data-lock.ts';
import { silentLog } from '../../../lib/log.ts';
import { freePort, startEtcd } from '../../support/etcd.ts';

const common = { clock: systemClock, log: silentLog };

describe('etcd member', function () {
  this.timeout(60_000);
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dure-member-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function certificate(authority: Awaited<ReturnType<typeof createAuthority>>, name: string): Promise<MemberTls> {
    const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
    const pair = await issue(authority, {
      ...validity,
      commonName: name,
      organizations: [],
      usages: ['server', 'client'],
      dnsNames: ['localhost'],
      addresses: ['127.0.0.1'],
    });
    const files = {
      ca: join(directory, 'ca.pem'),
      cert: join(directory, `${name}.pem`),
      key: join(directory, `${name}.key`),
    };
    writeFileSync(files.ca, authority.certificate);
    writeFileSync(files.cert, pair.certificate);
    writeFileSync(files.key, pair.key, { mode: 0o600 });
    return files;
  }

  function authority(): ReturnType<typeof createAuthority> {
    const now = Date.now();
    return createAuthority('test', { notBefore: new Date(now - 60_000), notAfter: new Date(now + 3_600_000) });
  }

  it('stops etcd, keeps what was written, and reports its health', async () => {
    const first = await startEtcd({ dataDir: directory });
    assert.equal(first.member.healthy, true);
    const { pid } = first.member;
    assert.ok((await first.store.write({ key: '/a', expected: 0, value: Buffer.from('1') })).ok);
    await first.close();
    assert.ok(pid);
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
    const second = await startEtcd({ dataDir: directory });
    assert.equal((await second.store.get('/a'))?.value.toString(), '1');
    await second.close();
  });

  it('is refused where another process holds the data, and not where that process is gone', async () => {
    const other = spawn('sleep', ['60']);
    assert.ok(other.pid);
    new DataLock({ directory, holder: 'server', pid: other.pid }).acquire();
    await assert.rejects(startEtcd({ dataDir: directory }), DataDirectoryInUseError);
    const line = new RegExp(`in use by another server \\(process ${other.pid}\\)`);
    assert.throws(() => new DataLock({ directory, holder: 'server', pid: process.pid }).acquire(), line);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const etcd = await startEtcd({ dataDir: directory });
    await etcd.close();
  });

  it('ends the etcd that a killed server left behind', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    const orphan = spawn(
      '/usr/bin/etcd',
      [
        `--data-dir=${directory}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        '--name=test',
        `--initial-cluster=test=${peer}`,
      ],
      { stdio: 'ignore' },
    );
    const ended = once(orphan, 'exit');
    writeFileSync(join(directory, 'etcd.pid'), String(orphan.pid));
    const etcd = await startEtcd({ dataDir: directory, clientUrl: url, endpoints: [url], peerUrl: peer });
    await ended;
    assert.equal(readFileSync(join(directory, 'etcd.pid'), 'utf8'), String(etcd.member.pid));
    await etcd.close();
  });

  it('says what etcd complained of when it does not come up', async () => {
    mkdirSync(directory, { recursive: true });
    const start = startEtcd({ dataDir: directory, clientUrl: 'http://192.0.2.1:2379', startWithin: 1_000 });
    await assert.rejects(start, /etcd did not come up: .*192\.0\.2\.1/);
  });

  it('serves only clients with a certificate, and goes on when one of three members is gone', async () => {
    const issuer = await authority();
    const client = await certificate(issuer, 'client');
    const names = ['one', 'two', 'three'];
    const peers = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, `https://127.0.0.1:${await freePort()}`] as const)),
    );
    const urls = await Promise.all(names.map(async () => `https://127.0.0.1:${await freePort()}`));
    const store = new EtcdStore({ endpoints: urls, tls: client, ...common });
    const members = await Promise.all(
      names.map(async (name, i) => {
        const files = await certificate(issuer, name);
        const own = new EtcdStore({ endpoints: [urls[i] ?? ''], tls: client, ...common });
        const member = new EtcdMember({
          dataDir: join(directory, name),
          memberName: name,
          clientUrl: urls[i] ?? '',
          peerUrl: peers[name] ?? '',
          tls: { client: files, peer: files },
          cluster: { members: peers, state: 'new' },
          probe: () => own.revision(),
          startWithin: 20_000,
          ...common,
        });
        return { member, own };
      }),
    );
    try {
      await Promise.all(members.map(({ member }) => member.start()));
      const { leases } = store;
      const result = await store.write({ key: '/a', expected: 0, value: Buffer.from('1') });
      assert.ok(result.ok);
      const stranger = new EtcdStore({
        endpoints: urls,
        tls: await certificate(await authority(), 'stranger'),
        ...common,
      });
      await assert.rejects(stranger.revision(), UnavailableError);
      await stranger.stop();
      await members[0]?.member.stop();
      await members[1]?.own.revision();
      const lease = await retried(() => leases.grant(5));
      await lease.release();
      assert.equal((await retried(() => store.get('/a')))?.value.toString(), '1');
      for (let i = 0; i < 20; i++) {
        assert.ok((await store.write({ key: `/b/${i}`, expected: 0, value: Buffer.from('1') })).ok);
      }
    } finally {
      await store.stop();
      await Promise.all(members.map(({ own }) => own.stop()));
      await Promise.all(members.map(({ member }) => member.stop()));
    }
  });
});

/** Calls go to any member, also to the one that is gone; an election may be under way. Bounded by the test's time limit. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      assert.ok(error instanceof UnavailableError, String(error));
    }
  }
}
