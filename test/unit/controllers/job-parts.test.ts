import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import type { Job, PodFailurePolicyRule } from '../../../api/types/batch.v1.ts';
import { finishedAt, untilRetry } from '../../../control-plane/controllers/job/backoff.ts';
import { judgeFailure } from '../../../control-plane/controllers/job/failure-policy.ts';
import { makePod } from '../../../control-plane/controllers/job/tracked-pods.ts';
import { TtlAfterFinished } from '../../../control-plane/controllers/ttl-after-finished/ttl-after-finished.ts';
import { aJob, aJobPod } from './job-play.ts';
import { NOON } from './moment.ts';
import { settle, World } from './world.ts';

describe('what a job’s policy says of a failed pod', () => {
  const judged = (exitCode: number, ...rules: PodFailurePolicyRule[]): string =>
    judgeFailure(aJob({ podFailurePolicy: { rules } }), aJobPod('a', { end: { phase: 'Failed', exitCode } })).action;

  it('is what the first rule says that matches', () => {
    const ignore = { action: 'Ignore', onExitCodes: { operator: 'In', values: [1, 2] } };
    const fail = { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [1, 3] } };
    assert.deepEqual(
      [1, 2, 3, 4].map((code) => judged(code, ignore, fail)),
      ['Ignore', 'Ignore', 'Count', 'FailJob'],
    );
  });

  it('may be about one container, and is never about one that succeeded', () => {
    const of = (containerName: string): PodFailurePolicyRule => ({
      action: 'FailJob',
      onExitCodes: { containerName, operator: 'NotIn', values: [9] },
    });
    assert.equal(judged(1, of('other')), 'Count');
    assert.equal(judged(1, of('main')), 'FailJob');
    assert.equal(judged(0, of('main')), 'Count');
  });

  it('names the condition that it matches', () => {
    const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const job = aJob({ podFailurePolicy: { rules: [{ action: 'FailJob', onPodConditions }] } });
    const pod = aJobPod('a');
    pod.status.conditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const why = 'Pod default/a has condition DisruptionTarget matching FailJob rule at index 0';
    assert.deepEqual(judgeFailure(job, pod), { action: 'FailJob', why });
    pod.status.conditions = [{ type: 'DisruptionTarget', status: 'False' }];
    assert.equal(judgeFailure(job, pod).action, 'Count');
  });
});

describe('the wait after failures', () => {
  it('doubles up to ten minutes, from the last of them on', () => {
    const waits = [0, 1, 2, 3, 6, 7, 100].map((failures) => untilRetry(failures, NOON.getTime(), NOON) / 1000);
    assert.deepEqual(waits, [0, 10, 20, 40, 320, 600, 600]);
    assert.equal(untilRetry(1, NOON.getTime() - 4000, NOON), 6000);
    assert.equal(untilRetry(1, NOON.getTime() - 60_000, NOON), 0);
  });

  it('counts from when the containers had ended, or the best that is known', () => {
    const pod = aJobPod('a', { end: { phase: 'Failed' }, at: '2026-01-01T11:00:00Z' });
    assert.equal(new Date(finishedAt(pod)).toISOString(), '2026-01-01T11:00:00.000Z');
    const running = aJobPod('b');
    assert.equal(new Date(finishedAt(running)).toISOString(), '2026-01-01T10:00:00.000Z');
    running.metadata.deletionTimestamp = '2026-01-01T10:30:30Z';
    running.metadata.deletionGracePeriodSeconds = 30;
    assert.equal(new Date(finishedAt(running)).toISOString(), '2026-01-01T10:30:00.000Z');
    running.status.conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T10:15:00Z' }];
    assert.equal(new Date(finishedAt(running)).toISOString(), '2026-01-01T10:15:00.000Z');
  });
});

describe('the pod of an index', () => {
  it('has a name that fits, whatever the job is called', () => {
    const job = aJob({ completionMode: 'Indexed' });
    job.metadata.name = 'x'.repeat(60);
    const { metadata } = makePod(job, { index: 12 }, 'abcde');
    assert.equal(metadata.name, `${'x'.repeat(54)}-12-abcde`);
    assert.equal(metadata.generateName, `${'x'.repeat(54)}-12-`);
  });

  it('keeps what its template has of its own', () => {
    const job = aJob({ completionMode: 'Indexed' });
    const own = [{ name: 'JOB_COMPLETION_INDEX', value: 'own' }];
    job.spec.template.metadata = { labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['example.com/own'] };
    job.spec.template.spec.containers[0]!.env = own;
    const { metadata, spec } = makePod(job, { index: 0, failures: { counted: 2, ignored: 1 } }, 'abcde');
    assert.deepEqual(spec.containers[0]?.env, own);
    assert.deepEqual(metadata.finalizers, ['example.com/own', 'batch.kubernetes.io/job-tracking']);
    assert.deepEqual(metadata.annotations, {
      c: 'd',
      'batch.kubernetes.io/job-completion-index': '0',
      'batch.kubernetes.io/job-index-failure-count': '2',
      'batch.kubernetes.io/job-index-ignored-failure-count': '1',
    });
    assert.deepEqual(job.spec.template.metadata.annotations, { c: 'd' }, 'the template itself was changed');
  });
});

describe('jobs that are kept for a while only', () => {
  const ended = (name: string, ttlSecondsAfterFinished?: number, type = 'Complete'): Job => {
    const job = aJob(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished });
    const conditions = [{ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    return { ...job, metadata: { ...job.metadata, name, uid: name }, status: { conditions } };
  };

  it('go when their time is over, with their pods, unless they are given more', async () => {
    const world = new World();
    const marked: string[] = [];
    const jobs = world.of(kinds.jobs);
    const remove = jobs.delete.bind(jobs);
    jobs.delete = (namespace, name, options) => {
      marked.push(`${name} ${options?.propagationPolicy}`);
      return remove(namespace, name, options);
    };
    [ended('kept'), ended('brief', 10), ended('failed', 20, 'Failed'), ended('longer', 10)].forEach((job) =>
      jobs.seed(job),
    );
    jobs.seed({ ...ended('running', 0), status: {} });
    const runner = world.runner(new TtlAfterFinished({ registry: world }));
    await runner.start();
    await settle();
    world.clock.advance(9000);
    await settle();
    assert.deepEqual(marked, []);
    await world.resource(kinds.jobs).mutate('default', 'longer', (job) => {
      return { ...job, spec: { ...job.spec, ttlSecondsAfterFinished: 100 } };
    });
    world.clock.advance(1000);
    await settle();
    assert.deepEqual(marked, ['brief Foreground']);
    world.clock.advance(10_000);
    await settle();
    assert.deepEqual(marked, ['brief Foreground', 'failed Foreground']);
    await runner.stop();
  });
});
