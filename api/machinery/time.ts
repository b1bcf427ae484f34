/** Times in objects: RFC 3339 text, to the second (`Time`) or to the microsecond (`MicroTime`), in UTC. */

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;
const CANONICAL_TIME = /^\d{4}-(0[1-9]|1[0-2])-([01]\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** `2026-01-02T15:04:05Z`. */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** `2026-01-02T15:04:05.000000Z`; `microseconds` are those within the millisecond. */
export function formatMicroTime(milliseconds: number, microseconds = 0): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}${String(microseconds).padStart(3, '0')}Z`;
}

/** Milliseconds since 1970, with a fraction; NaN for what is no time. */
export function parseTime(text: string): number {
  const match = RFC3339.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const isReal =
    inRange(month, 1, 12) &&
    inRange(day, 1, daysIn(Number(year), Number(month))) &&
    Number(year) > 0 &&
    inRange(hour, 0, 23) &&
    inRange(minute, 0, 59) &&
    inRange(second, 0, 59);
  if (!isReal) return Number.NaN;
  const full = Number(year) < 100 ? new Date(utc).setUTCFullYear(Number(year)) : utc;
  return full - offsetOf(zone) + Number(fraction.padEnd(9, '0')) / 1e6;
}

function inRange(text: string | undefined, low: number, high: number): boolean {
  const value = Number(text);
  return value >= low && value <= high;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year < 100 ? year + 400 : year, month, 0)).getUTCDate();
}

function offsetOf(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  const offset = (hours * 60 + minutes) * 60_000;
  return zone.startsWith('-') ? -offset : offset;
}

/** The text as the API writes it, or undefined for what is no time. */
export function canonicalTime(text: string): string | undefined {
  if (CANONICAL_TIME.test(text)) return text;
  const time = parseTime(text);
  return Number.isNaN(time) || !hasFourDigitYear(time) ? undefined : formatTime(Math.floor(time));
}

export function canonicalMicroTime(text: string): string | undefined {
  const time = parseTime(text);
  if (Number.isNaN(time) || !hasFourDigitYear(time)) return undefined;
  const fraction = RFC3339.exec(text)?.[7] ?? '';
  return `${new Date(Math.floor(time)).toISOString().slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

function hasFourDigitYear(time: number): boolean {
  const year = new Date(Math.floor(time)).getUTCFullYear();
  return year >= 1 && year <= 9999;
}
