/** What to do about one request for a certificate: forget it, approve it, refuse it or sign it. */
import { kinds } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { CertificateSigningRequest } from '../../../api/types/certificates.v1.ts';
import type { CertificateRequest } from '../../../lib/certificate-requests.ts';
import type { User } from '../../user.ts';
import { refusalOf, SIGNERS } from '../../certificates/signers.ts';
import { targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

const HOUR = 60 * 60 * 1000;
/** How long requests are kept about which something was decided, and about which nothing was. */
const KEPT_DECIDED = HOUR;
const KEPT_PENDING = 24 * HOUR;

export interface RequestSnapshot {
  readonly request: CertificateSigningRequest;
  /** What was asked for. Throws when it can't be read. */
  readonly read: (pem: string) => CertificateRequest;
  /** When a certificate ends, in milliseconds since 1970. */
  readonly endOf: (pem: string) => number;
  readonly mayHave: (user: User, subresource: 'nodeclient' | 'selfnodeclient') => boolean;
  readonly date: Date;
}

export function planRequest(snapshot: RequestSnapshot): Plan {
  const { request, date } = snapshot;
  const target = targetOf(kinds.certificatesigningrequests, request);
  const ends = endOfLife(snapshot);
  const left = ends - date.getTime();
  if (left <= 0) return { ...NOTHING, actions: [{ do: 'delete', target, why: 'it is old, and nobody needs it' }] };
  const action = approval(snapshot) ?? signature(snapshot);
  return { actions: action ? [action] : [], reasons: [], after: left };
}

function endOfLife({ request, endOf }: RequestSnapshot): number {
  const { metadata, status } = request;
  const decided = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  const approved = status?.conditions?.find(({ type }) => type === 'Approved');
  const since = (time: string | undefined): number => Date.parse(time ?? metadata.creationTimestamp ?? '');
  if (decided) return since(decided.lastUpdateTime) + KEPT_DECIDED;
  const { certificate } = status ?? {};
  if (approved && certificate) {
    const end = endOf(Buffer.from(certificate, 'base64').toString());
    return Math.min(since(approved.lastUpdateTime) + KEPT_DECIDED, end);
  }
  return approved ? Infinity : since(metadata.creationTimestamp) + KEPT_PENDING;
}

/** An agent gets the certificate of its own node, and whoever brings nodes in that of any, without anybody being asked. */
function approval({ request, read, mayHave }: RequestSnapshot): Plan['actions'][0] | undefined {
  const { spec, status } = request;
  if (spec.signerName !== SIGNERS.nodeClient || (status?.conditions?.length ?? 0) > 0) return undefined;
  const wanted = tryRead(read, request);
  if (!wanted || refusalOf(spec.signerName, wanted, spec.usages ?? []) !== '') return undefined;
  const user: User = {
    name: spec.username ?? '',
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    groups: spec.groups ?? [],
    extra: spec.extra ?? {},
  };
  const isOwn = user.name === wanted.commonName && mayHave(user, 'selfnodeclient');
  if (!isOwn && !mayHave(user, 'nodeclient')) return undefined;
  const message = `Auto approving ${isOwn ? 'self ' : ''}kubelet client certificate after SubjectAccessReview.`;
  return {
    do: 'approve-certificate',
    target: targetOf(kinds.certificatesigningrequests, request),
    condition: { type: 'Approved', status: 'True', reason: 'AutoApproved', message },
    why: 'who asks may have certificates of nodes',
  };
}

function signature({ request, read, date }: RequestSnapshot): Plan['actions'][0] | undefined {
  const { spec, status } = request;
  const types = new Set(status?.conditions?.map(({ type }) => type));
  if (!types.has('Approved') || types.has('Denied') || types.has('Failed') || status?.certificate) return undefined;
  const target = targetOf(kinds.certificatesigningrequests, request);
  const wanted = tryRead(read, request);
  const refusal = wanted ? refusalOf(spec.signerName, wanted, spec.usages ?? []) : undefined;
  // Another signer's, who looks after it himself.
  if (refusal === undefined) return undefined;
  if (refusal === '') return { do: 'sign-certificate', target, request, why: 'it was approved' };
  const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: refusal };
  const at = formatTime(date.getTime());
  return { do: 'set-conditions', target, conditions: [condition], at, why: 'its signer signs no such request' };
}

/** Admission has read it before; what can't be read now is nothing to act on. */
function tryRead(read: RequestSnapshot['read'], { spec }: CertificateSigningRequest): CertificateRequest | undefined {
  try {
    return read(Buffer.from(spec.request, 'base64').toString());
  } catch {
    // Made by an earlier version with other rules: nobody signs it.
    return undefined;
  }
}
