import assert from 'node:assert/strict';
import type { CronJob, Job } from '../../../api/types/batch.v1.ts';
import { explainCronJob, type CronJobSeen } from '../../../cli/why/cronjob.ts';
import { nothing } from '../../../cli/why/explanation.ts';

describe('why: cron jobs', () => {
  const cronJob = (spec: object, status: object = {}): CronJob =>
    ({ metadata: { name: 'nightly', namespace: 'd' }, spec, status }) as CronJob;
  const seen = (more: Partial<CronJobSeen>): CronJobSeen => ({
    cronJob: cronJob({ schedule: '0 0 * * *', timeZone: 'Etc/UTC' }),
    jobs: [],
    events: [],
    now: new Date('2026-01-01T23:57:00Z'),
    ...more,
  });

  it('says when the next job comes', () => {
    const { headline, facts, isFine } = explainCronJob(seen({}));
    assert.equal(headline, 'cronjob/nightly makes its next job at 2026-01-02T00:00:00.000Z, in 3m (0 0 * * *).');
    assert.deepEqual([facts, isFine], [['It has made no job yet.'], true]);
  });

  it('says that it is suspended, and how it goes on', () => {
    const { headline, help } = explainCronJob(seen({ cronJob: cronJob({ schedule: '@daily', suspend: true }) }));
    assert.equal(headline, 'cronjob/nightly is suspended.');
    assert.match(help[0] ?? '', /^Let it go on: dure patch cronjob\/nightly -n d /);
  });

  it('says when its schedule never comes, or its zone is none', () => {
    const never = explainCronJob(seen({ cronJob: cronJob({ schedule: '0 0 31 2 *', timeZone: 'Etc/UTC' }) }));
    assert.match(never.headline, /makes no jobs: its schedule "0 0 31 2 \*" never comes\.$/);
    const zone = explainCronJob(seen({ cronJob: cronJob({ schedule: '@daily', timeZone: 'No/Where' }) }));
    assert.match(zone.headline, /makes no jobs: .*No\/Where/);
    assert.equal(zone.isFine, false);
  });

  it('tells of a job that holds up the next', () => {
    const job = { metadata: { name: 'j' }, spec: {}, status: {} } as Job;
    const why = { ...nothing, headline: 'job/j waits for a node.', isFine: false, help: ['add a node'] };
    const spec = { schedule: '@daily', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' };
    const { headline, help } = explainCronJob(seen({ cronJob: cronJob(spec), jobs: [{ job, why }] }));
    assert.match(headline, /a job that is not fine: job\/j waits for a node\. It makes no other job before/);
    assert.deepEqual(help, ['add a node']);
  });
});
