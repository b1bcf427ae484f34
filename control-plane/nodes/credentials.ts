/** The server's certificate on the agents' port, replaced while it serves whenever it is renewed. */
import grpc, { experimental } from '@grpc/grpc-js';
import type { KeyPair } from '../../lib/certificates.ts';

export interface Certificates {
  /** PEM. */
  readonly authorityCertificate: string;
  readonly serverKeyPair: KeyPair;
  /** Calls `listener` with each new certificate. Returns the function that ends it. */
  onRenewed(listener: (server: KeyPair) => void): () => void;
}

type Provider = experimental.CertificateProvider;
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];
type AuthorityListener = Parameters<Provider['addCaCertificateListener']>[0];

/** Agents must show a certificate of the cluster's authority. */
export function agentPortCredentials(certificates: Certificates): grpc.ServerCredentials {
  const provider = new RenewedCertificates(certificates);
  return experimental.createCertificateProviderServerCredentials(provider, provider, true);
}

class RenewedCertificates implements Provider {
  private readonly certificates: Certificates;
  private readonly ends = new Map<IdentityListener, () => void>();

  constructor(certificates: Certificates) {
    this.certificates = certificates;
  }

  /** The authority stays what it is. */
  addCaCertificateListener(listener: AuthorityListener): void {
    listener({ caCertificate: Buffer.from(this.certificates.authorityCertificate) });
  }

  removeCaCertificateListener(): void {
    // Nothing is kept of it.
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    const tell = ({ certificate, key }: KeyPair): void =>
      listener({ certificate: Buffer.from(certificate), privateKey: Buffer.from(key) });
    this.ends.set(listener, this.certificates.onRenewed(tell));
    // The credentials listen before whoever serves with them does: what is told at once would be told to nobody.
    queueMicrotask(() => tell(this.certificates.serverKeyPair));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.ends.get(listener)?.();
    this.ends.delete(listener);
  }
}
