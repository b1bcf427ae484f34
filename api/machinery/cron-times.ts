/** When a schedule is due, on the clocks of a time zone. */
import type { CronFields, Schedule } from './cron.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** What is not due within five years, such as the 31st of February, never is. */
const HORIZON = 5 * 366 * DAY;

/** What the clocks of a time zone show. Throws a RangeError for a zone that there is not. */
export class ZoneClock {
  private readonly format: Intl.DateTimeFormat;

  /** `zone` is a name of the IANA's, such as `Asia/Seoul`. */
  constructor(zone: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The shown time as if it were UTC's, in milliseconds since 1970. */
  shows(time: number): number {
    const parts = this.format.formatToParts(time);
    const value = (type: Intl.DateTimeFormatPartTypes): number =>
      Number(parts.find((part) => part.type === type)?.value);
    return Date.UTC(value('year'), value('month') - 1, value('day'), value('hour'), value('minute'), value('second'));
  }

  /** RFC 3339, with the offset that the zone has then. `time` is a whole second. */
  print(time: number): string {
    const shown = this.shows(time);
    const text = new Date(shown).toISOString().slice(0, 19);
    const minutes = Math.round((shown - time) / MINUTE);
    if (minutes === 0) return `${text}Z`;
    const two = (value: number): string => String(value).padStart(2, '0');
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    return `${text}${minutes < 0 ? '-' : '+'}${two(hours)}:${two(rest)}`;
  }
}

/**
 * The first time after `after` at which the schedule is due; undefined when it never is. In milliseconds since 1970. What
 * the clocks show twice is due twice, and what they leave out is left out, when summer time ends and begins.
 */
export function nextTime(schedule: Schedule, after: number, clock: ZoneClock): number | undefined {
  if (schedule.kind === 'interval') return (Math.floor(after / 1000) + schedule.seconds) * 1000;
  const end = after + HORIZON;
  let time = (Math.floor(after / MINUTE) + 1) * MINUTE;
  while (time < end) {
    const shown = new Date(clock.shows(time));
    const next = later(schedule, shown);
    if (next === undefined) return time;
    time = advance(time, shown.getTime(), next, clock);
  }
  return undefined;
}

/** The earliest that the clocks may show when it is due, if that is not now. */
function later(fields: CronFields, shown: Date): number | undefined {
  const [year, month, day] = [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()];
  const [hour, minute] = [shown.getUTCHours(), shown.getUTCMinutes()];
  if (!fields.months.includes(month + 1)) return Date.UTC(year, month + 1, 1);
  if (!isDueOn(fields, shown)) return Date.UTC(year, month, day + 1);
  if (!fields.hours.includes(hour)) return Date.UTC(year, month, day, hour + 1);
  if (fields.minutes.includes(minute)) return undefined;
  const next = fields.minutes.find((candidate) => candidate > minute);
  return Date.UTC(year, month, day, hour, next ?? 60);
}

function isDueOn(fields: CronFields, shown: Date): boolean {
  const ofMonth = fields.daysOfMonth.includes(shown.getUTCDate());
  const ofWeek = fields.daysOfWeek.includes(shown.getUTCDay());
  return fields.anyDayOfMonth || fields.anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** The time at which the clocks that show `shown` at `time` show `wanted` or first more; earlier where they are set back. */
function advance(time: number, shown: number, wanted: number, clock: ZoneClock): number {
  const guess = time + wanted - shown;
  const tooFar = clock.shows(guess) - wanted;
  if (tooFar <= 0) return guess;
  const better = guess - tooFar;
  return better > time && clock.shows(better) >= wanted ? better : guess;
}
