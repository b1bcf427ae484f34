/** Elastic tab stops: cells that end in a tab are as wide as the widest in their block of lines. */

const PADDING = 2;

/** A column is a run of lines that have a cell there; each run has a width of its own. */
export function elastic(lines: readonly string[]): string[] {
  const rows = lines.map((line) => line.split('\t'));
  return layOut(rows, 0);
}

function layOut(rows: readonly string[][], column: number): string[] {
  const done: string[] = [];
  let at = 0;
  while (at < rows.length) {
    if ((rows[at]?.length ?? 0) <= column + 1) {
      done.push(rows[at]?.[column] ?? '');
      at++;
      continue;
    }
    let end = at;
    while ((rows[end]?.length ?? 0) > column + 1) end++;
    const block = rows.slice(at, end);
    const width = Math.max(...block.map((row) => row[column]?.length ?? 0)) + PADDING;
    const rest = layOut(block, column + 1);
    done.push(...block.map((row, index) => (row[column] ?? '').padEnd(width) + (rest[index] ?? '')));
    at = end;
  }
  return done;
}
