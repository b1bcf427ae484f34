import type { certificatesKinds } from '../../kinds/certificates.ts';
import { requestColumns } from '../certificates.ts';
import type { ColumnsOf } from '../columns.ts';

export const certificatesColumns: ColumnsOf<typeof certificatesKinds> = {
  certificatesigningrequests: requestColumns,
};
