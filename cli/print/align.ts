/** Cells set in columns, as kubectl sets them. */

const PADDING = 3;
const MIN_WIDTH = 6;

/** Columns as wide as their widest cell, remembered, so that rows that come later stay under the same heads. */
export class Columns {
  private widths: readonly number[] = [];

  /** One line a row. The last cell of a row is not padded. */
  lines(rows: readonly (readonly string[])[]): string[] {
    const count = Math.max(this.widths.length, ...rows.map((row) => row.length));
    this.widths = Array.from({ length: count }, (_, at) =>
      Math.max(
        this.widths[at] ?? MIN_WIDTH,
        ...rows.map((row) => (row[at] === undefined ? 0 : widthOf(row[at]) + PADDING)),
      ),
    );
    return rows.map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : this.padded(cell, at))).join(''));
  }

  private padded(cell: string, at: number): string {
    return cell + ' '.repeat((this.widths[at] ?? 0) - widthOf(cell));
  }
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

/** Rows that are printed once. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  return new Columns().lines(rows);
}
