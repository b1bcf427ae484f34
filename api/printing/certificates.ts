/** Columns of requests for certificates. */
import type { CertificateSigningRequest } from '../types/certificates.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { humanDuration } from './duration.ts';

const NONE = '<none>';

export const requestColumns: readonly Column<CertificateSigningRequest>[] = [
  nameColumn,
  ageColumn,
  { name: 'SignerName', description: 'Who is to sign it.', cell: ({ spec }) => spec.signerName || NONE },
  { name: 'Requestor', description: 'Who asked for it.', cell: ({ spec }) => spec.username ?? '' },
  {
    name: 'RequestedDuration',
    description: 'How long the certificate is to hold.',
    cell: ({ spec }) => (spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000)),
  },
  { name: 'Condition', description: 'What has become of it.', cell: conditionOf },
];

/** `Approved,Issued`. */
export function conditionOf({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}
