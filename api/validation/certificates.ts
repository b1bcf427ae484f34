/** Requests for certificates (certificates.k8s.io/v1). That their sender holds the key is admission's concern. */
import { X509Certificate } from 'node:crypto';

import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../machinery/names.ts';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition as Condition,
} from '../types/certificates.v1.ts';
import { FieldErrors } from './field-errors.ts';

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const LEAST_SECONDS = 600;
const MAX_DOMAIN = 253;
/** A domain, a slash, and a path that holds a namespace, a dot and a name. */
const MAX_SIGNER = MAX_DOMAIN + 1 + (253 + 63 + 1);
const DECISIONS = ['Approved', 'Denied'];
/** What is said once and for all. */
const LASTING = [...DECISIONS, 'Failed'];
const CONDITIONS = 'status.conditions';
const CERTIFICATE = 'status.certificate';
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----/g;

export function validateRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const errors = new FieldErrors();
  const { usages = [], signerName, expirationSeconds } = spec;
  if (usages.length === 0) errors.required('spec.usages');
  usages.forEach((usage, index) => {
    if (!USAGES.includes(usage)) errors.notSupported(`spec.usages[${index}]`, usage, USAGES);
  });
  usages.forEach((usage, index) => {
    if (usages.indexOf(usage) < index) errors.duplicate(`spec.usages[${index}]`, usage);
  });
  if (signerName === LEGACY_SIGNER) {
    errors.invalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version');
  } else validateSignerName(errors, signerName, 'spec.signerName');
  if (expirationSeconds !== undefined && expirationSeconds < LEAST_SECONDS) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.invalid('spec.expirationSeconds', expirationSeconds, detail);
  }
  validateConditions(errors, status?.conditions ?? []);
  return errors.list;
}

function validateSignerName(errors: FieldErrors, signerName: string, path: string): void {
  if (signerName === '') {
    errors.required(path);
    return;
  }
  const [domain = '', name = '', ...more] = signerName.split('/');
  if (!signerName.includes('/') || more.length > 0) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    errors.invalid(path, signerName, detail);
    return;
  }
  if (domain.length > MAX_DOMAIN) errors.tooLong(path, MAX_DOMAIN);
  validateLabels(errors, domain, checkDnsLabel, path);
  if (!domain.includes('.')) {
    errors.invalid(path, domain, 'should be a domain with at least two segments separated by dots');
  }
  validateLabels(errors, name, checkDnsSubdomain, path);
  if (signerName.length > MAX_SIGNER) errors.tooLong(path, MAX_SIGNER);
}

/** Only the first label that is wrong is told of. */
function validateLabels(errors: FieldErrors, whole: string, check: (label: string) => string[], path: string): void {
  const wrong = whole.split('.').find((label) => check(label).length > 0);
  if (wrong === undefined) return;
  const told = `validating label ${JSON.stringify(wrong)}`;
  for (const detail of check(wrong)) errors.invalid(path, whole, `${told}: ${detail}`);
}

function validateConditions(errors: FieldErrors, conditions: readonly Condition[]): void {
  const types = new Set<string>();
  conditions.forEach(({ type, status }, index) => {
    const at = `${CONDITIONS}[${index}]`;
    if (!type) errors.required(`${at}.type`);
    errors.oneOf(`${at}.status`, status, LASTING.includes(type) ? ['True'] : ['False', 'True', 'Unknown']);
    if (DECISIONS.some((other) => other !== type && DECISIONS.includes(type) && types.has(other))) {
      errors.invalid(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive');
    }
    if (types.has(type)) errors.duplicate(`${at}.type`, type);
    types.add(type);
  });
}

/** By anything but the approval subresource: what was decided stays. */
export function validateRequestUpdate(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const errors = new FieldErrors();
  for (const error of validateRequest(next)) errors.list.push(error);
  validateKept(errors, next, previous);
  for (const type of DECISIONS) {
    const [now, before] = [conditionsOf(next, type), conditionsOf(previous, type)];
    if (now.length > before.length) errors.forbidden(CONDITIONS, `updates may not add a condition of type "${type}"`);
    else if (now.length === before.length && !sameJson(now, before)) {
      errors.forbidden(CONDITIONS, `updates may not modify a condition of type "${type}"`);
    }
  }
  return errors.list;
}

/** By its signer: the certificate, once. */
export function validateRequestStatus(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const errors = new FieldErrors();
  for (const error of validateRequestUpdate(next, previous)) errors.list.push(error);
  const [now = '', before = ''] = [next.status.certificate, previous.status.certificate];
  if (now === before) return errors.list;
  if (before !== '') errors.forbidden(CERTIFICATE, 'updates may not modify existing certificate content');
  const trouble = troubleWith(Buffer.from(now, 'base64').toString());
  if (trouble !== undefined) errors.invalid(CERTIFICATE, '<certificate data>', trouble);
  return errors.list;
}

/** By an approver: the conditions alone. */
export function validateApproval(next: CertificateSigningRequest, previous: CertificateSigningRequest): FieldError[] {
  const errors = new FieldErrors();
  for (const error of validateRequest(next)) errors.list.push(error);
  validateKept(errors, next, previous);
  return errors.list;
}

function validateKept(errors: FieldErrors, next: CertificateSigningRequest, previous: CertificateSigningRequest): void {
  for (const type of LASTING) {
    if (conditionsOf(next, type).length < conditionsOf(previous, type).length) {
      errors.forbidden(CONDITIONS, `updates may not remove a condition of type "${type}"`);
    }
  }
}

function conditionsOf({ status }: CertificateSigningRequest, wanted: string): Condition[] {
  return (status?.conditions ?? []).filter(({ type }) => type === wanted);
}

function troubleWith(pem: string): string | undefined {
  const blocks = [...pem.matchAll(PEM_BLOCK)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [, type = '', body = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${type}"`;
    if (body.includes(':')) return 'no PEM block headers are permitted';
    if (body.trim() === '') return 'found CERTIFICATE PEM block containing 0 certificates';
    if (!isCertificate(body)) return 'x509: malformed certificate';
  }
  return undefined;
}

function isCertificate(body: string): boolean {
  try {
    new X509Certificate(Buffer.from(body, 'base64'));
    return true;
  } catch {
    // It throws for what it cannot parse, and there is nothing else that it does.
    return false;
  }
}
