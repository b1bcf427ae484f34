/** batch */
import type { batchKinds } from '../../kinds/batch.ts';
import { cronJobColumns, jobColumns } from '../batch.ts';
import type { ColumnsOf } from '../columns.ts';

export const batchColumns: ColumnsOf<typeof batchKinds> = {
  jobs: jobColumns,
  cronjobs: cronJobColumns,
};
