/** What the tokens of service accounts say. */
import type { Node, Pod, Secret, ServiceAccount } from '../../../api/types/core.v1.ts';
import type { JWTPayload } from '../../../lib/jose.ts';
import { accountGroups, accountUser, type User } from '../../user.ts';

export interface Reference {
  readonly name: string;
  readonly uid: string;
}

/** Under `kubernetes.io` in a token. */
export interface BoundClaims {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
  /** Seconds since 1970: from then on the token should have been replaced. */
  readonly warnafter?: number;
}

export interface AccountClaims extends JWTPayload {
  readonly 'kubernetes.io': BoundClaims;
}

/** What a token lives and dies with. */
export interface Binding {
  readonly pod?: Pod;
  readonly secret?: Secret;
  readonly node?: Node;
}

export const EXTRA = 'authentication.kubernetes.io/';

export function boundClaims(account: ServiceAccount, binding: Binding, warnafter: number | undefined): BoundClaims {
  const { pod, secret, node } = binding;
  return {
    namespace: account.metadata.namespace ?? '',
    serviceaccount: referenceTo(account),
    ...(pod ? { pod: referenceTo(pod) } : {}),
    ...(secret ? { secret: referenceTo(secret) } : {}),
    ...(node ? { node: referenceTo(node) } : {}),
    ...(warnafter === undefined ? {} : { warnafter }),
  };
}

function referenceTo({ metadata: { name = '', uid = '' } }: ServiceAccount | Pod | Secret | Node): Reference {
  return { name, uid };
}

/** undefined when they are not of the form that this server signs. */
export function readClaims(payload: JWTPayload): AccountClaims | undefined {
  const bound = payload['kubernetes.io'] as Partial<BoundClaims> | undefined;
  if (typeof bound !== 'object' || bound === null || typeof bound.namespace !== 'string') return undefined;
  const references = [bound.serviceaccount ?? {}, bound.pod, bound.secret, bound.node];
  const isSound = references.every((reference) => reference === undefined || isReference(reference));
  if (!isSound || payload.sub !== accountUser(bound.namespace, bound.serviceaccount?.name ?? '')) return undefined;
  return payload as AccountClaims;
}

function isReference(value: unknown): value is Reference {
  const { name, uid } = (value ?? {}) as Partial<Reference>;
  return typeof name === 'string' && typeof uid === 'string';
}

export function userOf({ jti, 'kubernetes.io': bound }: AccountClaims): User {
  const { namespace, serviceaccount, pod, node } = bound;
  const extra: Record<string, readonly string[]> = {};
  if (pod) Object.assign(extra, { [`${EXTRA}pod-name`]: [pod.name], [`${EXTRA}pod-uid`]: [pod.uid] });
  if (node) Object.assign(extra, { [`${EXTRA}node-name`]: [node.name], [`${EXTRA}node-uid`]: [node.uid] });
  if (jti !== undefined) extra[`${EXTRA}credential-id`] = [`JTI=${jti}`];
  return {
    name: accountUser(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: accountGroups(namespace),
    extra,
  };
}
