/** The core group. */
import type { coreKinds } from '../../kinds/core.ts';
import {
  configMapColumns,
  eventColumns,
  namespaceColumns,
  nodeColumns,
  secretColumns,
  serviceAccountColumns,
} from '../cluster.ts';
import { type ColumnsOf, DEFAULT_COLUMNS } from '../columns.ts';
import { endpointsColumns, serviceColumns } from '../network.ts';
import { podColumns } from '../pods.ts';
import { resourceQuotaColumns } from '../policy.ts';
import { claimColumns, persistentVolumeColumns } from '../storage.ts';
import { podTemplateColumns, replicationControllerColumns } from '../workloads.ts';

export const coreColumns: ColumnsOf<typeof coreKinds> = {
  namespaces: namespaceColumns,
  nodes: nodeColumns,
  pods: podColumns,
  services: serviceColumns,
  configmaps: configMapColumns,
  secrets: secretColumns,
  serviceaccounts: serviceAccountColumns,
  events: eventColumns,
  endpoints: endpointsColumns,
  replicationcontrollers: replicationControllerColumns,
  podtemplates: podTemplateColumns,
  limitranges: DEFAULT_COLUMNS,
  resourcequotas: resourceQuotaColumns,
  persistentvolumes: persistentVolumeColumns,
  persistentvolumeclaims: claimColumns,
};
