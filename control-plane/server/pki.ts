/** The cluster's certificates: its authority, and what the authority signs. All files stay under the data directory. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import {
  createAuthority,
  fingerprint,
  issue,
  readSigningRequest,
  signRequest,
  validityOf,
  type KeyPair,
  type Profile,
  type Subject,
  type Validity,
} from '../../lib/certificates.ts';
import { badRequest } from '../../api/errors.ts';
import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import { readCertificateRequest } from '../../lib/certificate-requests.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import { SERVER_USER } from '../user.ts';
import { kubeconfigFor } from './kubeconfig.ts';

const DAY = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A certificate is renewed when less than this share of its life is left. */
const RENEW_SHARE = 1 / 3;
const CHECK_INTERVAL = 60 * 60 * 1000;
/** How far the clock of a peer may be behind ours. */
const BACKDATE = 5 * 60 * 1000;
/** Of a life shorter than this, that much must not be missing. */
const SHORT_LIFE = 8 * 60 * 60 * 1000;

const ADMIN: Subject = { commonName: 'kubernetes-admin', organizations: ['system:masters'] };
/** By whom extension API servers know that a request was passed on by a server. */
export const FRONT_PROXY: Subject = { commonName: 'front-proxy-client', organizations: [] };
const NODES_GROUP = 'system:nodes';
const NODE_PREFIX = 'system:node:';

export interface PkiOptions {
  /** Made when missing. */
  readonly directory: string;
  /** Under which names and addresses clients reach this server. */
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  /** Such as cluster.local. */
  readonly clusterDomain: string;
  /** The first address of the service range: `kubernetes.default`. */
  readonly serviceAddress: string;
  /** What the admin's kubeconfig names, such as https://10.0.0.1:6443. Asked for when the file is written. */
  readonly url: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

export class Pki implements Component {
  readonly name = 'pki';
  private readonly options: PkiOptions;
  private readonly listeners = new Set<(server: KeyPair) => void>();
  private authority: KeyPair | undefined;
  private server: KeyPair | undefined;
  private frontAuthority: KeyPair | undefined;
  private frontProxy: KeyPair | undefined;
  private timer: Timer | undefined;

  constructor(options: PkiOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    await mkdir(this.options.directory, { recursive: true, mode: 0o700 });
    this.authority = await this.loadAuthority('ca', 'dure-ca');
    this.frontAuthority = await this.loadAuthority('front-proxy-ca', 'dure-front-proxy-ca');
    await this.renew();
    this.schedule();
  }

  stop(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    return Promise.resolve();
  }

  /** The authority's certificate, as PEM. */
  get authorityCertificate(): string {
    return this.needAuthority().certificate;
  }

  /** SHA-256 of the authority's certificate, in hex: what a join token pins. */
  get authorityHash(): string {
    return fingerprint(this.authorityCertificate);
  }

  /** What this server shows its clients. */
  get serverKeyPair(): KeyPair {
    return this.need(this.server);
  }

  /** That of the authority which signs for nobody but the front proxy, as PEM. */
  get frontProxyAuthority(): string {
    return this.need(this.frontAuthority).certificate;
  }

  /** What this server shows extension API servers when it passes a request on. */
  get frontProxyKeyPair(): KeyPair {
    return this.need(this.frontProxy);
  }

  /** Where the kubeconfig of the administrator is. */
  get adminKubeconfig(): string {
    return this.file('admin.kubeconfig');
  }

