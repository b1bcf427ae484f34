/**
 * A node, its servers and the world around them, in steps of ten milliseconds: heartbeats that are lost or late, servers that
 * die and are restarted, an agent that is killed or hangs, a guard beside it, a process that does not freeze, clocks that run
 * at different speeds. Whatever happens, a pod that was given to another node executes nothing here from then on.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { leaseOf } from '../../../control-plane/composition/sessions.ts';
import { leaseLength } from '../../../control-plane/nodes/fencing.ts';
import { GUARD_MILLISECONDS } from '../../../node-agent/fence/lease-file.ts';
import { FREEZING_MILLISECONDS, planFence, type FencePlan, type Lease } from '../../../node-agent/fence/plan.ts';
import type { FreezerState } from '../../../node-agent/fence/freezer.ts';

const STEP = 10;
const TIMES = {
  heartbeatMilliseconds: 400,
  timeoutMilliseconds: 1600,
  fenceMilliseconds: 2000,
  doubtMilliseconds: 1600,
};
const LEASE = leaseLength(TIMES);
/** Timers of an agent that is not hung, and of its guard, are at most this late. */
const LATE = 200;
/** How far the clock of the node and that of a server drift apart. */
const DRIFT = 0.02;
/** The guard looks whether what it froze is frozen. */
const GUARD_CHECK = 200;

interface Course {
  /** Of each 100 ms: what happens in it. */
  readonly events: readonly (
    | 'none'
    | 'cut'
    | 'heal'
    | 'agent dies'
    | 'agent starts'
    | 'server stops'
    | 'server starts'
  )[];
  readonly agentLate: number;
  readonly guardLate: number;
  readonly speed: number;
  /** Milliseconds that a message is on its way. */
  readonly way: number;
  /** Whether the pod has a process that does not freeze. */
  readonly isStuck: boolean;
}

class World {
  readonly course: Course;
  /** Real time; servers keep it, the node's clock is `speed` times as fast. */
  now = 0;
  private isCut = false;
  private isServerUp = true;
  private agent: { lease: Lease | undefined; isConfirmed: boolean; nextAt: number; session: boolean } | undefined;
  /** What the guard reads. */
  private file: Lease | undefined;
  private heardAt = 0;
  private hasKey = false;
  private lostAt: number | undefined;
  private guardFrozeAt: number | undefined;
  private state: FreezerState = 'running';
  private stuckLeft = 0;
  /** What the agents here were told last. */
  private wasOurs = true;
  isReplaced = false;
  private readonly mail: { at: number; deliver: () => void }[] = [];

  constructor(course: Course) {
    this.course = course;
    this.agent = { lease: undefined, isConfirmed: false, nextAt: 0, session: false };
    this.state = 'frozen';
  }

  /** Whether the pod executes instructions of its own here. */
  get isRunning(): boolean {
    return this.state === 'running' || (this.state === 'freezing' && this.stuckLeft > 0);
  }

  step(): void {
    if (this.now % 100 === 0) this.happen(this.course.events[this.now / 100] ?? 'none');
    for (const letter of this.mail.filter(({ at }) => at <= this.now)) {
      this.mail.splice(this.mail.indexOf(letter), 1);
      letter.deliver();
    }
    if (this.agent && this.now >= this.agent.nextAt) this.agentActs(this.agent);
    this.guardActs();
    this.serversJudge();
    this.now += STEP;
  }

  private get uptime(): number {
    return this.now * this.course.speed;
  }

  private happen(event: Course['events'][number]): void {
    if (event === 'cut') this.isCut = true;
    if (event === 'heal') this.isCut = false;
    if (event === 'agent dies') this.agent = undefined;
    // It takes up what the one before it left.
    if (event === 'agent starts')
      this.agent ??= { lease: this.file, isConfirmed: false, nextAt: this.now, session: false };
    if (event === 'server stops') this.isServerUp = false;
    if (event === 'server stops' && this.agent) this.agent.session = false;
    if (event === 'server starts') this.isServerUp = true;
  }

  private send(deliver: () => void): void {
    const isLost = this.isCut;
    if (!isLost) this.mail.push({ at: this.now + this.course.way, deliver: () => !this.isCut && deliver() });
  }

  private agentActs(agent: NonNullable<World['agent']>): void {
    const sentAt = this.uptime;
    this.send(() => {
      if (!this.isServerUp) return;
      // A session begins with what was taken from the node before it.
      this.hasKey = true;
      this.lostAt = undefined;
      this.heardAt = this.now;
      const isOurs = !this.isReplaced;
      this.send(() => {
        if (this.agent === agent) this.acknowledged(agent, sentAt, isOurs);
      });
    });
    this.carryOut(this.planned(agent));
    agent.nextAt = this.now + 50 + this.course.agentLate;
  }

