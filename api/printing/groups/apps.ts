/** apps */
import type { appsKinds } from '../../kinds/apps.ts';
import type { ColumnsOf } from '../columns.ts';
import { deploymentColumns, replicaSetColumns } from '../workloads.ts';

export const appsColumns: ColumnsOf<typeof appsKinds> = {
  deployments: deploymentColumns,
  replicasets: replicaSetColumns,
};
