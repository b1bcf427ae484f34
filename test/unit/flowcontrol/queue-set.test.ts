import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowCounts } from '../../../control-plane/flowcontrol/counts.ts';
import { deal } from '../../../control-plane/flowcontrol/dealer.ts';
import { QueueSet, type QueueSetConfig } from '../../../control-plane/flowcontrol/queue-set.ts';
import { FairRequest } from '../../../control-plane/flowcontrol/queue.ts';
import { ONE_SEAT, type Work, workOf } from '../../../control-plane/flowcontrol/work.ts';
import { FakeClock } from '../../../lib/clock.ts';

const QUEUING = { queues: 64, handSize: 4, queueLengthLimit: 50 };

/** A set of queues whose requests take as long as they say, and what became of them. */
class Simulation {
  readonly clock = new FakeClock();
  readonly counts = new FlowCounts('level', 'schema');
  readonly set: QueueSet;
  readonly refused: string[] = [];
  readonly answered: { readonly flow: string; readonly after: number }[] = [];
  /** Seat-milliseconds that each flow has had. */
  readonly served = new Map<string, number>();
  wanted = 0;

  constructor(config: QueueSetConfig) {
    this.set = new QueueSet({ config, clock: this.clock, onDemand: (seats) => (this.wanted = seats) });
  }

  /** Asks for something that takes `milliseconds`; calls `done` with how long it took together. */
  ask(flow: string, milliseconds: number, work: Work = ONE_SEAT, done?: () => void): FairRequest | string {
    const { clock, counts } = this;
    const begun = clock.now();
    const execute = (): void => {
      clock.after(milliseconds, () => {
        this.answered.push({ flow, after: clock.now() - begun });
        this.served.set(flow, (this.served.get(flow) ?? 0) + milliseconds * work.seats);
        this.set.finish(entered as FairRequest);
        done?.();
      });
    };
    const entered = this.set.enter({ flow, work, counts, execute });
    if (typeof entered === 'string') this.refused.push(flow);
    return entered;
  }

  /** Keeps `count` requests of a flow under way. */
  press(flow: string, count: number, milliseconds: number, work: Work = ONE_SEAT): void {
    const again = (): void => void this.ask(flow, milliseconds, work, again);
    for (let i = 0; i < count; i++) again();
  }

  longest(flow: string): number {
    return Math.max(...this.answered.filter((answer) => answer.flow === flow).map(({ after }) => after));
  }
}

describe('shuffle sharding', () => {
  it('deals each flow the same hand of different queues, and hardly two flows the same', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 1000 }),
        (flow, size, more) => {
          const hand = deal(flow, size + more, size);
          assert.equal(new Set(hand).size, size);
          assert.ok(hand.every((queue) => queue >= 0 && queue < size + more));
          assert.deepEqual(deal(flow, size + more, size), hand);
        },
      ),
    );
    const hands = Array.from({ length: 500 }, (_, i) =>
      deal(`flow ${i}`, 128, 6)
        .toSorted((a, b) => a - b)
        .join(),
    );
    assert.equal(new Set(hands).size, 500);
  });

  it('deals evenly', () => {
    const counts = Array.from({ length: 64 }, () => 0);
    for (let i = 0; i < 4000; i++)
      for (const queue of deal(`user ${i}`, 64, 8)) counts[queue] = (counts[queue] ?? 0) + 1;
    assert.ok(Math.min(...counts) > 400 && Math.max(...counts) < 600, counts.join());
  });
});

