/** From one type to another, and `size`. */
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { durationOf, durationText, timestampIn, timestampOf, timestampText } from '../time.ts';
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listOf, mapOf, param, STRING, TIMESTAMP, UINT } from '../types.ts';
import { Duration, type ListValue, type MapValue, Timestamp, Uint, type Value } from '../values.ts';
import { checkedInt, checkedUint } from './operators.ts';

const A = param('A');
const B = param('B');

export function codePoints(text: string): number {
  // Without surrogates every character is one unit.
  if (!/[\ud800-\udfff]/.test(text)) return text.length;
  return Array.from(text).length;
}

function tenthOf([value]: readonly Value[]): number {
  const size = typeof value === 'string' || value instanceof Uint8Array ? value.length : 1;
  return Math.max(1, Math.ceil(size * 0.1));
}

const SIZES: readonly Overload[] = [overload, method].flatMap((make) => [
  make<[string]>('size', { params: [STRING], result: INT }, ([text]) => BigInt(codePoints(text))),
  make<[Uint8Array]>('size', { params: [BYTES], result: INT }, ([bytes]) => BigInt(bytes.length)),
  make<[ListValue]>('size', { params: [listOf(A)], result: INT }, ([list]) => BigInt(list.size)),
  make<[MapValue]>('size', { params: [mapOf(A, B)], result: INT }, ([map]) => BigInt(map.size)),
]);

function integerOf(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text))
    throw new EvaluationError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return BigInt(text.replace(/^\+/, ''));
}

function wholeOf(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new EvaluationError('integer overflow');
  return BigInt(Math.trunc(value));
}

function doubleOf(text: string): number {
  const special = /^[+-]?(?:inf|infinity)$/i.test(text)
    ? Number(`${text.startsWith('-') ? '-' : ''}Infinity`)
    : undefined;
  if (special !== undefined) return special;
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = text.trim() === text && text !== '' && /^[+-]?[\d.]/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new EvaluationError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return value;
}

/** As Go writes a float64 with `%g`-like shortness. */
export function doubleText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function boolOf(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new EvaluationError(`type conversion error from 'string' to 'bool'`);
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder's own words name no cause that an author of expressions could use.
    throw new EvaluationError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

export function timestampFrom(text: string): Timestamp {
  const value = timestampOf(text);
  if (!value) throw new EvaluationError(`invalid timestamp ${JSON.stringify(text)}`);
  return value;
}

export function durationFrom(text: string): Duration {
  const value = durationOf(text);
  if (!value) throw new EvaluationError(`time: invalid duration ${JSON.stringify(text)}`);
  return value;
}

function literalTime([text]: readonly (Value | undefined)[]): string | undefined {
  return typeof text === 'string' && !timestampOf(text) ? 'invalid timestamp argument' : undefined;
}

function literalDuration([text]: readonly (Value | undefined)[]): string | undefined {
  return typeof text === 'string' && !durationOf(text) ? 'invalid duration argument' : undefined;
}

function timeAt(seconds: bigint): Timestamp {
  const value = timestampIn(seconds * 1_000_000_000n);
  if (!value) throw new EvaluationError('timestamp overflow');
  return value;
}

export const conversions: readonly Overload[] = [
  ...SIZES,
  overload<[Value]>('dyn', { params: [DYN], result: DYN }, ([value]) => value),

  overload<[bigint]>('int', { params: [INT], result: INT }, ([value]) => value),
  overload<[Uint]>('int', { params: [UINT], result: INT }, ([{ value }]) => checkedInt(value)),
  overload<[number]>('int', { params: [DOUBLE], result: INT }, ([value]) => wholeOf(value)),
  overload<[string]>('int', { params: [STRING], result: INT, cost: tenthOf }, ([text]) => checkedInt(integerOf(text))),
  overload<[Timestamp]>('int', { params: [TIMESTAMP], result: INT }, ([{ nanos }]) => nanos / 1_000_000_000n),
  overload<[Duration]>('int', { params: [DURATION], result: INT }, ([{ nanos }]) => nanos),

  overload<[Uint]>('uint', { params: [UINT], result: UINT }, ([value]) => value),
  overload<[bigint]>('uint', { params: [INT], result: UINT }, ([value]) => checkedUint(value)),
  overload<[number]>('uint', { params: [DOUBLE], result: UINT }, ([value]) => checkedUint(wholeOf(value))),
  overload<[string]>('uint', { params: [STRING], result: UINT, cost: tenthOf }, ([text]) =>
    checkedUint(integerOf(text)),
  ),

  overload<[number]>('double', { params: [DOUBLE], result: DOUBLE }, ([value]) => value),
  overload<[bigint]>('double', { params: [INT], result: DOUBLE }, ([value]) => Number(value)),
  overload<[Uint]>('double', { params: [UINT], result: DOUBLE }, ([{ value }]) => Number(value)),
  overload<[string]>('double', { params: [STRING], result: DOUBLE, cost: tenthOf }, ([text]) => doubleOf(text)),

  overload<[string]>('string', { params: [STRING], result: STRING }, ([text]) => text),
  overload<[boolean]>('string', { params: [BOOL], result: STRING }, ([value]) => String(value)),
  overload<[bigint]>('string', { params: [INT], result: STRING }, ([value]) => String(value)),
  overload<[Uint]>('string', { params: [UINT], result: STRING }, ([{ value }]) => String(value)),
  overload<[number]>('string', { params: [DOUBLE], result: STRING }, ([value]) => doubleText(value)),
  overload<[Uint8Array]>('string', { params: [BYTES], result: STRING, cost: tenthOf }, ([bytes]) => utf8(bytes)),
  overload<[Timestamp]>('string', { params: [TIMESTAMP], result: STRING }, ([value]) => timestampText(value)),
  overload<[Duration]>('string', { params: [DURATION], result: STRING }, ([value]) => durationText(value)),

  overload<[Uint8Array]>('bytes', { params: [BYTES], result: BYTES }, ([value]) => value),
  overload<[string]>('bytes', { params: [STRING], result: BYTES, cost: tenthOf }, ([text]) =>
    new TextEncoder().encode(text),
  ),
  overload<[boolean]>('bool', { params: [BOOL], result: BOOL }, ([value]) => value),
  overload<[string]>('bool', { params: [STRING], result: BOOL }, ([text]) => boolOf(text)),

  overload<[Timestamp]>('timestamp', { params: [TIMESTAMP], result: TIMESTAMP }, ([value]) => value),
  overload<[string]>('timestamp', { params: [STRING], result: TIMESTAMP, checkLiterals: literalTime }, ([text]) =>
    timestampFrom(text),
  ),
  overload<[bigint]>('timestamp', { params: [INT], result: TIMESTAMP }, ([seconds]) => timeAt(seconds)),
  overload<[Duration]>('duration', { params: [DURATION], result: DURATION }, ([value]) => value),
  overload<[string]>('duration', { params: [STRING], result: DURATION, checkLiterals: literalDuration }, ([text]) =>
    durationFrom(text),
  ),
  overload<[bigint]>('duration', { params: [INT], result: DURATION }, ([nanos]) => new Duration(nanos)),
];
