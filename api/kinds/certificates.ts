/** certificates.k8s.io */
import type { CertificateSigningRequest } from '../types/certificates.v1.ts';
import { kind } from './kind.ts';

export const CERTIFICATES_GROUP = 'certificates.k8s.io';
const REQUEST = 'io.k8s.api.certificates.v1.CertificateSigningRequest';

export const certificatesKinds = {
  certificatesigningrequests: kind<CertificateSigningRequest>({
    group: CERTIFICATES_GROUP,
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    shortNames: ['csr'],
    namespaced: false,
    status: true,
    subresources: [
      {
        name: 'approval',
        verbs: ['get', 'patch', 'update'],
        group: CERTIFICATES_GROUP,
        version: 'v1',
        kind: 'CertificateSigningRequest',
        schema: REQUEST,
      },
    ],
    schema: REQUEST,
  }),
};
