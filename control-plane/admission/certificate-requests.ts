/** Requests for certificates say who asks, come from who holds the key, and are signed by who may sign them. */
import { forbidden, invalid } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { CERTIFICATES_GROUP } from '../../api/kinds/certificates.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../api/object.ts';
import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import { type CertificateRequest, readCertificateRequest } from '../../lib/certificate-requests.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { GROUPS } from '../user.ts';
import { withTimes } from '../../api/machinery/request-conditions.ts';
import { mayActFor } from '../certificates/rights.ts';
import { SIGNERS } from '../certificates/signers.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

export interface CertificateRequestsOptions {
  readonly authorizers: readonly Authorizer[];
  readonly clock: Clock;
}

export class CertificateRequests implements AdmissionPlugin {
  readonly name = 'CertificateRequests';
  private readonly options: CertificateRequestsOptions;

  constructor(options: CertificateRequestsOptions) {
    this.options = options;
  }

  handles({ kind, operation }: AdmissionRequest): boolean {
    return kind.group === CERTIFICATES_GROUP && kind.plural === 'certificatesigningrequests' && operation !== 'DELETE';
  }

  mutate({ operation, subresource, object, previous, user }: AdmissionRequest): void {
    const request = object as KubeObject as CertificateSigningRequest;
    if (operation === 'CREATE') {
      const { name: username, uid, groups, extra } = user ?? { name: '', groups: [] };
      const { request: pem, signerName, expirationSeconds, usages } = request.spec;
      request.spec = {
        request: pem,
        signerName,
        ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
        ...(usages ? { usages } : {}),
        ...(username ? { username } : {}),
        ...(uid ? { uid } : {}),
        ...(groups.length > 0 ? { groups: [...groups] } : {}),
        ...(extra && Object.keys(extra).length > 0 ? { extra: mutableExtra(extra) } : {}),
      };
    } else if (subresource === 'status' && request.status?.conditions) {
      const before = (previous as KubeObject as CertificateSigningRequest).status?.conditions ?? [];
      const now = formatTime(this.options.clock.date().getTime());
      request.status = { ...request.status, conditions: withTimes(request.status.conditions, before, now) };
    }
  }

  validate({ operation, subresource, object, previous, user, name }: AdmissionRequest): void {
    const request = object as KubeObject as CertificateSigningRequest;
    if (operation === 'CREATE') {
      checkNew(request, name);
      return;
    }
    const before = previous as KubeObject as CertificateSigningRequest;
    // What a part of the control plane approves and signs needs nobody's leave.
    const isSigning = subresource === 'status' && isSigned(request, before);
    if (!user || !(isSigning || subresource === 'approval')) return;
    const { signerName } = before.spec;
    const verb = isSigning ? 'sign' : 'approve';
    if (mayActFor(this.options.authorizers, user, verb, signerName)) return;
    const why = `user not permitted to ${verb} requests with signerName "${signerName}"`;
    throw forbidden(kinds.certificatesigningrequests, name, why);
  }
}

function mutableExtra(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}

function checkNew({ spec }: CertificateSigningRequest, name: string): void {
  const kind = kinds.certificatesigningrequests;
  let request: CertificateRequest;
  try {
    request = readCertificateRequest(Buffer.from(spec.request, 'base64').toString());
  } catch (error) {
    const message = `Invalid value: ${JSON.stringify(spec.request)}: ${(error as Error).message}`;
    throw invalid(kind, name, [{ type: 'FieldValueInvalid', field: 'spec.request', message }]);
  }
  if (spec.signerName === SIGNERS.client && request.organizations.includes(GROUPS.masters)) {
    const why = `use of ${SIGNERS.client} signer with ${GROUPS.masters} group is not allowed`;
    throw forbidden(kind, name, why);
  }
}

function isSigned(next: CertificateSigningRequest, previous: CertificateSigningRequest): boolean {
  const isFailed = ({ status }: CertificateSigningRequest): boolean =>
    status?.conditions?.some(({ type }) => type === 'Failed') ?? false;
  return next.status.certificate !== previous.status?.certificate || isFailed(next) !== isFailed(previous);
}
