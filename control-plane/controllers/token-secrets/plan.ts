/** What to do about one secret that is to hold the token of a service account. */
import { kinds } from '../../../api/kinds.ts';
import type { Secret, ServiceAccount } from '../../../api/types/core.v1.ts';
import { targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

export const TOKEN_SECRET = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

export interface TokenSecretSnapshot {
  readonly secret: Secret;
  readonly account: ServiceAccount | undefined;
  /** PEM. */
  readonly certificate: string;
}

export function planTokenSecret({ secret, account, certificate }: TokenSecretSnapshot): Plan {
  const { namespace = '', annotations = {}, resourceVersion = '' } = secret.metadata;
  const target = targetOf(kinds.secrets, secret);
  const name = annotations[ACCOUNT_NAME] ?? '';
  const uid = annotations[ACCOUNT_UID] ?? '';
  if (!account || (uid !== '' && uid !== account.metadata.uid)) {
    const owner = { kind: kinds.serviceaccounts, namespace, name, uid };
    const why = 'its service account is gone';
    const propagationPolicy = 'Background' as const;
    return {
      ...NOTHING,
      actions: [{ do: 'collect', target, owners: [owner], propagationPolicy, resourceVersion, why }],
    };
  }
  const { data = {} } = secret;
  const isFilled =
    uid !== '' &&
    data['token'] !== undefined &&
    data['namespace'] === base64(namespace) &&
    data['ca.crt'] === base64(certificate);
  if (isFilled) return NOTHING;
  return { ...NOTHING, actions: [{ do: 'fill-token', target, account, certificate, why: 'it has no token yet' }] };
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
