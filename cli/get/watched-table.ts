/** A table that changes: line by line, or in place on a terminal. */
import type { TableRow } from '../../api/printing/table.ts';
import type { TableColumnDefinition } from '../../api/types/meta.v1.ts';
import { Columns } from '../print/align.ts';
import { headCells, metadataOf, rowCells, type TableOptions } from '../print/table.ts';
import type { Output } from '../session.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchedTable {
  begin(rows: readonly TableRow[]): void;
  change(type: ChangeType, row: TableRow): void;
}

interface Heads {
  readonly columns: readonly TableColumnDefinition[];
  readonly options: TableOptions;
  readonly noHeaders: boolean;
  readonly output: Output;
}

const CLEAR_TO_END = '\u001B[J';
const LINE_END = '\u001B[K\n';

/** Each change is one more line, under heads that are printed once. */
export class PlainTable implements WatchedTable {
  private readonly heads: Heads & { readonly withEvents: boolean };
  private readonly layout = new Columns();
  private isBegun = false;

  constructor(options: Heads & { readonly withEvents: boolean }) {
    this.heads = options;
  }

  begin(rows: readonly TableRow[]): void {
    this.print(rows.map((row) => this.cells('ADDED', row)));
  }

  change(type: ChangeType, row: TableRow): void {
    this.print([this.cells(type, row)]);
  }

  private cells(type: ChangeType, row: TableRow): string[] {
    const { columns, options, withEvents } = this.heads;
    return [...(withEvents ? [type] : []), ...rowCells(columns, row, options)];
  }

  private print(rows: readonly string[][]): void {
    const { columns, options, noHeaders, withEvents, output } = this.heads;
    if (rows.length === 0) return;
    const heads = this.isBegun || noHeaders ? [] : [[...(withEvents ? ['EVENT'] : []), ...headCells(columns, options)]];
    this.isBegun = true;
    for (const line of this.layout.lines([...heads, ...rows])) output.write(`${line}\n`);
  }
}

/** The rows of what is there now; a deleted one stays, and says so. */
export class LiveTable implements WatchedTable {
  private readonly heads: Heads;
  private readonly rows = new Map<string, string[]>();
  private drawn = 0;

  constructor(options: Heads) {
    this.heads = options;
  }

  begin(rows: readonly TableRow[]): void {
    for (const row of rows) this.set(row);
    this.draw();
  }

  change(type: ChangeType, row: TableRow): void {
    if (type === 'DELETED') this.rows.delete(keyOf(row));
    else this.set(row);
    this.draw();
  }

  private set(row: TableRow): void {
    this.rows.set(keyOf(row), rowCells(this.heads.columns, row, this.heads.options));
  }

  /** Rows that the terminal has no room for are counted instead: what has scrolled away can't be redrawn. */
  private draw(): void {
    const { columns, options, noHeaders, output } = this.heads;
    const heads = noHeaders ? [] : [headCells(columns, options)];
    const lines = new Columns().lines([...heads, ...this.rows.values()]);
    const room = Math.max((output.rows ?? 24) - 1, 2);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
    const width = output.columns ?? 80;
    const up = this.drawn > 0 ? `\u001B[${this.drawn}A\r` : '';
    output.write(`${up}${shown.map((line) => line.slice(0, width) + LINE_END).join('')}${CLEAR_TO_END}`);
    this.drawn = shown.length;
  }
}

function keyOf(row: TableRow): string {
  const { namespace = '', name = '' } = metadataOf(row);
  return `${namespace}/${name}`;
}
