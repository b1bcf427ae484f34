import assert from 'node:assert/strict';
import { once } from 'node:events';
import tls from 'node:tls';
import grpc from '@grpc/grpc-js';
import { type KeyPair, createAuthority, issue } from '../../../lib/certificates.ts';
import { type Certificates, agentPortCredentials } from '../../../control-plane/nodes/credentials.ts';

const DAY = 24 * 60 * 60 * 1000;
const VALID = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };

describe('the certificate of the agents’ port', () => {
  let authority: KeyPair;
  let server: grpc.Server;
  let port: number;
  let listeners: Set<(pair: KeyPair) => void>;

  function leaf(commonName: string, usage: 'server' | 'client', signer = authority): Promise<KeyPair> {
    const subject = { commonName, organizations: [], dnsNames: ['localhost'], addresses: ['127.0.0.1'] };
    return issue(signer, { ...subject, usages: [usage], ...VALID });
  }

  /** The common name of the certificate that the server shows to a client with this one. */
  async function shownTo(client: KeyPair): Promise<string> {
    const { certificate: cert, key } = client;
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: authority.certificate,
      cert,
      key,
      ALPNProtocols: ['h2'],
    });
    try {
      await once(socket, 'secureConnect');
      // With TLS 1.3 a refused client learns it only with the first bytes.
      const closed = once(socket, 'close').then(() => Promise.reject(new Error('the server hung up')));
      await Promise.race([once(socket, 'data'), closed]);
      return String(socket.getPeerCertificate().subject.CN);
    } finally {
      socket.destroy();
    }
  }

  beforeEach(async () => {
    authority = await createAuthority('test-ca', VALID);
    listeners = new Set();
    const certificates: Certificates = {
      authorityCertificate: authority.certificate,
      serverKeyPair: await leaf('first', 'server'),
      onRenewed(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    server = new grpc.Server();
    port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', agentPortCredentials(certificates), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  });
  afterEach(() => server.forceShutdown());

  it('is replaced while the server runs', async () => {
    const agent = await leaf('system:node:a', 'client');
    assert.equal(await shownTo(agent), 'first');
    const second = await leaf('second', 'server');
    for (const tell of listeners) tell(second);
    assert.equal(await shownTo(agent), 'second');
  });

  it('is shown to nobody without a certificate of the cluster', async () => {
    const stranger = await leaf('system:node:a', 'client', await createAuthority('other-ca', VALID));
    await assert.rejects(shownTo(stranger), /hung up|ECONNRESET|alert/i);
  });
});
