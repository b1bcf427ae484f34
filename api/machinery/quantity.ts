/**
 * Resource quantities such as `100m`, `1.5Gi` and `1e3`, exact to a billionth, with Kubernetes' canonical form.
 *
 * Objects hold quantities as text; what is compared or summed often (a scheduler's snapshot) should keep numbers made
 * once with {@link milliOf} or {@link bytesOf}.
 */

/** How a quantity wants to be written: `1M`, `1Mi` or `1e6`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** Billionths. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/;
const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";
const ROUGH_PATTERN = /^[+-]?(\d+(\.\d*)?|\.\d+)([eEinumkKMGTP]+[-+]?\d*|[-+]\d*)?$/;

const DECIMAL_EXPONENTS = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const DECIMAL_SUFFIXES = new Map([...DECIMAL_EXPONENTS].map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const NANO = 1_000_000_000n;
const MAX_BINARY = (2n ** 63n - 1n) * NANO;
const MAX_LENGTH = 128;
/** Beyond this nothing measurable is meant, and the arithmetic would only cost. */
const MAX_EXPONENT = 40;

/** Throws {@link QuantityError} with Kubernetes' wording. */
export function parseQuantity(text: string): Quantity {
  const match = text.length > MAX_LENGTH ? null : PATTERN.exec(text);
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match ?? [];
  if (!match || whole + fraction === '')
    throw new QuantityError(ROUGH_PATTERN.test(text) ? WRONG_SUFFIX : WRONG_FORMAT);
  const digits = BigInt(whole + fraction);
  const format = formatOf(exponent, suffix);
  let nanos: bigint;
  if (format === 'BinarySI') {
    nanos = shift(digits * 1024n ** BigInt(BINARY_SUFFIXES.indexOf(suffix)), 9 - fraction.length);
    if (nanos > MAX_BINARY) nanos = MAX_BINARY;
  } else {
    const power = exponent === undefined ? (DECIMAL_EXPONENTS.get(suffix) ?? 0) : Number(exponent.slice(1));
    if (Math.abs(power) > MAX_EXPONENT) throw new QuantityError(WRONG_SUFFIX);
    nanos = shift(digits, power + 9 - fraction.length);
  }
  const below1 = nanos < NANO && nanos > 0n;
  return {
    nanos: sign === '-' ? -nanos : nanos,
    format: format === 'BinarySI' && below1 ? 'DecimalSI' : format,
  };
}

function formatOf(exponent: string | undefined, suffix: string): QuantityFormat {
  if (exponent !== undefined) return 'DecimalExponent';
  return suffix.endsWith('i') ? 'BinarySI' : 'DecimalSI';
}

/** Times ten to the power; what is lost is rounded up, so that asking for a little never means asking for nothing. */
function shift(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  return divideUp(value, 10n ** BigInt(-power));
}

function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor > 0n ? quotient + 1n : quotient;
}

/** The canonical text: the largest suffix that leaves an integer. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos, format } = quantity;
  if (nanos === 0n) return '0';
  const magnitude = nanos < 0n ? -nanos : nanos;
  const sign = nanos < 0n ? '-' : '';
  const isBinary = format === 'BinarySI' && magnitude >= 1024n * NANO && magnitude % NANO === 0n;
  if (isBinary) return sign + binaryText(magnitude / NANO);
  return sign + decimalText(magnitude, format === 'DecimalExponent');
}

function binaryText(value: bigint): string {
  let power = 0;
  while (value % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    value /= 1024n;
    power += 1;
  }
  return `${value}${BINARY_SUFFIXES[power]}`;
}

function decimalText(nanos: bigint, asExponent: boolean): string {
  const highest = asExponent ? MAX_EXPONENT : 18;
  let exponent = -9;
  while (nanos % 1000n === 0n && exponent + 3 <= highest) {
    nanos /= 1000n;
    exponent += 3;
  }
  if (exponent === 0) return String(nanos);
  return asExponent ? `${nanos}e${exponent}` : `${nanos}${DECIMAL_SUFFIXES.get(exponent)}`;
}

/** Texts that can be seen to be canonical without arithmetic; nearly all that clients send are. */
const SURELY_CANONICAL = /^(0|(?!\d*000[mkMGTP]?$)[1-9]\d{0,11}[mkMGTP]?)$/;
const PERHAPS_CANONICAL = /^[1-9]\d{0,5}[KMGT]i$/;

/** The canonical form of a quantity's text. Throws {@link QuantityError}. */
export function canonicalQuantity(text: string): string {
  if (SURELY_CANONICAL.test(text)) return text;
  if (PERHAPS_CANONICAL.test(text) && Number.parseInt(text, 10) % 1024 !== 0) return text;
  return formatQuantity(parseQuantity(text));
}

/** Less than, equal to or greater than 0, as for sorting. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  if (a.nanos === b.nanos) return 0;
  return a.nanos < b.nanos ? -1 : 1;
}

/** The sum is written as `a` is, unless `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** As a floating-point number: `250m` is 0.25. */
export function toNumber(quantity: Quantity): number {
  return Number(quantity.nanos) / 1e9;
}

/** Thousandths, rounded up. */
export function toMilli(quantity: Quantity): number {
  return Number(divideUp(quantity.nanos, 1_000_000n));
}

/** Whole units, rounded up; bytes for memory and storage. */
export function toBytes(quantity: Quantity): number {
  return Number(divideUp(quantity.nanos, NANO));
}

const MILLI_OR_UNIT = /^\d{1,12}(m?)$/;

/** Thousandths of a quantity's text, rounded up: `1.5` is 1500. Throws {@link QuantityError}. */
export function milliOf(text: string): number {
  const simple = MILLI_OR_UNIT.exec(text);
  if (simple) return simple[1] === 'm' ? Number.parseInt(text, 10) : Number(text) * 1000;
  return toMilli(parseQuantity(text));
}

/** Whole units of a quantity's text, rounded up: `1Ki` is 1024. Throws {@link QuantityError}. */
export function bytesOf(text: string): number {
  return toBytes(parseQuantity(text));
}
