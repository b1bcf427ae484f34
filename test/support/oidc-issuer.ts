/** An OpenID Connect issuer: discovery, its keys, and tokens that it signs. */
import { once } from 'node:events';
import https, { type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue, type KeyPair } from '../../lib/certificates.ts';
import type { Clock } from '../../lib/clock.ts';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from '../../lib/jose.ts';

export const VALID = { notBefore: new Date('2020-01-01'), notAfter: new Date('2049-01-01') };

/** With a certificate of its own authority, and keys that the test adds. */
export class Issuer {
  readonly authority: KeyPair;
  readonly requests: string[] = [];
  keys: JWK[] = [];
  /** What discovery says of itself, when not the truth. */
  lie: object = {};
  status = 200;
  private readonly server: Server;
  private readonly signing = new Map<string, CryptoKey>();

  private readonly host: string;

  private constructor(host: string, authority: KeyPair, server: KeyPair) {
    this.host = host;
    this.authority = authority;
    this.server = https.createServer({ key: server.key, cert: server.certificate }, (request, response) => {
      this.requests.push(request.url ?? '');
      const discovery = { issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.lie };
      response.statusCode = this.status;
      response.end(JSON.stringify(request.url === '/keys' ? { keys: this.keys } : discovery));
    });
  }

  /** `host`: an address of this machine. */
  static async start(host = '127.0.0.1'): Promise<Issuer> {
    const authority = await createAuthority('issuer', VALID);
    const profile = { commonName: 'issuer', organizations: [], dnsNames: [], addresses: [host] };
    const issuer = new Issuer(host, authority, await issue(authority, { ...profile, ...VALID, usages: ['server'] }));
    issuer.server.listen(0, host);
    await once(issuer.server, 'listening');
    return issuer;
  }

  get url(): string {
    return `https://${this.host}:${(this.server.address() as AddressInfo).port}`;
  }

  async addKey(kid: string): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    this.signing.set(kid, privateKey);
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' });
  }

  sign(clock: Pick<Clock, 'date'>, claims: object = {}, kid = 'one'): Promise<string> {
    const now = Math.floor(clock.date().getTime() / 1000);
    const all = { iss: this.url, aud: 'dure', sub: 'jane', iat: now, exp: now + 600, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid }).sign(this.signing.get(kid)!);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
