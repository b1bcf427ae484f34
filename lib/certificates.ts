/** X.509 certificates: ECDSA P-256, SHA-256. */
import { createHash, createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type * as X509 from './x509.ts';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

/** Both as PEM; the key as PKCS #8. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads these as the groups of the user `commonName`. */
  readonly organizations: readonly string[];
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Profile extends Subject, Validity {
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly emails?: readonly string[];
  readonly uris?: readonly string[];
  /** The key may encipher other keys, as one of RSA can. */
  readonly keyEncipherment?: boolean;
}

export async function createAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf(x509, { commonName, organizations: [] }),
    ...validity,
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** A new key and a certificate for it. */
export async function issue(authority: KeyPair, profile: Profile): Promise<KeyPair> {
  const keys = await generateKeys();
  return { certificate: await sign(authority, profile, keys.publicKey), key: await exportKey(keys.privateKey) };
}

/** A new key and a PKCS #10 request for a certificate, as PEM. */
export async function createSigningRequest(subject: Subject): Promise<{ key: string; request: string }> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(x509, subject),
    keys,
    signingAlgorithm: SIGNATURE,
  });
  return { key: await exportKey(keys.privateKey), request: request.toString('pem') };
}

/** What a signing request asks for. Throws when it can't be read or its sender doesn't hold the key. */
export async function readSigningRequest(pem: string): Promise<Subject> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error('the signature of the certificate request is wrong');
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
  };
}

/** Signs the key of a request. Everything else in the certificate is from `profile`, nothing from the request. */
export async function signRequest(authority: KeyPair, pem: string, profile: Profile): Promise<string> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(pem);
  return sign(authority, profile, await request.publicKey.export());
}

/** SHA-256 of the certificate's DER bytes, in lower-case hex. */
export function fingerprint(certificate: string): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
}

export function validityOf(certificate: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return { notBefore: validFromDate, notAfter: validToDate };
}

async function sign(authority: KeyPair, profile: Profile, publicKey: webcrypto.CryptoKey): Promise<string> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(x509, profile),
    issuer: issuer.subjectName,
    notBefore: profile.notBefore,
    notAfter: profile.notAfter,
    publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNATURE,
    extensions: await extensionsOf(x509, profile, issuer, publicKey),
  });
  return certificate.toString('pem');
}

async function extensionsOf(
  x509: typeof X509,
  profile: Profile,
  issuer: X509.X509Certificate,
  publicKey: webcrypto.CryptoKey,
): Promise<X509.Extension[]> {
  const usages = profile.usages.map((usage) => x509.ExtendedKeyUsage[usage === 'server' ? 'serverAuth' : 'clientAuth']);
  const names: X509.JsonGeneralName[] = [
    ...profile.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...profile.addresses.map((value) => ({ type: 'ip' as const, value })),
    ...(profile.emails ?? []).map((value) => ({ type: 'email' as const, value })),
    ...(profile.uris ?? []).map((value) => ({ type: 'url' as const, value })),
  ];
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const keyUsages = profile.keyEncipherment ? digitalSignature | keyEncipherment : digitalSignature;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(keyUsages, true),
    new x509.ExtendedKeyUsageExtension(usages),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}

function nameOf(x509: typeof X509, subject: Subject): X509.Name {
  return new x509.Name([
    ...subject.organizations.map((organization) => ({ O: [{ utf8String: organization }] })),
    { CN: [{ utf8String: subject.commonName }] },
  ]);
}

/** Loaded only where certificates are made: an agent makes none while it is a member, and the library is large. */
function loadX509(): Promise<typeof X509> {
  return import('./x509.ts');
}

/** 127 random bits: positive, and never the same twice. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}
