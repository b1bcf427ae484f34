/** Requests for certificates. */
import { conditionOf } from '../../api/printing/certificates.ts';
import { humanDuration } from '../../api/printing/duration.ts';
import { labelsText } from '../../api/printing/selector-text.ts';
import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from '../../lib/x509.ts';
import type { Session } from '../session.ts';
import { eventLines, timeText, type Lines } from './common.ts';

/** Fields of a subject of which there may be several, with their titles. */
const SUBJECT_LISTS = [
  ['O', 'Organization'],
  ['OU', 'Organizational Unit'],
  ['C', 'Country'],
  ['L', 'Locality'],
  ['ST', 'Province'],
  ['2.5.4.9', 'StreetAddress'],
  ['2.5.4.17', 'PostalCode'],
] as const;
const NAME_LISTS = [
  ['dns', 'DNS Names'],
  ['email', 'Email Addresses'],
  ['url', 'URIs'],
  ['ip', 'IP Addresses'],
] as const;
const SERIAL_NUMBER = '2.5.4.5';

export async function describeCertificateRequest(request: CertificateSigningRequest, session: Session): Promise<Lines> {
  const { metadata, spec } = request;
  const parsed = new Pkcs10CertificateRequest(Buffer.from(spec.request, 'base64').toString());
  const found = parsed.extensions.find((extension) => extension instanceof SubjectAlternativeNameExtension);
  const names = found?.names.items ?? [];
  const valuesOf = (wanted: string): string[] => names.flatMap(({ type, value }) => (type === wanted ? [value] : []));
  return [
    `Name:\t${metadata.name}`,
    `Labels:\t${labelsText(metadata.labels)}`,
    `Annotations:\t${labelsText(metadata.annotations)}`,
    `CreationTimestamp:\t${timeText(metadata.creationTimestamp)}`,
    `Requesting User:\t${spec.username ?? ''}`,
    ...(spec.signerName ? [`Signer:\t${spec.signerName}`] : []),
    ...(spec.expirationSeconds === undefined
      ? []
      : [`Requested Duration:\t${humanDuration(spec.expirationSeconds * 1000)}`]),
    `Status:\t${conditionOf(request)}`,
    'Subject:',
    `\tCommon Name:\t${parsed.subjectName.getField('CN').at(-1) ?? ''}`,
    `\tSerial Number:\t${parsed.subjectName.getField(SERIAL_NUMBER).at(-1) ?? ''}`,
    ...SUBJECT_LISTS.flatMap(([field, title]) => listLines(title, parsed.subjectName.getField(field))),
    ...(names.length > 0 ? ['Subject Alternative Names:'] : []),
    ...NAME_LISTS.flatMap(([type, title]) => listLines(title, valuesOf(type))),
    ...(await eventLines(request, session)),
  ];
}

function listLines(title: string, values: readonly string[]): Lines {
  return values.map((value, at) => `\t${at === 0 ? `${title}:` : ''}\t${value}`);
}
