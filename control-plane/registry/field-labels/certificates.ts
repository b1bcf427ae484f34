/** certificates.k8s.io */
import type { certificatesKinds } from '../../../api/kinds/certificates.ts';
import type { LabelsOf } from './field-reader.ts';

export const certificatesLabels: LabelsOf<typeof certificatesKinds> = {
  certificatesigningrequests: { 'spec.signerName': ({ spec }) => spec.signerName },
};
