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

/** What can be read of a text that may be damaged, without what is not below `limit`. */
export function readIndexRanges(text: string, limit: number): readonly IndexRange[] {
  const ranges: IndexRange[] = [];
  for (const fragment of text.split(',')) {
    const [, low, high = low] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(fragment) ?? [];
    if (low === undefined) continue;
    const [first, last] = [Number(low), Math.min(Number(high), limit - 1)];
    if (first <= last) ranges.push({ first, last });
  }
  return uniteIndexes(ranges);
}

/** Each index once, in rising order, in as few ranges as possible. */
export function uniteIndexes(...sets: readonly (readonly IndexRange[])[]): readonly IndexRange[] {
  const united: IndexRange[] = [];
  for (const range of sets.flat().toSorted((a, b) => a.first - b.first)) {
    const before = united.at(-1);
    if (!before || range.first > before.last + 1) united.push(range);
    else united[united.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return united;
}

export function indexRangesOf(indexes: Iterable<number>): readonly IndexRange[] {
  return uniteIndexes([...indexes].map((index) => ({ first: index, last: index })));
}

/** Of ranges in order. */
export function hasIndex(ranges: readonly IndexRange[], index: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.last < index) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low]!.first <= index;
}

/** How many indexes both hold. */
export function countShared(a: readonly IndexRange[], b: readonly IndexRange[]): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [left, right] = [a[i]!, b[j]!];
    shared += Math.max(0, Math.min(left.last, right.last) - Math.max(left.first, right.first) + 1);
    if (left.last <= right.last) i += 1;
    if (right.last <= left.last) j += 1;
  }
  return shared;
}

/** The first `count` indexes below `limit` that are in none of the ranges, which are in order. */
export function missingIndexes(ranges: readonly IndexRange[], count: number, limit: number): readonly number[] {
  const missing: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...ranges, { first: limit, last: limit }]) {
    for (; candidate < Math.min(first, limit) && missing.length < count; candidate += 1) missing.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return missing;
}

/** Such as `1,3-5,7`; two in a row stand apart. */
export function formatIndexRanges(ranges: readonly IndexRange[]): string {
  const texts = ranges.map(({ first, last }) => {
    if (first === last) return `${first}`;
    return `${first}${last === first + 1 ? ',' : '-'}${last}`;
  });
  return texts.join(',');
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
