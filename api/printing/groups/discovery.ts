/** discovery.k8s.io */
import type { discoveryKinds } from '../../kinds/discovery.ts';
import type { ColumnsOf } from '../columns.ts';
import { endpointSliceColumns } from '../network.ts';

export const discoveryColumns: ColumnsOf<typeof discoveryKinds> = {
  endpointslices: endpointSliceColumns,
};
