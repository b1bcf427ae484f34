/** What a kind's tables look like: a row here is a column there. */
import type { Kinds, ObjectOf } from '../kinds/kind.ts';
import type { KubeObject } from '../object.ts';
import type { TableColumnDefinition } from '../schema/types/meta.v1.ts';
import { since } from './duration.ts';

export interface Column<T extends KubeObject> {
  readonly name: string;
  readonly description: string;
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  /** Shown only when wide output is asked for. */
  readonly wide?: boolean;
  /** Instead of `wide`, a number above zero for the same. */
  readonly priority?: number;
  readonly cell: (object: T, now: Date) => Cell;
}

/** null is shown as nothing at all. */
export type Cell = string | number | boolean | null;

/** The columns of each row of a table of kinds. */
export type ColumnsOf<Table extends Kinds> = { readonly [Key in keyof Table]: readonly Column<ObjectOf<Table[Key]>>[] };

export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  description: 'Name of the object, unique within its namespace.',
  cell: ({ metadata }) => metadata.name ?? '',
};

export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  description: 'Time since the object was created.',
  cell: ({ metadata }, now) => since(metadata.creationTimestamp, now),
};

/** For kinds without columns of their own. */
export const createdAtColumn: Column<KubeObject> = {
  name: 'Created At',
  description: 'When the object was created.',
  cell: ({ metadata }) => metadata.creationTimestamp ?? '',
};

export const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [nameColumn, createdAtColumn];

export function definitionOf<T extends KubeObject>({
  name,
  description,
  type,
  format,
  wide,
  priority,
}: Column<T>): TableColumnDefinition {
  return {
    name,
    type: type ?? 'string',
    format: format ?? (name === 'Name' ? 'name' : ''),
    description,
    priority: priority ?? (wide ? 1 : 0),
  };
}
