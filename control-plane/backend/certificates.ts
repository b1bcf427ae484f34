/**
 * The certificates between a server and its etcd member. They come from an authority of their own: who has a certificate
 * of the cluster, as every agent has, is still a stranger to etcd.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeyPair, createAuthority, issue, validityOf } from '../../lib/certificates.ts';
import type { Clock } from '../../lib/clock.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';

const DAY = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
/** Made anew at each start, and no server runs for so long without one. */
const LEAF_DAYS = 3650;

/** Paths of PEM files. */
export interface StoreTls {
  ca: string;
  cert: string;
  key: string;
}

/** Makes what is missing in `directory`, and a new leaf. */
export async function storeCertificates(directory: string, addresses: string[], clock: Clock): Promise<StoreTls> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = { ca: join(directory, 'ca.crt'), cert: join(directory, 'etcd.crt'), key: join(directory, 'etcd.key') };
  const authority = await ensureAuthority(files.ca, join(directory, 'ca.key'), clock);
  const leaf = await issue(authority, {
    commonName: 'dure-store',
    organizations: [],
    dnsNames: ['localhost'],
    addresses,
    usages: ['server', 'client'],
    ...validFor(clock, LEAF_DAYS, authority),
  });
  await writePrivate(files.key, leaf.key);
  await writePrivate(files.cert, leaf.certificate);
  return files;
}

async function ensureAuthority(certificateFile: string, keyFile: string, clock: Clock): Promise<KeyPair> {
  const certificate = await readIfPresent(certificateFile);
  const key = await readIfPresent(keyFile);
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  const authority = await createAuthority('dure-store-ca', validFor(clock, AUTHORITY_DAYS));
  await writePrivate(keyFile, authority.key);
  await writePrivate(certificateFile, authority.certificate);
  return authority;
}

/** No leaf outlives its authority. */
function validFor(clock: Clock, days: number, authority?: KeyPair): { notBefore: Date; notAfter: Date } {
  const now = clock.date().getTime();
  const end = authority ? validityOf(authority.certificate).notAfter.getTime() : Infinity;
  return { notBefore: new Date(now - DAY / 24), notAfter: new Date(Math.min(now + days * DAY, end)) };
}
