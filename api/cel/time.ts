/** Timestamps and durations from and to text. */
import { parseDuration } from '../machinery/duration.ts';
import { parseTime } from '../machinery/time.ts';
import { Duration, Timestamp } from './values.ts';

const NANOS = 1_000_000_000n;
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;
const MAX_DURATION = 2n ** 63n - 1n;

/** RFC 3339; undefined for what is none. */
export function timestampOf(text: string): Timestamp | undefined {
  const fraction = /[.](\d{1,9})\d*/.exec(text);
  const whole = fraction ? text.replace(fraction[0], '') : text;
  const milliseconds = parseTime(whole);
  if (Number.isNaN(milliseconds)) return undefined;
  return timestampIn(BigInt(milliseconds) * 1_000_000n + BigInt((fraction?.[1] ?? '').padEnd(9, '0')));
}

/** `2026-01-31`; undefined for what is none. */
export function dateOf(text: string): Timestamp | undefined {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? timestampOf(`${text}T00:00:00Z`) : undefined;
}

/** undefined outside of the years 1 to 9999. */
export function timestampIn(nanos: bigint): Timestamp | undefined {
  const seconds = floorDivide(nanos, NANOS);
  return seconds < MIN_SECONDS || seconds > MAX_SECONDS ? undefined : new Timestamp(nanos);
}

/** As Go writes them, such as `1h30m`; undefined for what is none. */
export function durationOf(text: string): Duration | undefined {
  const nanoseconds = parseDuration(text);
  return Number.isNaN(nanoseconds) ? undefined : durationIn(BigInt(nanoseconds));
}

export function durationIn(nanos: bigint): Duration | undefined {
  return nanos > MAX_DURATION || nanos < -MAX_DURATION ? undefined : new Duration(nanos);
}

export function timestampText({ nanos }: Timestamp): string {
  const seconds = floorDivide(nanos, NANOS);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${text}${fractionText(nanos - seconds * NANOS)}Z`;
}

/** Seconds, as CEL writes durations: `5400s`. */
export function durationText({ nanos }: Duration): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? '-' : ''}${magnitude / NANOS}${fractionText(magnitude % NANOS)}s`;
}

function fractionText(nanos: bigint): string {
  return nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
