/** Sets of indexes as text, such as `1,3-5,7`: completed indexes of a Job, and those that make it succeed. */

export class IndexRangeError extends Error {
  override readonly name = 'IndexRangeError';
}

/** Both ends belong to it. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}

/** Each below `limit`, in rising order. Throws {@link IndexRangeError} in Kubernetes' words. */
export function parseIndexRanges(text: string, limit: number): IndexRange[] {
  const ranges: IndexRange[] = [];
  if (text === '') return ranges;
  for (const fragment of text.split(',')) {
    const range = parseRange(fragment, limit);
    const before = ranges.at(-1)?.last;
    if (before !== undefined && before >= range.first) throw outOfOrder(before, range.first);
    ranges.push(range);
  }
  return ranges;
}

export function countIndexes(ranges: readonly IndexRange[]): number {
  return ranges.reduce((total, { first, last }) => total + last - first + 1, 0);
}

/** The lowest index that both hold; undefined when there is none. */
export function sharedIndex(a: readonly IndexRange[], b: readonly IndexRange[]): number | undefined {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [left, right] = [a[i]!, b[j]!];
    if (left.first <= right.last && right.first <= left.last) return Math.max(left.first, right.first);
    if (left.first <= right.first) i += 1;
    else j += 1;
  }
  return undefined;
}

function parseRange(fragment: string, limit: number): IndexRange {
  const ends = fragment.split('-');
  if (ends.length > 2) {
    const why = 'violates the requirement that an index interval can have at most two parts separated by';
    throw new IndexRangeError(`the fragment ${JSON.stringify(fragment)} ${why} '-'`);
  }
  const first = parseIndex(ends[0] ?? '', limit);
  if (ends[1] === undefined) return { first, last: first };
  const last = parseIndex(ends[1], limit);
  if (first >= last) throw outOfOrder(first, last);
  return { first, last };
}

function parseIndex(text: string, limit: number): number {
  if (!/^\+?\d{1,10}$/.test(text)) {
    throw new IndexRangeError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  }
  if (Number(text) >= limit) throw new IndexRangeError(`too large index: ${JSON.stringify(text)}`);
  return Number(text);
}

function outOfOrder(previous: number, current: number): IndexRangeError {
  return new IndexRangeError(`non-increasing order, previous: ${previous}, current: ${current}`);
}
