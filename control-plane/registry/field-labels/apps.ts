/** apps */
import type { appsKinds } from '../../../api/kinds/apps.ts';
import type { LabelsOf } from './field-reader.ts';

export const appsLabels: LabelsOf<typeof appsKinds> = {
  replicasets: { 'status.replicas': ({ status }) => String(status.replicas ?? 0) },
};
