import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { isStatusError } from '../../../api/errors.ts';
import { JoinTokens } from '../../../control-plane/server/join-tokens.ts';
import { Pki, type PkiOptions } from '../../../control-plane/server/pki.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { createSigningRequest } from '../../../lib/certificates.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

const DAY = 24 * 60 * 60 * 1000;

describe('the certificates of a cluster', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'dure-pki-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function started(clock: FakeClock, changes: Partial<PkiOptions> = {}): Promise<Pki> {
    const pki = new Pki({
      directory,
      dnsNames: ['api.example.test'],
      addresses: ['192.0.2.1'],
      clusterDomain: 'cluster.local',
      serviceAddress: '10.96.0.1',
      url: () => 'https://192.0.2.1:6443',
      clock,
      log: silentLog,
      ...changes,
    });
    await pki.start();
    await pki.stop();
    return pki;
  }

  it('name the server, the service and nothing else', async () => {
    const pki = await started(new FakeClock());
    const certificate = new X509Certificate(pki.serverKeyPair.certificate);
    for (const name of ['api.example.test', 'localhost', 'kubernetes.default.svc.cluster.local']) {
      assert.ok(certificate.checkHost(name), name);
    }
    for (const address of ['192.0.2.1', '127.0.0.1', '10.96.0.1']) assert.ok(certificate.checkIP(address), address);
    assert.equal(certificate.checkHost('other.example.test'), undefined);
    assert.ok(certificate.verify(new X509Certificate(pki.authorityCertificate).publicKey));
  });

  it('lie in files that only their owner may read', async () => {
    const pki = await started(new FakeClock());
    for (const file of [
      'ca.key',
      'front-proxy-ca.key',
      'front-proxy-client.key',
      'server.key',
      'admin.key',
      path.basename(pki.adminKubeconfig),
    ]) {
      assert.equal((await stat(path.join(directory, file))).mode & 0o777, 0o600, file);
    }
  });

  it('show other API servers who passes requests on, by an authority that signs nothing else', async () => {
    const clock = new FakeClock();
    const pki = await started(clock);
    const client = new X509Certificate(pki.frontProxyKeyPair.certificate);
    assert.equal(client.subject, 'CN=front-proxy-client');
    assert.ok(client.verify(new X509Certificate(pki.frontProxyAuthority).publicKey));
    assert.ok(!client.verify(new X509Certificate(pki.authorityCertificate).publicKey));
    assert.ok(
      !new X509Certificate(pki.serverKeyPair.certificate).verify(
        new X509Certificate(pki.frontProxyAuthority).publicKey,
      ),
    );
    const again = await started(clock);
    assert.equal(again.frontProxyKeyPair.certificate, pki.frontProxyKeyPair.certificate);
    clock.advance(250 * DAY);
    const renewed = await started(clock);
    assert.notEqual(renewed.frontProxyKeyPair.certificate, pki.frontProxyKeyPair.certificate);
    assert.equal(renewed.frontProxyAuthority, pki.frontProxyAuthority);
  });

  it('make a kubeconfig of the administrator', async () => {
    const pki = await started(new FakeClock());
    const config = parse(await readFile(pki.adminKubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string } }[];
      users: { user: Record<string, string> }[];
    };
    assert.equal(config.clusters[0]?.cluster.server, 'https://192.0.2.1:6443');
    const pem = Buffer.from(config.users[0]?.user['client-certificate-data'] ?? '', 'base64').toString();
    assert.equal(new X509Certificate(pem).subject, 'O=system:masters\nCN=kubernetes-admin');
  });

  it('are kept over a restart, and renewed when a third of their life is left', async () => {
    const clock = new FakeClock();
    const first = await started(clock);
    const second = await started(clock);
    assert.equal(second.serverKeyPair.certificate, first.serverKeyPair.certificate);
    clock.advance(250 * DAY);
    const third = await started(clock);
    assert.notEqual(third.serverKeyPair.certificate, first.serverKeyPair.certificate);
    assert.equal(third.authorityCertificate, first.authorityCertificate);
  });

  it('are renewed when the server gets another address', async () => {
    const clock = new FakeClock();
    const first = await started(clock);
    const second = await started(clock, { addresses: ['192.0.2.7'] });
    assert.notEqual(second.serverKeyPair.certificate, first.serverKeyPair.certificate);
  });

  it('sign for a node only what is that node', async () => {
    const pki = await started(new FakeClock());
    const asNode = await createSigningRequest({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
    const certificate = new X509Certificate(await pki.signNode(asNode.request, 'n1'));
    assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:n1');
    const asMaster = await createSigningRequest({ commonName: 'system:node:n1', organizations: ['system:masters'] });
    for (const [request, name] of [
      [asMaster.request, 'n1'],
      [asNode.request, 'n2'],
      ['garbage', 'n1'],
    ] as const) {
      await assert.rejects(pki.signNode(request, name), (error) => isStatusError(error, 'BadRequest'));
    }
  });

  it('come with a join token that survives a restart, expires when it should and can be taken back', async () => {
    const clock = new FakeClock();
    const pki = await started(clock);
    const store = new MemoryStore({ clock });
    const make = (): JoinTokens => new JoinTokens({ store, clock, directory, authorityHash: () => pki.authorityHash });
    const token = await make().ensure();
    assert.equal(await make().ensure(), token);
    assert.ok(await make().isValid(token));
    const [id = '', , hash = ''] = token.split('.');
    assert.ok(!(await make().isValid(`${id}.${'0'.repeat(40)}.${hash}`)));
    assert.ok(!(await make().isValid('dure-x')));
    const short = await make().create(60);
    assert.ok(await make().isValid(short));
    clock.advance(61_000);
    assert.ok(!(await make().isValid(short)));
    await make().remove(token.slice('dure-'.length, token.indexOf('.')));
    assert.ok(!(await make().isValid(token)));
  });
});
