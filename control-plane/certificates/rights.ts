/** Who may approve requests to a signer, and who may sign for it. */
import { CERTIFICATES_GROUP } from '../../api/kinds/certificates.ts';
import { decide, type Authorizer } from '../auth/authorizer.ts';
import type { User } from '../user.ts';

/** A right to `example.com/*` is one to every signer of the domain. */
export function mayActFor(
  authorizers: readonly Authorizer[],
  user: User,
  verb: 'approve' | 'sign',
  signerName: string,
): boolean {
  const [domain = ''] = signerName.split('/');
  return [signerName, `${domain}/*`].some((name) => {
    const resource = { group: CERTIFICATES_GROUP, namespace: '', resource: 'signers', subresource: '', name };
    return decide(authorizers, user, { verb, path: '', resource }).verdict === 'allow';
  });
}

/** Whether a user may have certificates for nodes without being asked about: his own or, as `nodeclient`, any. */
export function mayHaveNodeCertificate(
  authorizers: readonly Authorizer[],
  user: User,
  subresource: 'nodeclient' | 'selfnodeclient',
): boolean {
  const resource = {
    group: CERTIFICATES_GROUP,
    namespace: '',
    resource: 'certificatesigningrequests',
    subresource,
    name: '',
  };
  return decide(authorizers, user, { verb: 'create', path: '', resource }).verdict === 'allow';
}
