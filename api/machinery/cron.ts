/** Schedules of five fields, as `CronJob.spec.schedule` has them. Wording of what is wrong is that of the cron package which Kubernetes uses. */
import { parseDuration } from './duration.ts';

export class CronError extends Error {
  override readonly name = 'CronError';
}

/** The minutes, hours, … at which something happens, in rising order. */
export interface CronFields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly daysOfWeek: readonly number[];
  /** A day counts when either kind of day says so, unless one of them was `*`: then the other decides. */
  readonly anyDayOfMonth: boolean;
  readonly anyDayOfWeek: boolean;
}

export type Schedule =
  | ({ readonly kind: 'calendar' } & CronFields)
  /** Every so often, from whenever it was first looked at. */
  | { readonly kind: 'interval'; readonly seconds: number };

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly [Bounds, Bounds, Bounds, Bounds, Bounds] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);
const EVERY = '@every ';
const NANOS_PER_SECOND = 1e9;

/** Throws {@link CronError}. A time zone in front is left out: it is for others to say whether there may be one. */
export function parseSchedule(text: string): Schedule {
  if (text === '') throw new CronError('empty spec string');
  const spec = text.replace(/^(CRON_)?TZ=\S*\s*/, '').trim();
  if (spec.startsWith(EVERY)) return parseInterval(spec);
  if (!spec.startsWith('@')) return parseFields(spec);
  const known = DESCRIPTORS.get(spec);
  if (known === undefined) throw new CronError(`unrecognized descriptor: ${spec}`);
  return parseFields(known);
}

function parseInterval(spec: string): Schedule {
  const nanoseconds = parseDuration(spec.slice(EVERY.length));
  if (Number.isNaN(nanoseconds)) {
    const quoted = JSON.stringify(spec.slice(EVERY.length));
    throw new CronError(`failed to parse duration ${spec}: time: invalid duration ${quoted}`);
  }
  return { kind: 'interval', seconds: Math.max(1, Math.floor(nanoseconds / NANOS_PER_SECOND)) };
}

function parseFields(spec: string): Schedule {
  const words = spec.split(/\s+/).filter((word) => word !== '');
  if (words.length !== FIELDS.length) {
    throw new CronError(`expected exactly 5 fields, found ${words.length}: [${words.join(' ')}]`);
  }
  const field = (index: 0 | 1 | 2 | 3 | 4): readonly number[] => parseField(words[index] ?? '', FIELDS[index]);
  return {
    kind: 'calendar',
    minutes: field(0),
    hours: field(1),
    daysOfMonth: field(2),
    months: field(3),
    daysOfWeek: field(4),
    anyDayOfMonth: isAny(words[2] ?? ''),
    anyDayOfWeek: isAny(words[4] ?? ''),
  };
}

/** A star with a step chooses. */
function isAny(word: string): boolean {
  return word.split(',').some((part) => /^[*?](\/1)?$/.test(part));
}

function parseField(word: string, bounds: Bounds): readonly number[] {
  const values = new Set<number>();
  for (const part of word.split(',')) {
    if (part !== '') addRange(values, part, bounds);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** `*`, `n`, `n-m`, each perhaps with `/step`. */
function addRange(values: Set<number>, part: string, bounds: Bounds): void {
  const [range = '', stepText, ...moreSteps] = part.split('/');
  const [lowText = '', highText, ...moreEnds] = range.split('-');
  const isStar = lowText === '*' || lowText === '?';
  if (!isStar && moreEnds.length > 0) throw new CronError(`too many hyphens: ${part}`);
  const low = isStar ? bounds.min : parseValue(lowText, bounds);
  let high = isStar ? bounds.max : highText === undefined ? low : parseValue(highText, bounds);
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${part}`);
  const step = stepText === undefined ? 1 : parseInteger(stepText);
  if (stepText !== undefined && highText === undefined) high = bounds.max;
  checkRange(low, high, step, bounds, part);
  for (let value = low; value <= high; value += step) values.add(value);
}

function checkRange(low: number, high: number, step: number, { min, max }: Bounds, part: string): void {
  if (low < min) throw new CronError(`beginning of range (${low}) below minimum (${min}): ${part}`);
  if (high > max) throw new CronError(`end of range (${high}) above maximum (${max}): ${part}`);
  if (low > high) throw new CronError(`beginning of range (${low}) beyond end of range (${high}): ${part}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${part}`);
}

function parseValue(text: string, { names = [] }: Bounds): number {
  const index = text === '' ? -1 : names.indexOf(text.toLowerCase());
  return index >= 0 ? index : parseInteger(text);
}

function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    throw new CronError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  const value = Number(text);
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`);
  return value;
}
