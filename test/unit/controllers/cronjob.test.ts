import assert from 'node:assert/strict';

import fc from 'fast-check';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { nextTime, ZoneClock } from '../../../api/machinery/cron-times.ts';
import { parseSchedule } from '../../../api/machinery/cron.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { CronJob, CronJobSpec, Job } from '../../../api/types/batch.v1.ts';
import { CronJobController } from '../../../control-plane/controllers/cronjob/cronjob.ts';
import { dueRun } from '../../../control-plane/controllers/cronjob/due.ts';
import { isFinished } from '../../../control-plane/controllers/job/verdict.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { settle, World } from './world.ts';

const MIDNIGHT = Date.parse('2026-01-01T00:00:00Z');

function aCronJob(spec: Partial<CronJobSpec> = {}, status: CronJob['status'] = {}): CronJob {
  return {
    metadata: { name: 'tidy', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      schedule: '*/10 * * * *',
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels: { app: 'tidy' }, annotations: { by: 'us' } },
        spec: { template: { metadata: {}, spec: { containers: [] } } },
      },
      ...spec,
    },
    status,
  };
}

class CronPlay {
  readonly world = new World();
  private runner: Runner | undefined;

  async begin(cronJob?: CronJob): Promise<void> {
    if (cronJob) this.world.of(kinds.cronjobs).seed(cronJob);
    this.runner = this.world.runner(new CronJobController({ registry: this.world, timeZone: 'UTC' }));
    await this.runner.start();
    await settle();
  }

  async end(): Promise<void> {
    const stopped = this.runner?.stop();
    await settle();
    await stopped;
  }

  cut(): void {
    void this.runner?.stop();
  }

  /** Another server, whose views hold everything, takes over. */
  async die(): Promise<void> {
    await this.end();
    this.world.deliver();
    await this.begin();
  }

  async pass(seconds: number): Promise<void> {
    this.world.clock.advance(seconds * 1000);
    await settle();
    await settle();
  }

  get cronJob(): CronJob {
    return this.world.all(kinds.cronjobs)[0]!;
  }

  get jobs(): readonly Job[] {
    return this.world.all(kinds.jobs);
  }

  get running(): readonly string[] {
    return this.jobs.filter((job) => !isFinished(job)).map(({ metadata }) => metadata.name ?? '');
  }

  get active(): readonly (string | undefined)[] {
    return (this.cronJob.status.active ?? []).map(({ name }) => name);
  }

  /** Without those that say that something was made. */
  get events(): readonly string[] {
    return this.world.events.map(({ reason }) => reason).filter((reason) => reason !== 'SuccessfulCreate');
  }

  async finish(name: string | undefined, type = 'Complete'): Promise<void> {
    if (name === undefined) return;
    const time = formatTime(this.world.clock.date().getTime());
    const status = { completionTime: time, startTime: time, conditions: [{ type, status: 'True' }] };
    await this.world
      .resource(kinds.jobs)
      .mutate('default', name, (job) => ({ ...job, status }), { subresource: 'status' });
    await settle();
  }

  async edit(spec: Partial<CronJobSpec>): Promise<void> {
    const change = (now: CronJob): CronJob => ({ ...now, spec: { ...now.spec, ...spec } });
    await this.world.resource(kinds.cronjobs).mutate('default', 'tidy', change);
    await settle();
  }
}

function nameAt(minutes: number): string {
  return `tidy-${MIDNIGHT / 60_000 + minutes}`;
}

describe('the run of a cron job that is due', () => {
  const due = (schedule: string, last: string, now: string, clock = new ZoneClock('UTC')): unknown => {
    const cronJob = aCronJob({ schedule }, { lastScheduleTime: last });
    const { time, missed } = dueRun(cronJob, { schedule: parseSchedule(schedule), clock }, Date.parse(now));
    return [time === undefined ? undefined : clock.print(time), missed];
  };

  it('is the latest since the last that was made', () => {
    const last = '2026-01-02T09:00:00Z';
    assert.deepEqual(due('0 9 * * *', last, '2026-01-03T08:59:59Z'), [undefined, 'none']);
    assert.deepEqual(due('0 9 * * *', last, '2026-01-03T09:00:00Z'), ['2026-01-03T09:00:00Z', 'none']);
    assert.deepEqual(due('0 9 * * 1-5', last, '2026-01-12T12:00:00Z'), ['2026-01-12T09:00:00Z', 'few']);
    assert.deepEqual(due('@every 90s', last, '2026-01-02T09:05:00Z'), ['2026-01-02T09:04:30Z', 'few']);
  });

  it('is found with few questions, however many runs were missed and however uneven they are', () => {
    let asked = 0;
    class Counting extends ZoneClock {
      override shows(time: number): number {
        asked += 1;
        return super.shows(time);
      }
    }
    const found = due('* * * 1 *', '2026-01-31T23:58:00Z', '2027-01-20T12:00:30Z', new Counting('UTC'));
    assert.deepEqual(found, ['2027-01-20T12:00:00Z', 'few']);
    assert.ok(asked < 1000, `asked ${asked} times`);
  });

  it('is what trying each finds', () => {
    const schedules = fc.constantFrom(
      '*/7 * * * *',
      '30 6-16/4 * * 1-5',
      '*/5 0 1 * *',
      '15,45 */3 */2 * *',
      '0 12 * * 0',
    );
    const start = Date.parse('2026-01-01T00:00:00Z');
    const law = fc.property(schedules, fc.nat(60 * 24 * 30), fc.nat(60 * 24 * 10), (text, after, later) => {
      const [schedule, clock] = [parseSchedule(text), new ZoneClock('UTC')];
      const [since, now] = [start + after * 60_000, start + (after + later) * 60_000];
      const cronJob = aCronJob({ schedule: text }, { lastScheduleTime: new Date(since).toISOString() });
      let last: number | undefined;
      for (let time = nextTime(schedule, since, clock); time !== undefined && time <= now;) {
        last = time;
        time = nextTime(schedule, time, clock);
      }
      assert.equal(dueRun(cronJob, { schedule, clock }, now).time, last);
    });
    fc.assert(law, { numRuns: 40 });
  });
});

