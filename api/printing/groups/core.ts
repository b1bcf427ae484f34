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
import type { ColumnsOf } from '../columns.ts';
import { serviceColumns } from '../network.ts';
import { podColumns } from '../pods.ts';

export const coreColumns: ColumnsOf<typeof coreKinds> = {
  namespaces: namespaceColumns,
  nodes: nodeColumns,
  pods: podColumns,
  services: serviceColumns,
  configmaps: configMapColumns,
  secrets: secretColumns,
  serviceaccounts: serviceAccountColumns,
  events: eventColumns,
};
