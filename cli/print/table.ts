/** The server's tables as text. */
import type { TableRow } from '../../api/printing/table.ts';
import type { ListMeta, TableColumnDefinition } from '../../api/types/meta.v1.ts';
import type { Resource } from '../discovery.ts';

export const TABLE_TYPE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** As it came from the server. */
export interface Table {
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: TableRow[];
}

export interface TableOptions {
  readonly wide: boolean;
  readonly withNamespace: boolean;
  readonly showLabels: boolean;
  readonly labelColumns: readonly string[];
  /** Set in front of each name, such as `pod/`. */
  readonly namePrefix: string;
}

interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

type Definitions = readonly TableColumnDefinition[];

export function headCells(columns: Definitions, options: TableOptions): string[] {
  return [
    ...(options.withNamespace ? ['NAMESPACE'] : []),
    ...columns.filter(({ priority }) => isShown(priority, options)).map(({ name }) => name.toUpperCase()),
    ...options.labelColumns.map((label) => label.slice(label.lastIndexOf('/') + 1).toUpperCase()),
    ...(options.showLabels ? ['LABELS'] : []),
  ];
}

export function rowCells(columns: Definitions, row: TableRow, options: TableOptions): string[] {
  const { namespace = '', labels = {} } = metadataOf(row);
  const cells = columns.flatMap(({ name, priority }, at) => {
    if (!isShown(priority, options)) return [];
    const text = cellText(row.cells[at]);
    return [name === 'Name' ? options.namePrefix + text : text];
  });
  return [
    ...(options.withNamespace ? [namespace] : []),
    ...cells,
    ...options.labelColumns.map((label) => labels[label] ?? ''),
    ...(options.showLabels ? [labelsText(labels)] : []),
  ];
}

/** What is known of the object of a row; whatever the server sent along. */
export function metadataOf(row: TableRow): Metadata {
  return (row.object as { metadata?: Metadata } | undefined)?.metadata ?? {};
}

function isShown(priority: number, { wide }: TableOptions): boolean {
  return wide || priority === 0;
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '<none>';
  return typeof cell === 'object'
    ? JSON.stringify(cell)
    : (String(cell as string | number | boolean).split('\n', 1)[0] ?? '');
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

/** `pod/`, `deployment.apps/`. */
export function namePrefix({ singular, kind, group }: Resource): string {
  return `${singular || kind.toLowerCase()}${group === '' ? '' : `.${group}`}/`;
}

export function isTable(answer: unknown): answer is Table {
  return (answer as { kind?: string }).kind === 'Table';
}
