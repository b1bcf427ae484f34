/** certificates.k8s.io */
import type { certificatesKinds } from '../../../../api/kinds/certificates.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { certificateRequestStrategy } from '../certificates.ts';

export const certificatesStrategies: StrategiesOf<typeof certificatesKinds> = {
  certificatesigningrequests: certificateRequestStrategy,
};
