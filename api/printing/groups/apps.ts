/** apps */
import type { appsKinds } from '../../kinds/apps.ts';
import type { ColumnsOf } from '../columns.ts';
import {
  controllerRevisionColumns,
  daemonSetColumns,
  deploymentColumns,
  replicaSetColumns,
  statefulSetColumns,
} from '../workloads.ts';

export const appsColumns: ColumnsOf<typeof appsKinds> = {
  deployments: deploymentColumns,
  replicasets: replicaSetColumns,
  statefulsets: statefulSetColumns,
  daemonsets: daemonSetColumns,
  controllerrevisions: controllerRevisionColumns,
};
