/** A kubeconfig with one cluster and one user, everything embedded. */
import { stringify } from 'yaml';
import type { KeyPair } from '../../lib/certificates.ts';

export interface KubeconfigFields {
  /** Such as https://10.0.0.1:6443. */
  readonly url: string;
  /** The authority's certificate, as PEM. */
  readonly authority: string;
  readonly user: string;
  readonly client: KeyPair;
}

export function kubeconfigFor({ url, authority, user, client }: KubeconfigFields): string {
  const context = `${user}@dure`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'dure', cluster: { server: url, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(client.certificate), 'client-key-data': base64(client.key) },
      },
    ],
    contexts: [{ name: context, context: { cluster: 'dure', user } }],
    'current-context': context,
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
