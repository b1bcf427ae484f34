/** What a kind's tables look like: a row here is a column there. */
import type { Cell, Column } from '../kinds/column.ts';
import type { Kinds, ObjectOf } from '../kinds/kind.ts';
import type { KubeObject } from '../object.ts';
import type { TableColumnDefinition } from '../types/meta.v1.ts';
import { since } from './duration.ts';

export type { Cell, Column };

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
