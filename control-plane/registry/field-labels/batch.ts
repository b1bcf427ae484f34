/** batch */
import type { batchKinds } from '../../../api/kinds/batch.ts';
import type { LabelsOf } from './field-reader.ts';

export const batchLabels: LabelsOf<typeof batchKinds> = {
  jobs: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
};