  /** Calls `listener` with each new certificate of this server. Returns the function that ends it. */
  onRenewed(listener: (server: KeyPair) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  issueClient(subject: Subject): Promise<KeyPair> {
    return issue(this.needAuthority(), this.profile(subject, ['client']));
  }

  /** Signs what an agent asks for, if that is the identity of the node `nodeName`. Throws BadRequest otherwise. */
  async signNode(request: string, nodeName: string): Promise<string> {
    const wanted = await readSigningRequest(request).catch((error: unknown) => {
      throw badRequest(`the certificate request can't be read: ${(error as Error).message}`);
    });
    const subject: Subject = { commonName: NODE_PREFIX + nodeName, organizations: [NODES_GROUP] };
    if (wanted.commonName !== subject.commonName || wanted.organizations.join() !== NODES_GROUP) {
      throw badRequest(`the certificate request must be for ${subject.commonName} in ${NODES_GROUP}`);
    }
    return signRequest(this.needAuthority(), request, this.profile(subject, ['client']));
  }

  /** Signs what was asked of one of the built-in signers and approved. Rejects when it can't be read. */
  signForSigner({ spec }: CertificateSigningRequest): Promise<string> {
    const authority = this.needAuthority();
    const pem = Buffer.from(spec.request, 'base64').toString();
    const usages = spec.usages ?? [];
    return signRequest(authority, pem, {
      ...readCertificateRequest(pem),
      ...this.validForSeconds(spec.expirationSeconds, validityOf(authority.certificate).notAfter),
      usages: [
        ...(usages.includes('client auth') ? (['client'] as const) : []),
        ...(usages.includes('server auth') ? (['server'] as const) : []),
      ],
      keyEncipherment: usages.includes('key encipherment'),
    });
  }

  /** Looks at what is there and makes anew what is missing, ends soon or names the wrong things. */
  async renew(): Promise<void> {
    await this.renewServer();
    await this.renewAdmin();
    await this.renewFrontProxy();
  }

  private schedule(): void {
    this.timer = this.options.clock.after(CHECK_INTERVAL, () => {
      void this.renew()
        .catch((error: unknown) => this.options.log.error({ err: error }, 'certificates could not be renewed'))
        .finally(() => {
          if (this.timer) this.schedule();
        });
    });
  }

  private async loadAuthority(file: string, commonName: string): Promise<KeyPair> {
    const present = await this.loadPair(file);
    if (present) {
      if (validityOf(present.certificate).notAfter <= this.options.clock.date()) {
        throw new Error(`the certificate authority in ${this.file(`${file}.crt`)} has expired`);
      }
      return present;
    }
    const authority = await createAuthority(commonName, this.validFor(AUTHORITY_DAYS));
    await this.storePair(file, authority);
    return authority;
  }

  private async renewServer(): Promise<void> {
    const present = this.server ?? (await this.loadPair('server'));
    const profile = this.serverProfile();
    if (present && this.isGood(present) && this.names(present, profile)) {
      this.server = present;
      return;
    }
    const server = await issue(this.needAuthority(), profile);
    await this.storePair('server', server);
    this.server = server;
    this.options.log.info({ until: profile.notAfter }, 'made a server certificate');
    for (const listener of this.listeners) listener(server);
  }

  private async renewAdmin(): Promise<void> {
    const present = await this.loadPair('admin');
    const admin = present && this.isGood(present) ? present : await this.issueClient(ADMIN);
    if (admin !== present) await this.storePair('admin', admin);
    const text = kubeconfigFor({
      url: this.options.url(),
      authority: this.authorityCertificate,
      user: ADMIN.commonName,
      client: admin,
    });
    if ((await readIfPresent(this.adminKubeconfig)) !== text) await writePrivate(this.adminKubeconfig, text);
  }

  private async renewFrontProxy(): Promise<void> {
    const authority = this.need(this.frontAuthority);
    const present = this.frontProxy ?? (await this.loadPair('front-proxy-client'));
    if (present && this.isGood(present, authority)) {
      this.frontProxy = present;
      return;
    }
    this.frontProxy = await issue(authority, this.profile(FRONT_PROXY, ['client']));
    await this.storePair('front-proxy-client', this.frontProxy);
  }

  private serverProfile(): Profile {
    const { clusterDomain, dnsNames, addresses, serviceAddress } = this.options;
    const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    return {
      ...this.profile({ commonName: SERVER_USER, organizations: [] }, ['server', 'client']),
      dnsNames: [...new Set([...dnsNames, 'localhost', ...service, `kubernetes.default.svc.${clusterDomain}`])],
      addresses: [...new Set([...addresses, '127.0.0.1', '::1', serviceAddress])],
    };
  }

  private profile(subject: Subject, usages: Profile['usages']): Profile {
    return { ...subject, ...this.validFor(LEAF_DAYS), usages, dnsNames: [], addresses: [] };
  }

  private validFor(days: number): Validity {
    const now = this.options.clock.date().getTime();
    return { notBefore: new Date(now - BACKDATE), notAfter: new Date(now + days * DAY) };
  }

  /** At most as long as certificates last, and never longer than the authority; what is short begins now. */
  private validForSeconds(seconds: number | undefined, last: Date): Validity {
    const now = this.options.clock.date().getTime();
    const life = Math.min((seconds ?? Infinity) * 1000, LEAF_DAYS * DAY);
    const begin = life < SHORT_LIFE ? now : now - BACKDATE;
    return { notBefore: new Date(begin), notAfter: new Date(Math.min(begin + life, last.getTime())) };
  }

  private isGood(pair: KeyPair, authority = this.needAuthority()): boolean {
    const { notBefore, notAfter } = validityOf(pair.certificate);
    const now = this.options.clock.date().getTime();
    const fresh = notAfter.getTime() - now > (notAfter.getTime() - notBefore.getTime()) * RENEW_SHARE;
    const issuer = new X509Certificate(authority.certificate);
    return fresh && new X509Certificate(pair.certificate).verify(issuer.publicKey);
  }

  private names(pair: KeyPair, profile: Profile): boolean {
    const certificate = new X509Certificate(pair.certificate);
    return (
      profile.dnsNames.every((name) => certificate.checkHost(name) !== undefined) &&
      profile.addresses.every((address) => certificate.checkIP(address) !== undefined)
    );
  }

  private async loadPair(name: string): Promise<KeyPair | undefined> {
    const certificate = await readIfPresent(this.file(`${name}.crt`));
    const key = await readIfPresent(this.file(`${name}.key`));
    return certificate !== undefined && key !== undefined ? { certificate, key } : undefined;
  }

  private async storePair(name: string, pair: KeyPair): Promise<void> {
    await writePrivate(this.file(`${name}.key`), pair.key);
    await writePrivate(this.file(`${name}.crt`), pair.certificate);
  }

  private needAuthority(): KeyPair {
    return this.need(this.authority);
  }

  private need(pair: KeyPair | undefined): KeyPair {
    if (!pair) throw new Error('the certificates are not loaded yet');
    return pair;
  }

  private file(name: string): string {
    return path.join(this.options.directory, name);
  }
}
