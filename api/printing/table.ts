/** Tables of objects, as `kubectl get` shows them (meta.k8s.io/v1 Table). */
import { type Kind, kinds } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import type { ListMeta, TableColumnDefinition } from '../schema/types/meta.v1.ts';
import {
  configMapColumns,
  eventColumns,
  leaseColumns,
  namespaceColumns,
  nodeColumns,
  secretColumns,
  serviceAccountColumns,
} from './cluster.ts';
import { type Column, createdAtColumn, definitionOf, nameColumn } from './columns.ts';
import { endpointSliceColumns, serviceColumns } from './network.ts';
import { podColumns } from './pods.ts';
import { deploymentColumns, replicaSetColumns } from './workloads.ts';

export interface TableRow {
  readonly cells: readonly (string | number)[];
  readonly object?: unknown;
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: readonly TableRow[];
}

const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [nameColumn, createdAtColumn];

type Plural = keyof typeof kinds;
type ObjectOf<P extends Plural> = NonNullable<(typeof kinds)[P]['object']>;

/** The columns of each kind. A kind that is served without a row here does not compile. */
const COLUMNS: { readonly [P in Plural]: readonly Column<ObjectOf<P>>[] } = {
  namespaces: namespaceColumns,
  nodes: nodeColumns,
  pods: podColumns,
  services: serviceColumns,
  configmaps: configMapColumns,
  secrets: secretColumns,
  serviceaccounts: serviceAccountColumns,
  events: eventColumns,
  leases: leaseColumns,
  endpointslices: endpointSliceColumns,
  deployments: deploymentColumns,
  replicasets: replicaSetColumns,
};

function columnsOf(kind: Kind): readonly Column<KubeObject>[] {
  const isKnown = Object.hasOwn(COLUMNS, kind.plural) && kinds[kind.plural as Plural].group === kind.group;
  // The rows are typed one by one; here they are looked at alike.
  return isKnown ? (COLUMNS[kind.plural as Plural] as unknown as readonly Column<KubeObject>[]) : DEFAULT_COLUMNS;
}

export function columnDefinitions(kind: Kind): readonly TableColumnDefinition[] {
  return columnsOf(kind).map(definitionOf);
}

/** One cell a column. */
export function cellsOf(kind: Kind, object: KubeObject, now: Date): (string | number)[] {
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
