/** Tables of objects, as `kubectl get` shows them (meta.k8s.io/v1 Table). */
import { type Kind, kinds } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import type { ListMeta, TableColumnDefinition } from '../types/meta.v1.ts';
import { type Cell, type Column, type ColumnsOf, DEFAULT_COLUMNS, definitionOf } from './columns.ts';
import { admissionColumns } from './groups/admissionregistration.ts';
import { apiextensionsColumns } from './groups/apiextensions.ts';
import { appsColumns } from './groups/apps.ts';
import { autoscalingColumns } from './groups/autoscaling.ts';
import { certificatesColumns } from './groups/certificates.ts';
import { batchColumns } from './groups/batch.ts';
import { coordinationColumns } from './groups/coordination.ts';
import { coreColumns } from './groups/core.ts';
import { discoveryColumns } from './groups/discovery.ts';
import { eventsColumns } from './groups/events.ts';
import { policyColumns } from './groups/policy.ts';
import { rbacColumns } from './groups/rbac.ts';
import { apiregistrationColumns } from './groups/apiregistration.ts';
import { flowcontrolColumns } from './groups/flowcontrol.ts';
import { networkingColumns } from './groups/networking.ts';
import { nodeColumns } from './groups/node.ts';
import { resourceColumns } from './groups/resource.ts';
import { schedulingColumns } from './groups/scheduling.ts';
import { storageColumns } from './groups/storage.ts';

export interface TableRow {
  readonly cells: readonly Cell[];
  readonly object?: unknown;
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: readonly TableRow[];
}

/** The columns of each kind, a file a group in `groups/`. A kind that is served without a row here does not compile. */
const COLUMNS: ColumnsOf<typeof kinds> = {
  ...coreColumns,
  ...coordinationColumns,
  ...discoveryColumns,
  ...apiextensionsColumns,
  ...appsColumns,
  ...rbacColumns,
  ...batchColumns,
  ...autoscalingColumns,
  ...eventsColumns,
  ...networkingColumns,
  ...storageColumns,
  ...schedulingColumns,
  ...nodeColumns,
  ...flowcontrolColumns,
  ...resourceColumns,
  ...apiregistrationColumns,
  ...admissionColumns,
  ...policyColumns,
  ...certificatesColumns,
};

/** The rows are typed one by one; here they are looked at alike. */
const columnsByKind = new Map(
  Object.entries(COLUMNS).map(([key, columns]) => [
    kinds[key as keyof typeof kinds] as Kind,
    columns as unknown as readonly Column<KubeObject>[],
  ]),
);

function columnsOf(kind: Kind): readonly Column<KubeObject>[] {
  return kind.columns ?? columnsByKind.get(kind) ?? DEFAULT_COLUMNS;
}

export function columnDefinitions(kind: Kind): readonly TableColumnDefinition[] {
  return columnsOf(kind).map(definitionOf);
}

/** One cell a column. */
export function cellsOf(kind: Kind, object: KubeObject, now: Date): Cell[] {
  return columnsOf(kind).map(({ cell }) => cell(object, now));
}

/** `includeObject` makes what stands beside the cells of each object; nothing when absent. */
export function toTable(
  kind: Kind,
  objects: Iterable<KubeObject>,
  now: Date,
  options: { metadata?: ListMeta; includeObject?: (object: KubeObject) => unknown } = {},
): Table {
  const rows = Array.from(objects, (object): TableRow => {
    const cells = cellsOf(kind, object, now);
    return options.includeObject ? { cells, object: options.includeObject(object) } : { cells };
  });
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata ?? {},
    columnDefinitions: columnDefinitions(kind),
    rows,
  };
}
