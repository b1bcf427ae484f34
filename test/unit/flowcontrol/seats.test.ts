import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PriorityLevelConfigurationSpec } from '../../../api/types/flowcontrol.v1.ts';
import { SeatDemand } from '../../../control-plane/flowcontrol/demand.ts';
import { allocate, type Claim, limitsOf } from '../../../control-plane/flowcontrol/seats.ts';
import { RetryAfter } from '../../../control-plane/flowcontrol/retry-after.ts';
import { FakeClock } from '../../../lib/clock.ts';

function limited(
  shares: number,
  lendablePercent: number,
  borrowingLimitPercent?: number,
): PriorityLevelConfigurationSpec {
  const borrowing = borrowingLimitPercent === undefined ? {} : { borrowingLimitPercent };
  const limitResponse = { type: 'Reject' };
  return {
    type: 'Limited',
    limited: { nominalConcurrencyShares: shares, lendablePercent, limitResponse, ...borrowing },
  };
}

function claim(limits: Claim['limits'], needed: number, isExempt = false): Claim {
  return { limits, isExempt, demand: { highest: needed, average: needed, deviation: 0, smoothed: needed } };
}

describe('the seats of priority levels', () => {
  it('are divided by shares, lent and borrowed in percent', () => {
    const exempt = { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } };
    assert.deepEqual(limitsOf([exempt, limited(30, 33), limited(70, 50, 10)], 100), [
      { nominal: 0, lower: 0, upper: 100 },
      { nominal: 30, lower: 20, upper: 130 },
      { nominal: 70, lower: 35, upper: 77 },
    ]);
  });

  it('go to whoever needs them, but never those that a level keeps', () => {
    const limits = { nominal: 50, lower: 20, upper: 100 };
    assert.deepEqual(allocate([claim(limits, 500), claim(limits, 0)]).seats, [80, 20]);
    assert.deepEqual(allocate([claim(limits, 500), claim(limits, 500)]).seats, [50, 50]);
    const { seats } = allocate([claim(limits, 10), claim(limits, 10)]);
    assert.deepEqual(seats, [50, 50]);
  });

  it('are fewer by what the exempt take', () => {
    const limits = { nominal: 50, lower: 20, upper: 100 };
    const exempt = { nominal: 0, lower: 0, upper: 100 };
    assert.deepEqual(allocate([claim(exempt, 30, true), claim(limits, 50), claim(limits, 50)]).seats, [30, 35, 35]);
    assert.deepEqual(allocate([claim(exempt, 300, true), claim(limits, 50), claim(limits, 50)]).seats, [300, 20, 20]);
  });

  it('add up, and stay within the limits of each level', () => {
    const spec = fc
      .tuple(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 100 }),
        fc.option(fc.nat({ max: 300 }), { nil: undefined }),
      )
      .map(([shares, lendable, borrowing]) => limited(shares, lendable, borrowing));
    fc.assert(
      fc.property(fc.array(fc.tuple(spec, fc.nat({ max: 2000 })), { minLength: 1, maxLength: 12 }), (levels) => {
        const limits = limitsOf(
          levels.map(([level]) => level),
          600,
        );
        const claims = limits.map((limit, at) => claim(limit, levels[at]?.[1] ?? 0));
        const total = limits.reduce((sum, { nominal }) => sum + nominal, 0);
        const most = limits.reduce((sum, { upper }) => sum + upper, 0);
        const { seats } = allocate(claims);
        const given = seats.reduce((sum, count) => sum + count, 0);
        assert.ok(Math.abs(given - Math.min(total, most)) <= seats.length, `${given} of ${total}`);
        limits.forEach(({ nominal, lower, upper }, at) => {
          const count = seats[at] ?? 0;
          assert.ok(count >= lower && count <= upper, `${lower} <= ${count} <= ${upper}`);
          // Nobody has less than he was promised and needs because others borrow.
          assert.ok(count >= Math.min(nominal, levels[at]?.[1] ?? 0));
        });
      }),
    );
  });

  it('are reckoned by what was needed over a period, and for a while afterwards', () => {
    const clock = new FakeClock();
    const demand = new SeatDemand(clock);
    clock.advance(5000);
    demand.set(10);
    clock.advance(5000);
    assert.deepEqual(demand.summarize(), { highest: 10, average: 5, deviation: 5, smoothed: 10 });
    demand.set(0);
    clock.advance(10_000);
    const after = demand.summarize();
    assert.deepEqual([after.highest, after.average], [10, 0]);
    assert.ok(after.smoothed > 9 && after.smoothed < 10);
  });
});

describe('the wait that is asked for', () => {
  it('doubles while many are refused, to half a minute, and shrinks again', () => {
    const clock = new FakeClock();
    const wait = new RetryAfter(clock);
    const waits = new Set<number>();
    for (let second = 0; second < 120; second++) {
      for (let i = 0; i < 10; i++) waits.add(wait.refused());
      clock.advance(1000);
    }
    assert.deepEqual([...waits], [1, 2, 4, 8, 16, 32]);
    clock.advance(60_000);
    assert.equal(wait.refused(), 31);
  });
});
