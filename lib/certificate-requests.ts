/** PKCS #10 requests for certificates, read and checked at once, for those who decide about them. */
import { createPublicKey, verify } from 'node:crypto';
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from './x509.ts';

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

const PEM = /^\s*-----BEGIN CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/;
const TWO_BYTES = 0x80;

/** Throws an Error that says what is wrong with it, also when its sender doesn't hold the key. */
export function readCertificateRequest(pem: string): CertificateRequest {
  const body = PEM.exec(pem)?.[1];
  if (body === undefined) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const der = Buffer.from(body, 'base64');
  const request = parsed(der);
  if (!isSigned(request, der)) throw new Error('the signature of the certificate request is wrong');
  const found = request.extensions.find((extension) => extension instanceof SubjectAlternativeNameExtension);
  const names = found?.names.items ?? [];
  const of = (type: string): string[] => names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    addresses: of('ip'),
    emails: of('email'),
    uris: of('url'),
  };
}

function parsed(der: Buffer): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(der);
  } catch (cause) {
    throw new Error(`malformed certificate request: ${(cause as Error).message}`, { cause });
  }
}

function isSigned(request: Pkcs10CertificateRequest, der: Buffer): boolean {
  const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } };
  if (name === 'RSA-PSS') throw new Error('unsupported signature algorithm: RSA-PSS');
  const digest = hash === undefined ? null : hash.name.replace('-', '');
  return verify(digest, signedPart(der), { key, dsaEncoding: 'der' }, Buffer.from(request.signature));
}

/** The first element within the outermost one, with its own tag and length. */
function signedPart(der: Buffer): Buffer {
  const outer = lengthAt(der, 1);
  const inner = lengthAt(der, outer.end + 1);
  return der.subarray(outer.end, inner.end + inner.length);
}

/** Definite lengths, as DER has no others. */
function lengthAt(der: Buffer, offset: number): { length: number; end: number } {
  const first = der.readUInt8(offset);
  if (first < TWO_BYTES) return { length: first, end: offset + 1 };
  const bytes = first - TWO_BYTES;
  return { length: der.readUIntBE(offset + 1, bytes), end: offset + 1 + bytes };
}