describe('a level that refuses', () => {
  it('carries out as many as it has seats for, and never makes anybody wait', () => {
    const level = new Simulation({ queuing: undefined, limit: 2 });
    for (let i = 0; i < 5; i++) level.ask('a', 10);
    assert.deepEqual([level.refused.length, level.counts.executing], [3, 2]);
    assert.equal(level.counts.rejected['concurrency-limit'], 3);
    level.clock.advance(10);
    assert.ok(level.set.isIdle);
    assert.notEqual(level.ask('a', 1), 'concurrency-limit');
  });

  it('gives what is wider than it is all it has, alone', () => {
    const level = new Simulation({ queuing: undefined, limit: 2 });
    const wide = { ...ONE_SEAT, seats: 5 };
    assert.notEqual(level.ask('a', 10, wide), 'concurrency-limit');
    assert.equal(level.ask('b', 10), 'concurrency-limit');
    level.clock.advance(10);
    level.ask('b', 10);
    assert.equal(level.ask('a', 10, wide), 'concurrency-limit');
  });
});

describe('fair queues', () => {
  const limit = 10;
  const level = (): Simulation => new Simulation({ queuing: QUEUING, limit });

  it('let requests through without delay as long as there are seats', () => {
    const { set, ask } = bound(level());
    for (let i = 0; i < limit; i++) assert.equal((ask('a', 5) as FairRequest).state, 'executing');
    assert.equal((ask('b', 5) as FairRequest).state, 'waiting');
    assert.equal(set.seatsInUse, limit);
  });

  it('keep the latency of who asks little, whatever others do', () => {
    const simulation = level();
    simulation.press('noisy', 150, 20);
    for (let i = 0; i < 100; i++) {
      simulation.clock.advance(50);
      simulation.ask('quiet', 20);
    }
    simulation.clock.advance(1000);
    // Its own 20 ms, and at the most until the next seat becomes free.
    assert.ok(simulation.longest('quiet') <= 60, `${simulation.longest('quiet')} ms`);
    assert.ok(!simulation.refused.includes('quiet'));
    assert.ok(simulation.longest('noisy') > 250);
  });

  it('give everybody who wants more than his share the same', () => {
    const simulation = level();
    // Long and short, wide and narrow: the seats over time count.
    simulation.press('many', 100, 10);
    simulation.press('few', 30, 10);
    simulation.press('long', 40, 40);
    simulation.press('wide', 20, 10, { ...ONE_SEAT, seats: 3 });
    simulation.clock.advance(20_000);
    const shares = [...simulation.served.values()].map((served) => served / 20_000);
    assert.equal(shares.length, 4);
    for (const share of shares) assert.ok(share > 0.75 * (limit / 4) && share < 1.25 * (limit / 4), shares.join(' '));
  });

  it('refuse what is beyond the queues of a flow, and of that flow alone', () => {
    const simulation = level();
    for (let i = 0; i < 1000; i++) simulation.ask('noisy', 1000);
    assert.equal(simulation.refused.length, 1000 - limit - QUEUING.handSize * QUEUING.queueLengthLimit);
    for (let i = 0; i < 50; i++) simulation.ask(`other ${i}`, 1);
    assert.ok(simulation.refused.every((flow) => flow === 'noisy'));
  });

  it('hold the seats of a change until its watchers have been told, without keeping its client waiting', () => {
    const simulation = level();
    const work = workOf({ verb: 'update', objects: 1, watchers: 1000 }, Infinity);
    assert.deepEqual(work, { seats: 1, finalSeats: 10, finalMilliseconds: 50 });
    simulation.ask('a', 5, work);
    simulation.ask('b', 5);
    simulation.clock.advance(5);
    assert.deepEqual(simulation.answered, [{ flow: 'a', after: 5 }]);
    simulation.clock.advance(49);
    assert.equal(simulation.answered.length, 1);
    simulation.clock.advance(6);
    assert.equal(simulation.answered.length, 2);
  });

  it('let who waited too long go, and the next in his place', () => {
    const simulation = level();
    for (let i = 0; i < limit; i++) simulation.ask('a', 100);
    const tired = simulation.ask('b', 1) as FairRequest;
    simulation.ask('b', 1);
    assert.ok(simulation.set.leave(tired));
    assert.ok(!simulation.set.leave(tired));
    simulation.clock.advance(101);
    assert.equal(simulation.answered.filter(({ flow }) => flow === 'b').length, 1);
    assert.equal(simulation.counts.rejected['time-out'], 1);
  });

  it('serve who waits when there are more seats, and when queues become fewer', () => {
    const simulation = level();
    simulation.set.configure({ queuing: QUEUING, limit: 0 });
    for (let i = 0; i < 20; i++) simulation.ask(`flow ${i}`, 10);
    assert.equal(simulation.counts.executing, 0);
    simulation.set.configure({ queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 }, limit: 20 });
    assert.equal(simulation.counts.executing, 20);
    simulation.set.configure({ queuing: undefined, limit: 20 });
    simulation.clock.advance(10);
    assert.ok(simulation.set.isIdle);
  });

  it('lose nobody and keep their limits, whatever happens', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('ask' as const),
        flow: fc.constantFrom('a', 'b', 'c'),
        takes: fc.integer({ min: 0, max: 30 }),
        seats: fc.integer({ min: 1, max: 4 }),
        watchers: fc.constantFrom(0, 0, 15, 200),
      }),
      fc.record({ do: fc.constant('leave' as const), which: fc.nat({ max: 40 }) }),
      fc.record({ do: fc.constant('pass' as const), milliseconds: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ do: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }),
    );
    const queuing = { queues: 4, handSize: 2, queueLengthLimit: 3 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const simulation = new Simulation({ queuing, limit: 6 });
        let limits = 6;
        const entered: FairRequest[] = [];
        let left = 0;
        for (const now of steps) {
          if (now.do === 'ask') {
            const { finalSeats, finalMilliseconds } = workOf({ verb: 'create', objects: 1, watchers: now.watchers }, 4);
            const request = simulation.ask(now.flow, now.takes, { seats: now.seats, finalSeats, finalMilliseconds });
            if (typeof request !== 'string') entered.push(request);
          } else if (now.do === 'leave') {
            const request = entered[now.which];
            if (request && simulation.set.leave(request)) left += 1;
          } else if (now.do === 'pass') {
            simulation.clock.advance(now.milliseconds);
          } else {
            limits = Math.max(limits, now.limit);
            simulation.set.configure({ queuing, limit: now.limit });
          }
          const { counts } = simulation;
          assert.ok(simulation.set.seatsInUse <= limits, 'more seats than there ever were');
          assert.equal(counts.executingSeats, simulation.set.seatsInUse);
          assert.equal(simulation.wanted >= simulation.set.seatsInUse, true);
          assert.ok(counts.waiting === 0 || simulation.set.seatsInUse > 0, 'nobody is served though some wait');
        }
        simulation.clock.advance(100_000);
        assert.equal(simulation.answered.length + left, entered.length);
        assert.ok(simulation.set.isIdle);
        const { waiting, waitingSeats, executing, executingSeats } = simulation.counts;
        assert.deepEqual([waiting, waitingSeats, executing, executingSeats, simulation.wanted], [0, 0, 0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});

function bound(simulation: Simulation): { set: QueueSet; ask: Simulation['ask'] } {
  return { set: simulation.set, ask: (...given) => simulation.ask(...given) };
}

describe('the work of a request', () => {
  it('is a seat for a hundred objects, for what the level allows', () => {
    const seats = (objects: number, most = Infinity): number =>
      workOf({ verb: 'list', objects, watchers: 0 }, most).seats;
    assert.deepEqual(
      [0, 100, 101, 950, 1e6].map((objects) => seats(objects)),
      [1, 1, 2, 10, 10],
    );
    assert.equal(seats(1e6, 3), 3);
    assert.equal(seats(1e6, 1), 1);
  });

  it('is the same for many watchers on fewer seats', () => {
    const work = (watchers: number, most: number): Work => workOf({ verb: 'patch', objects: 1, watchers }, most);
    assert.equal(work(9, 10), ONE_SEAT);
    const [narrow, broad] = [work(95, 2), work(95, 10)];
    assert.equal(narrow.finalSeats * narrow.finalMilliseconds, broad.finalSeats * broad.finalMilliseconds);
  });
});