  private acknowledged(agent: NonNullable<World['agent']>, sentAt: number, isOurs: boolean): void {
    agent.lease = { provenAt: Math.max(sentAt, agent.lease?.provenAt ?? -Infinity), milliseconds: LEASE };
    agent.isConfirmed = true;
    this.file = agent.lease;
    this.guardFrozeAt = undefined;
    this.wasOurs = isOurs;
    this.carryOut(this.planned(agent));
  }

  private planned({ lease, isConfirmed }: NonNullable<World['agent']>): FencePlan {
    const pods = [{ uid: 'db', state: this.state, isOurs: this.wasOurs }];
    return planFence({ now: this.uptime, lease, isConfirmed, pods });
  }

  private carryOut({ actions }: FencePlan): void {
    for (const { do: act } of actions) {
      if (act === 'freeze') this.freeze();
      else if (act === 'thaw') this.state = 'running';
      else this.state = 'absent';
    }
  }

  private freeze(): void {
    if (this.state !== 'running') return;
    this.state = this.course.isStuck ? 'freezing' : 'frozen';
    // Longer than anybody waits for it.
    this.stuckLeft = 100_000;
  }

  private guardActs(): void {
    if (!this.file || this.state === 'absent') return;
    const dueAt = this.file.provenAt + LEASE + GUARD_MILLISECONDS + this.course.guardLate;
    if (this.uptime < dueAt) return;
    if (this.guardFrozeAt === undefined) {
      this.freeze();
      this.guardFrozeAt = this.now;
    } else if (this.now >= this.guardFrozeAt + GUARD_CHECK && this.state === 'freezing') this.state = 'absent';
  }

  /** The quickest judgement: without steps, and a removal that takes no time. */
  private serversJudge(): void {
    if (this.hasKey && this.now - this.heardAt > TIMES.timeoutMilliseconds) {
      this.hasKey = false;
      this.lostAt = this.now;
    }
    if (!this.hasKey && this.lostAt !== undefined && this.now - this.lostAt >= TIMES.fenceMilliseconds)
      this.isReplaced = true;
  }
}

const course = fc.record<Course>({
  events: fc.array(
    fc.constantFrom(
      ...(['none', 'none', 'none', 'none', 'none', 'none'] as const),
      ...(['cut', 'heal', 'agent dies', 'agent starts', 'server stops', 'server starts'] as const),
    ),
    { minLength: 50, maxLength: 150 },
  ),
  agentLate: fc.integer({ min: 0, max: LATE }),
  guardLate: fc.integer({ min: 0, max: LATE }),
  speed: fc.double({ min: 1 - DRIFT, max: 1 + DRIFT, noNaN: true }),
  way: fc.integer({ min: 0, max: 30 }).map((steps) => steps * STEP),
  isStuck: fc.boolean(),
});

describe('a pod that must not run twice', () => {
  it('executes nothing here once it may run elsewhere, whatever happens to whom', function () {
    this.timeout(60_000);
    let replaced = 0;
    let ran = 0;
    fc.assert(
      fc.property(course, (drawn) => {
        const world = new World(drawn);
        for (const end = drawn.events.length * 100; world.now < end;) {
          world.step();
          if (world.isRunning) ran += 1;
          assert.ok(!(world.isReplaced && world.isRunning), `it runs here at ${world.now} ms, and elsewhere`);
        }
        if (world.isReplaced) replaced += 1;
      }),
      { numRuns: 1000 },
    );
    assert.ok(replaced > 20 && ran > 1000, `the courses led to ${replaced} replacements and ${ran} steps of running`);
  });

  it('leaves the agent and its guard enough time by the numbers', () => {
    const earliest = Math.min(TIMES.timeoutMilliseconds, TIMES.doubtMilliseconds) + TIMES.fenceMilliseconds;
    const guarded = (LEASE + GUARD_MILLISECONDS + LATE + GUARD_CHECK) * (1 + DRIFT);
    assert.ok(guarded < earliest, `${guarded} ms is not before ${earliest} ms`);
    assert.ok((LEASE + FREEZING_MILLISECONDS + LATE) * (1 + DRIFT) < earliest);
  });
});

describe('the length of the lease', () => {
  it('is what is left of the time to the replacement', () => {
    assert.equal(leaseLength(TIMES), 2400);
    assert.equal(leaseLength({ ...TIMES, fenceMilliseconds: 10_000 }), 10_400);
    assert.equal(leaseLength({ ...TIMES, timeoutMilliseconds: 5000 }), 2400, 'a server may be lost before its nodes');
  });

  it('counts with whichever end of a session comes first', () => {
    const flags = { heartbeat: 400, nodeTimeout: 1600, agentRestartTimeout: 10_000, fence: 2000 };
    assert.equal(leaseOf(flags), 2400);
    assert.equal(leaseOf({ ...flags, agentRestartTimeout: 1000 }), 1800);
  });

  it('is refused when heartbeats could not keep up with it', () => {
    assert.throws(() => leaseLength({ ...TIMES, fenceMilliseconds: 700 }), /--fence: 700 ms .* at least 800 ms/);
    assert.equal(leaseLength({ ...TIMES, fenceMilliseconds: 800 }), 1200);
  });
});