describe('cron job controller', () => {
  let play: CronPlay;

  beforeEach(() => (play = new CronPlay()));
  afterEach(() => play.end());

  it('makes a job each time that it is due, called after the minute', async () => {
    await play.begin(aCronJob());
    await play.pass(600);
    assert.deepEqual(play.running, [], 'made before its time was surely over');
    await play.pass(0.1);
    assert.deepEqual(play.running, [nameAt(10)]);
    const [job] = play.jobs;
    assert.deepEqual(job?.metadata.annotations, {
      by: 'us',
      'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:10:00Z',
    });
    assert.deepEqual(job?.metadata.labels, { app: 'tidy' });
    assert.equal(job?.metadata.ownerReferences?.[0]?.controller, true);
    assert.deepEqual(play.active, [nameAt(10)]);
    assert.equal(play.cronJob.status.lastScheduleTime, '2026-01-01T00:10:00Z');
    await play.pass(600);
    assert.deepEqual(play.running, [nameAt(10), nameAt(20)]);
    assert.deepEqual(play.active, [nameAt(10), nameAt(20)]);
  });

  it('notes which jobs have ended, and keeps a few of them', async () => {
    await play.begin(aCronJob({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }));
    await play.pass(600.1);
    await play.finish(nameAt(10));
    assert.deepEqual(play.active, []);
    assert.equal(play.cronJob.status.lastSuccessfulTime, '2026-01-01T00:10:00Z');
    await play.pass(600);
    await play.finish(nameAt(20));
    assert.deepEqual(
      play.jobs.map(({ metadata }) => metadata.name),
      [nameAt(20)],
    );
    await play.pass(600);
    await play.finish(nameAt(30), 'Failed');
    assert.deepEqual(
      play.jobs.map(({ metadata }) => metadata.name),
      [nameAt(20)],
    );
    assert.equal(play.cronJob.status.lastSuccessfulTime, '2026-01-01T00:20:00Z');
    assert.deepEqual(play.events, [
      'SawCompletedJob',
      'SawCompletedJob',
      'SuccessfulDelete',
      'SawCompletedJob',
      'SuccessfulDelete',
    ]);
  });

  it('waits for the one before it, if so told, and then does not wait for the next time', async () => {
    await play.begin(aCronJob({ concurrencyPolicy: 'Forbid' }));
    await play.pass(600.1);
    await play.pass(720);
    assert.deepEqual(play.running, [nameAt(10)]);
    assert.ok(play.events.includes('JobAlreadyActive'));
    await play.finish(nameAt(10));
    assert.deepEqual(play.running, [nameAt(20)]);
  });

  it('replaces the one before it, if so told', async () => {
    await play.begin(aCronJob({ concurrencyPolicy: 'Replace' }));
    await play.pass(600.1);
    await play.pass(600);
    assert.deepEqual(play.running, [nameAt(20)]);
    assert.deepEqual(play.active, [nameAt(20)]);
    assert.deepEqual(play.events, ['SuccessfulDelete']);
  });

  it('makes nothing while it is suspended, and then only the latest of what was missed', async () => {
    await play.begin(aCronJob({ suspend: true }));
    await play.pass(3000);
    assert.deepEqual(play.jobs, []);
    await play.edit({ suspend: false });
    assert.deepEqual(play.running, [nameAt(50)]);
  });

  it('warns when it has missed more than a hundred, and goes on', async () => {
    await play.begin(aCronJob({ suspend: true, schedule: '* * * * *' }));
    await play.pass(60 * 150);
    await play.edit({ suspend: false });
    assert.deepEqual(play.running, [nameAt(150)]);
    assert.deepEqual(play.events, ['TooManyMissedTimes']);
  });

  it('does not begin later than it may', async () => {
    await play.begin(aCronJob({ suspend: true, startingDeadlineSeconds: 100 }));
    await play.pass(750);
    await play.edit({ suspend: false });
    assert.deepEqual(play.running, []);
    await play.pass(450.1);
    assert.deepEqual(play.running, [nameAt(20)]);
  });

  it('goes by the clocks of its time zone', async () => {
    await play.begin(aCronJob({ schedule: '30 9 * * *', timeZone: 'Asia/Seoul' }));
    await play.pass(1800.1);
    assert.deepEqual(play.running, [nameAt(30)]);
    const annotation = play.jobs[0]?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'];
    assert.equal(annotation, '2026-01-01T09:30:00+09:00');
  });

  it('makes a run once, when the server dies before it has noted it', async () => {
    await play.begin(aCronJob());
    const { cronjobs } = kinds;
    const status = play.world.of(cronjobs);
    const mutate = status.mutate.bind(status);
    status.mutate = () => Promise.reject(new Error('dead'));
    await play.pass(600.1);
    await play.end();
    status.mutate = mutate;
    assert.deepEqual(play.active, []);
    await play.begin();
    assert.deepEqual(play.running, [nameAt(10)]);
    assert.deepEqual(play.active, [nameAt(10)]);
    assert.deepEqual(play.events, []);
  });

  it('tells of jobs that it did not make, and of those that went missing', async () => {
    await play.begin(aCronJob());
    await play.pass(600.1);
    const controller = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      name: 'tidy',
      uid: 'uid-cronjobs-tidy',
      controller: true,
    };
    play.world.of(kinds.jobs).seed({
      metadata: { name: 'by-hand', namespace: 'default', ownerReferences: [controller] },
      spec: aCronJob().spec.jobTemplate.spec,
      status: {},
    } as Job);
    await settle();
    assert.deepEqual(play.active, [nameAt(10)]);
    await play.world.resource(kinds.jobs).delete('default', nameAt(10));
    await settle();
    assert.deepEqual(play.active, []);
    assert.ok(play.events.includes('UnexpectedJob') && play.events.includes('MissingJob'));
  });

  it('forgets no job of which only its view says that it is gone', async () => {
    await play.begin(aCronJob());
    await play.pass(600.1);
    play.world.of(kinds.jobs).view.delete(`default/${nameAt(10)}`);
    await settle();
    assert.deepEqual(play.active, [nameAt(10)]);
  });

  it('says that it can make no job', async () => {
    await play.begin(aCronJob());
    play.world.of(kinds.jobs).refuse = forbidden(kinds.jobs, '', 'exceeded quota');
    await play.pass(600.1);
    assert.deepEqual(play.events, ['FailedCreate']);
    play.world.of(kinds.jobs).refuse = undefined;
    await play.pass(1);
    assert.deepEqual(play.running, [nameAt(10)]);
  });

  it('never has two jobs where that is forbidden, whenever servers die and however late views are', async () => {
    const verb = fc.constantFrom('pass', 'finish', 'deliver', 'die', 'die soon');
    const steps = fc.array(fc.tuple(verb, fc.integer({ min: 1, max: 4 })), {
      minLength: 5,
      maxLength: 30,
      size: 'max',
    });
    const law = fc.asyncProperty(steps, async (list) => {
      const trial = new CronPlay();
      let [most, left] = [0, Infinity];
      trial.world.onWrite = () => {
        most = Math.max(most, trial.running.length);
        left -= 1;
        if (left === 0) trial.cut();
      };
      await trial.begin(aCronJob({ concurrencyPolicy: 'Forbid' }));
      for (const [what, many] of list) {
        trial.world.lagging = true;
        if (what === 'die soon') left = many;
        if (what === 'deliver') trial.world.deliverSome(many, many);
        if (what === 'finish') await trial.finish(trial.running[0]);
        if (what === 'pass') {
          // Views are seconds behind at most: what lags for longer has lost its watch.
          trial.world.lagging = false;
          trial.world.deliver();
          await settle();
          await trial.pass(many * 200);
        }
        if (what === 'die' || left <= 0) await trial.die();
        if (left <= 0) left = Infinity;
      }
      left = Infinity;
      trial.world.lagging = false;
      await trial.die();
      for (let round = 0; round < 3; round += 1) {
        await trial.pass(601);
        await trial.finish(trial.running[0]);
      }
      await trial.end();
      assert.equal(most, 1);
      const made = Date.parse(trial.cronJob.status.lastScheduleTime ?? '');
      assert.ok(trial.world.clock.date().getTime() - made < 600_000, 'it stands still');
    });
    await fc.assert(law, { numRuns: 60 });
  });

  it('says that its schedule never comes due', async () => {
    await play.begin(aCronJob({ schedule: '0 0 31 2 *' }));
    assert.deepEqual(play.events, ['InvalidSchedule']);
  });
});
