import assert from 'node:assert/strict';

import fc from 'fast-check';

import { nextTime, ZoneClock } from '../../../api/machinery/cron-times.ts';
import { parseSchedule } from '../../../api/machinery/cron.ts';

/** The next few times, as the clocks of the zone show them. */
function times(text: string, after: string, { zone = 'UTC', count = 3 } = {}): string[] {
  const clock = new ZoneClock(zone);
  const schedule = parseSchedule(text);
  const found: string[] = [];
  for (let time: number | undefined = Date.parse(after); found.length < count;) {
    time = nextTime(schedule, time, clock);
    if (time === undefined) break;
    found.push(clock.print(time));
  }
  return found;
}

describe('times of a schedule', () => {
  it('are the minutes at which all fields match', () => {
    assert.deepEqual(times('*/20 9-10 * * *', '2026-01-01T09:20:00Z'), [
      '2026-01-01T09:40:00Z',
      '2026-01-01T10:00:00Z',
      '2026-01-01T10:20:00Z',
    ]);
    assert.deepEqual(times('0 0 1 */6 *', '2026-01-01T00:00:00Z'), [
      '2026-07-01T00:00:00Z',
      '2027-01-01T00:00:00Z',
      '2027-07-01T00:00:00Z',
    ]);
  });

  it('are on days that either field of days names', () => {
    assert.deepEqual(times('0 12 13 * FRI', '2026-02-01T00:00:00Z', { count: 4 }), [
      '2026-02-06T12:00:00Z',
      '2026-02-13T12:00:00Z',
      '2026-02-20T12:00:00Z',
      '2026-02-27T12:00:00Z',
    ]);
    assert.deepEqual(times('0 12 13 * *', '2026-02-01T00:00:00Z', { count: 1 }), ['2026-02-13T12:00:00Z']);
  });

  it('find leap days, and find no day that there is not', () => {
    assert.deepEqual(times('@yearly', '2026-01-01T00:00:00Z', { count: 1 }), ['2027-01-01T00:00:00Z']);
    assert.deepEqual(times('0 0 29 2 *', '2026-01-01T00:00:00Z', { count: 1 }), ['2028-02-29T00:00:00Z']);
    assert.deepEqual(times('0 0 31 2 *', '2026-01-01T00:00:00Z'), []);
  });

  it('leave out what the clocks leave out when summer time begins', () => {
    const zone = 'Europe/Berlin';
    assert.deepEqual(times('30 2 * * *', '2026-03-28T12:00:00Z', { zone, count: 2 }), [
      '2026-03-30T02:30:00+02:00',
      '2026-03-31T02:30:00+02:00',
    ]);
    assert.deepEqual(times('0 * * * *', '2026-03-29T00:30:00Z', { zone, count: 2 }), [
      '2026-03-29T03:00:00+02:00',
      '2026-03-29T04:00:00+02:00',
    ]);
  });

  it('come twice where the clocks show them twice when it ends', () => {
    const zone = 'Europe/Berlin';
    assert.deepEqual(times('30 2 * * *', '2026-10-24T12:00:00Z', { zone }), [
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:30:00+01:00',
      '2026-10-26T02:30:00+01:00',
    ]);
  });

  it('get past a midnight that there is not', () => {
    const zone = 'America/Asuncion';
    assert.deepEqual(times('0 1 * * *', '2023-09-30T12:00:00Z', { zone, count: 2 }), [
      '2023-10-01T01:00:00-03:00',
      '2023-10-02T01:00:00-03:00',
    ]);
  });

  it('of an interval are counted from whole seconds', () => {
    const clock = new ZoneClock('UTC');
    assert.equal(nextTime(parseSchedule('@every 90s'), 1500, clock), 91_000);
  });

  it('are what trying every minute finds', () => {
    const field = (low: number, high: number): fc.Arbitrary<string> =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: low, max: high }).map(String),
        fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      );
    const schedules = fc.tuple(field(0, 59), field(0, 23), field(1, 31), fc.constant('*'), field(0, 6));
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Kathmandu');
    const starts = fc.constantFrom(
      '2026-03-28T20:00:00Z',
      '2026-04-04T12:00:00Z',
      '2026-10-24T22:00:00Z',
      '2026-11-01T01:00:00Z',
    );
    const law = fc.property(schedules, zones, starts, (fields, zone, start) => {
      const schedule = parseSchedule(fields.join(' '));
      assert.ok(schedule.kind === 'calendar');
      const clock = new ZoneClock(zone);
      const after = Date.parse(start);
      const found = nextTime(schedule, after, clock) ?? Infinity;
      for (let time = after + 60_000; time < after + 12 * 3_600_000; time += 60_000) {
        const shown = new Date(clock.shows(time));
        const [ofMonth, ofWeek] = [
          schedule.daysOfMonth.includes(shown.getUTCDate()),
          schedule.daysOfWeek.includes(shown.getUTCDay()),
        ];
        const day = schedule.anyDayOfMonth || schedule.anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek;
        const isDue =
          day && schedule.hours.includes(shown.getUTCHours()) && schedule.minutes.includes(shown.getUTCMinutes());
        if (isDue) return assert.equal(found, time);
      }
      return assert.ok(found >= after + 12 * 3_600_000);
    });
    fc.assert(law, { numRuns: 60 });
  });
});
