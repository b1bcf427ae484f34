/** coordination.k8s.io */
import type { coordinationKinds } from '../../kinds/coordination.ts';
import { leaseColumns } from '../cluster.ts';
import type { ColumnsOf } from '../columns.ts';

export const coordinationColumns: ColumnsOf<typeof coordinationKinds> = {
  leases: leaseColumns,
};
