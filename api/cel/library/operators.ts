/** Operators that are functions of their values. `&&`, `||`, `?:`, indexing and `==` are known to the compiler. */
import { compare } from '../compare.ts';
import { EvaluationError } from '../errors.ts';
import { overload, type Overload } from '../functions.ts';
import { itemKey, scalarId } from '../compare.ts';
import { durationIn, timestampIn } from '../time.ts';
import { BOOL, BYTES, DOUBLE, DURATION, INT, listOf, param, STRING, TIMESTAMP, UINT, type CelType } from '../types.ts';
import { type Duration, type ListValue, sizeOf, type Timestamp, Uint, type Value, ValueList } from '../values.ts';

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

export function checkedInt(value: bigint): bigint {
  if (value > MAX_INT || value < MIN_INT) throw new EvaluationError('integer overflow');
  return value;
}

export function checkedUint(value: bigint): Uint {
  if (value > MAX_UINT || value < 0n) throw new EvaluationError('unsigned integer overflow');
  return new Uint(value);
}

function checkedDuration(nanos: bigint): Duration {
  const duration = durationIn(nanos);
  if (!duration) throw new EvaluationError('duration overflow');
  return duration;
}

function checkedTimestamp(nanos: bigint): Timestamp {
  const timestamp = timestampIn(nanos);
  if (!timestamp) throw new EvaluationError('timestamp overflow');
  return timestamp;
}

function nonZero(divisor: bigint, what: string): bigint {
  if (divisor === 0n) throw new EvaluationError(what);
  return divisor;
}

const A = param('A');

function textCost([a, b]: readonly Value[]): number {
  return Math.ceil((sizeOf(a) + sizeOf(b)) * 0.1);
}

/** The same operation on ints, uints and doubles. */
function arithmetic(
  name: string,
  integer: (a: bigint, b: bigint) => bigint,
  double: ((a: number, b: number) => number) | undefined,
): Overload[] {
  const rows = [
    overload<[bigint, bigint]>(name, { params: [INT, INT], result: INT }, ([a, b]) => checkedInt(integer(a, b))),
    overload<[Uint, Uint]>(name, { params: [UINT, UINT], result: UINT }, ([a, b]) =>
      checkedUint(integer(a.value, b.value)),
    ),
  ];
  if (!double) return rows;
  const signature = { params: [DOUBLE, DOUBLE], result: DOUBLE };
  return [...rows, overload<[number, number]>(name, signature, ([a, b]) => double(a, b))];
}

/** Lists of a set or of items with keys take what is new, and for keys, replace what is there. */
function concat(a: ListValue, b: ListValue): ListValue {
  const { identity } = a;
  if (identity === undefined) return new ValueList([...a, ...b]);
  const idOf = identity === 'set' ? scalarId : (item: Value) => itemKey(item, identity);
  const merged = new Map([...a].map((item) => [idOf(item), item]));
  for (const item of b) merged.set(idOf(item), item);
  return new ValueList([...merged.values()]);
}

const ADDITIONS: readonly Overload[] = [
  ...arithmetic(
    '_+_',
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  overload<[string, string]>('_+_', { params: [STRING, STRING], result: STRING, cost: textCost }, ([a, b]) => a + b),
  overload<[Uint8Array, Uint8Array]>('_+_', { params: [BYTES, BYTES], result: BYTES, cost: textCost }, ([a, b]) =>
    Uint8Array.from([...a, ...b]),
  ),
  overload<[ListValue, ListValue]>(
    '_+_',
    { params: [listOf(A), listOf(A)], result: listOf(A), cost: textCost },
    ([a, b]) => concat(a, b),
  ),
  overload<[Duration, Duration]>('_+_', { params: [DURATION, DURATION], result: DURATION }, ([a, b]) =>
    checkedDuration(a.nanos + b.nanos),
  ),
  overload<[Timestamp, Duration]>('_+_', { params: [TIMESTAMP, DURATION], result: TIMESTAMP }, ([a, b]) =>
    checkedTimestamp(a.nanos + b.nanos),
  ),
  overload<[Duration, Timestamp]>('_+_', { params: [DURATION, TIMESTAMP], result: TIMESTAMP }, ([a, b]) =>
    checkedTimestamp(a.nanos + b.nanos),
  ),
];

const SUBTRACTIONS: readonly Overload[] = [
  ...arithmetic(
    '_-_',
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  overload<[Duration, Duration]>('_-_', { params: [DURATION, DURATION], result: DURATION }, ([a, b]) =>
    checkedDuration(a.nanos - b.nanos),
  ),
  overload<[Timestamp, Timestamp]>('_-_', { params: [TIMESTAMP, TIMESTAMP], result: DURATION }, ([a, b]) =>
    checkedDuration(a.nanos - b.nanos),
  ),
  overload<[Timestamp, Duration]>('_-_', { params: [TIMESTAMP, DURATION], result: TIMESTAMP }, ([a, b]) =>
    checkedTimestamp(a.nanos - b.nanos),
  ),
];

const ORDERED: readonly CelType[] = [INT, UINT, DOUBLE, BOOL, STRING, BYTES, TIMESTAMP, DURATION];
const NUMERIC: readonly CelType[] = [INT, UINT, DOUBLE];

function shorterCost([a, b]: readonly Value[]): number {
  return Math.max(1, Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * 0.1));
}

function ordering(name: string, holds: (order: number) => boolean): Overload[] {
  const same = ORDERED.map((type): [CelType, CelType] => [type, type]);
  const mixed = NUMERIC.flatMap((a) => NUMERIC.filter((b) => b !== a).map((b): [CelType, CelType] => [a, b]));
  return [...same, ...mixed].map((params) => {
    const cost = params[0] === STRING || params[0] === BYTES ? shorterCost : undefined;
    return overload(name, { params, result: BOOL, ...(cost ? { cost } : {}) }, ([a = null, b = null]) =>
      holds(compare(a, b) ?? Number.NaN),
    );
  });
}

export const operators: readonly Overload[] = [
  ...ADDITIONS,
  ...SUBTRACTIONS,
  ...arithmetic(
    '_*_',
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  ...arithmetic(
    '_/_',
    (a, b) => a / nonZero(b, 'division by zero'),
    (a, b) => a / b,
  ),
  ...arithmetic('_%_', (a, b) => a % nonZero(b, 'modulus by zero'), undefined),
  overload<[boolean]>('!_', { params: [BOOL], result: BOOL }, ([a]) => !a),
  overload<[bigint]>('-_', { params: [INT], result: INT }, ([a]) => checkedInt(-a)),
  overload<[number]>('-_', { params: [DOUBLE], result: DOUBLE }, ([a]) => -a),
  ...ordering('_<_', (order) => order < 0),
  ...ordering('_<=_', (order) => order <= 0),
  ...ordering('_>_', (order) => order > 0),
  ...ordering('_>=_', (order) => order >= 0),
];
