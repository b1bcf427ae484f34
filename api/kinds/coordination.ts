/** coordination.k8s.io */
import type { Lease } from '../types/coordination.v1.ts';
import { kind } from './kind.ts';

export const coordinationKinds = {
  leases: kind<Lease>({
    group: 'coordination.k8s.io',
    kind: 'Lease',
    plural: 'leases',
    schema: 'io.k8s.api.coordination.v1.Lease',
  }),
};
