/** A column of a kind's tables. */
import type { KubeObject } from '../object.ts';

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
