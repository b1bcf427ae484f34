/** The parts of timestamps and durations. Without a time zone, UTC. */
import { EvaluationError } from '../errors.ts';
import { method, type Overload } from '../functions.ts';
import { DURATION, INT, STRING, TIMESTAMP } from '../types.ts';
import type { Duration, Timestamp } from '../values.ts';

const DAY_MILLISECONDS = 86_400_000;

const PARTS: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDayOfYear: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MILLISECONDS),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDate: (date) => date.getUTCDate(),
  getDayOfWeek: (date) => date.getUTCDay(),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

const DURATION_PARTS: Readonly<Record<string, (nanos: bigint) => bigint>> = {
  getHours: (nanos) => nanos / 3_600_000_000_000n,
  getMinutes: (nanos) => nanos / 60_000_000_000n,
  getSeconds: (nanos) => nanos / 1_000_000_000n,
  getMilliseconds: (nanos) => (nanos / 1_000_000n) % 1000n,
};

function utc({ nanos }: Timestamp): Date {
  const milliseconds = nanos / 1_000_000n;
  return new Date(Number(nanos % 1_000_000n < 0n ? milliseconds - 1n : milliseconds));
}

/** A date whose UTC parts are the time in the zone: a fixed offset such as `-02:30`, or a zone's name. */
function inZone(timestamp: Timestamp, zone: string): Date {
  const date = utc(timestamp);
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return new Date(date.getTime() + (fixed[1] === '-' ? -minutes : minutes) * 60_000);
  }
  return new Date(date.getTime() + offsetOf(date, zone));
}

function offsetOf(date: Date, zone: string): number {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    const name = format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const match = /([+-])(\d\d):(\d\d)/.exec(name);
    if (!match) return 0;
    const minutes = Number(match[2]) * 60 + Number(match[3]);
    return (match[1] === '-' ? -minutes : minutes) * 60_000;
  } catch (error) {
    throw new EvaluationError(`unknown time zone ${zone}: ${(error as Error).message}`);
  }
}

export const timeLibrary: readonly Overload[] = [
  ...Object.entries(PARTS).flatMap(([name, part]) => [
    method<[Timestamp]>(name, { params: [TIMESTAMP], result: INT }, ([time]) => BigInt(part(utc(time)))),
    method<[Timestamp, string]>(name, { params: [TIMESTAMP, STRING], result: INT }, ([time, zone]) =>
      BigInt(part(inZone(time, zone))),
    ),
  ]),
  ...Object.entries(DURATION_PARTS).map(([name, part]) =>
    method<[Duration]>(name, { params: [DURATION], result: INT }, ([{ nanos }]) => part(nanos)),
  ),
];
