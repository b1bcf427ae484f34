import assert from 'node:assert/strict';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { JobSpec, JobStatus, PodFailurePolicyRule } from '../../../api/types/batch.v1.ts';
import { NO_FAILURES } from '../../../control-plane/controllers/job/backoff.ts';
import { adjust } from '../../../control-plane/controllers/job/adjust.ts';
import { takeCensus } from '../../../control-plane/controllers/job/census.ts';
import { planJob } from '../../../control-plane/controllers/job/plan.ts';
import { completionIndexOf, isTracked } from '../../../control-plane/controllers/job/tracked-pods.ts';
import { aJob, aJobPod, JobPlay } from './job-play.ts';
import { aMoment, inShort } from './moment.ts';
import { settle } from './world.ts';

const SUCCEEDED = { phase: 'Succeeded' } as const;
const FAILED = { phase: 'Failed' } as const;

function policy(...rules: PodFailurePolicyRule[]): Partial<JobSpec> {
  return { podFailurePolicy: { rules }, podReplacementPolicy: 'Failed' };
}

describe('job controller', () => {
  let play: JobPlay;

  beforeEach(() => (play = new JobPlay()));
  afterEach(() => play.end());

  const reasons = (): string[] => play.world.events.map(({ reason }) => reason);
  const first = (): (typeof play.active)[number] => play.active[0]!;

  it('runs as many pods at once as it may, until enough have succeeded', async () => {
    await play.begin(aJob({ parallelism: 2, completions: 3 }));
    assert.equal(play.active.length, 2);
    assert.deepEqual(
      { ...play.job.status },
      {
        active: 2,
        ready: 0,
        terminating: 0,
        startTime: '2026-01-01T00:00:00Z',
        uncountedTerminatedPods: {},
      },
    );
    await play.finish(first(), SUCCEEDED);
    assert.equal(play.active.length, 2);
    await play.finish(first(), SUCCEEDED);
    assert.equal(play.active.length, 1);
    await play.finish(first(), SUCCEEDED);
    assert.deepEqual(play.conditions, ['SuccessCriteriaMet', 'Complete']);
    const { conditions = [], ...status } = play.job.status;
    assert.deepEqual(
      conditions.map(({ reason }) => reason),
      ['CompletionsReached', 'CompletionsReached'],
    );
    assert.deepEqual(status, {
      succeeded: 3,
      ready: 0,
      terminating: 0,
      startTime: '2026-01-01T00:00:00Z',
      completionTime: '2026-01-01T00:00:00Z',
      uncountedTerminatedPods: {},
    });
    assert.equal(play.pods.some(isTracked), false);
    assert.deepEqual(reasons(), ['SuccessfulCreate', 'SuccessfulCreate', 'SuccessfulCreate', 'Completed']);
  });

  it('without a number of completions is done when one has succeeded and the others have ended', async () => {
    await play.begin(aJob({ parallelism: 2, completions: undefined }));
    await play.finish(first(), SUCCEEDED);
    assert.equal(play.active.length, 1);
    assert.deepEqual(play.conditions, []);
    await play.finish(first(), FAILED);
    assert.deepEqual(play.conditions, ['SuccessCriteriaMet', 'Complete']);
    assert.equal(play.job.status.succeeded, 1);
    assert.equal(play.job.status.failed, 1);
  });

  it('gives each index a pod of its own, that knows it', async () => {
    await play.begin(aJob({ parallelism: 3, completions: 5, completionMode: 'Indexed' }));
    assert.deepEqual(play.active.map(completionIndexOf), [0, 1, 2]);
    const { metadata, spec } = play.active[1]!;
    assert.match(metadata.name ?? '', /^sum-1-.{5}$/);
    assert.equal(metadata.labels?.['batch.kubernetes.io/job-completion-index'], '1');
    assert.equal(spec.hostname, 'sum-1');
    assert.deepEqual(spec.containers[0]?.env, [
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: {
          fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" },
        },
      },
    ]);
    await play.finish(play.active[2]!, SUCCEEDED);
    await play.finish(play.active[0]!, SUCCEEDED);
    assert.equal(play.job.status.completedIndexes, '0,2');
    assert.deepEqual(play.active.map(completionIndexOf), [1, 3, 4]);
    for (let left = 3; left > 0; left -= 1) await play.finish(first(), SUCCEEDED);
    assert.deepEqual(play.conditions, ['SuccessCriteriaMet', 'Complete']);
    assert.equal(play.job.status.completedIndexes, '0-4');
  });

  it('waits for longer after each failure in a row, and fails when there are too many', async () => {
    await play.begin(aJob({ backoffLimit: 2 }));
    await play.finish(first(), FAILED);
    await play.pass(9);
    assert.equal(play.active.length, 0);
    await play.pass(1);
    assert.equal(play.active.length, 1);
    await play.finish(first(), FAILED);
    await play.pass(19);
    assert.equal(play.active.length, 0);
    await play.pass(1);
    await play.finish(first(), FAILED);
    assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
    const [target] = play.job.status.conditions ?? [];
    assert.equal(target?.reason, 'BackoffLimitExceeded');
    assert.equal(target?.message, 'Job has reached the specified backoff limit');
    assert.equal(play.job.status.failed, 3);
    assert.equal(reasons().at(-1), 'BackoffLimitExceeded');
  });

  it('remembers from its pods how long it waits, when another server takes over', async () => {
    await play.begin(aJob());
    await play.finish(first(), FAILED);
    await play.die();
    assert.equal(play.active.length, 0);
    await play.pass(10);
    assert.equal(play.active.length, 1);
  });

  it('replaces a pod that was taken away at once, unless it was as soon as it was made', async () => {
    await play.begin(aJob({ backoffLimit: 100 }));
    await play.pass(60);
    await play.delete(first());
    assert.equal(play.active.length, 1);
    assert.equal(play.job.status.failed, 1);
    await play.delete(first());
    assert.equal(play.active.length, 0);
    await play.pass(10);
    assert.equal(play.active.length, 1);
  });

  it('stops its pods when it fails, and has failed once they have ended', async () => {
    await play.begin(aJob({ parallelism: 2, completions: 2, activeDeadlineSeconds: 30 }));
    await play.pass(30);
    assert.deepEqual(play.conditions, ['FailureTarget']);
    assert.equal(play.job.status.terminating, 2);
    assert.equal(play.job.status.active, undefined);
    await play.sweep();
    assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
    assert.equal(play.job.status.conditions?.[0]?.reason, 'DeadlineExceeded');
    assert.equal(play.job.status.failed, 2);
    assert.equal(play.pods.length, 0);
  });

  it('replaces pods only when they have ended, if so told', async () => {
    await play.begin(aJob({ podReplacementPolicy: 'Failed' }));
    await play.pass(60);
    await play.delete(first());
    assert.equal(play.active.length, 0);
    assert.equal(play.job.status.terminating, 1);
    assert.equal(play.job.status.failed, undefined);
    await play.sweep();
    assert.equal(play.active.length, 1);
    assert.equal(play.job.status.terminating, 0);
    assert.equal(play.job.status.failed, 1);
  });

  describe('with a policy for failures', () => {
    const onExit = (action: string, ...values: number[]): PodFailurePolicyRule => ({
      action,
      onExitCodes: { operator: 'In', values },
    });

    it('fails at once when a rule says so', async () => {
      await play.begin(aJob(policy(onExit('FailJob', 42))));
      const { name } = first().metadata;
      await play.finish(first(), { phase: 'Failed', exitCode: 42 });
      assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
      const [target] = play.job.status.conditions ?? [];
      assert.equal(target?.reason, 'PodFailurePolicy');
      const message = `Container main for pod default/${name} failed with exit code 42 matching FailJob rule at index 0`;
      assert.equal(target?.message, message);
    });

    it('ignores disruptions, however many', async () => {
      const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
      await play.begin(aJob({ backoffLimit: 0, ...policy({ action: 'Ignore', onPodConditions }) }));
      for (let round = 0; round < 3; round += 1) {
        await play.pass(60);
        const pod = first();
        const conditions = [{ type: 'DisruptionTarget', status: 'True' }];
        await play.world
          .resource(kinds.pods)
          .mutate('default', pod.metadata.name ?? '', (now) => ({ ...now, status: { phase: 'Failed', conditions } }), {
            subresource: 'status',
          });
        await settle();
      }
      assert.equal(play.active.length, 1);
      assert.equal(play.job.status.failed, undefined);
      await play.finish(first(), FAILED);
      assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
    });

    it('gives up an index', async () => {
      const indexed = { completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 3 };
      await play.begin(aJob({ ...indexed, ...policy(onExit('FailIndex', 7)) }));
      await play.finish(first(), { phase: 'Failed', exitCode: 7 });
      assert.equal(play.job.status.failedIndexes, '0');
      await play.finish(first(), SUCCEEDED);
      assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
      assert.equal(play.job.status.conditions?.[0]?.reason, 'FailedIndexes');
      assert.equal(play.job.status.completedIndexes, '1');
    });
  });

  it('counts failures by index, passing them on to the next pod', async () => {
    const indexed = { completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1 };
    await play.begin(aJob({ ...indexed, backoffLimit: 2 ** 31 - 1 }));
    const failures = (): (string | undefined)[] =>
      play.active.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']);
    assert.deepEqual(failures(), ['0', '0']);
    await play.finish(first(), FAILED);
    assert.equal(play.job.status.failed, undefined, 'counted before its successor is there');
    assert.equal(play.pods.filter(isTracked).length, 2);
    await play.pass(10);
    assert.deepEqual(failures(), ['0', '1']);
    assert.equal(play.job.status.failed, 1);
    const again = play.active.find((pod) => completionIndexOf(pod) === 0);
    await play.finish(again!, FAILED);
    assert.equal(play.job.status.failedIndexes, '0');
    await play.finish(first(), SUCCEEDED);
    assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
    assert.equal(play.job.status.failed, 2);
    assert.equal(play.job.status.succeeded, 1);
  });

  it('fails when too many indexes have', async () => {
    const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 1, backoffLimitPerIndex: 0 };
    await play.begin(aJob({ ...indexed, maxFailedIndexes: 0, backoffLimit: 2 ** 31 - 1 }));
    await play.finish(first(), FAILED);
    assert.deepEqual(play.conditions, ['FailureTarget', 'Failed']);
    assert.equal(play.job.status.conditions?.[0]?.reason, 'MaxFailedIndexesExceeded');
    assert.equal(play.job.status.failedIndexes, '0');
    assert.equal(play.job.status.failed, 1);
  });

  it('has succeeded when its policy says so, and stops the rest without counting it', async () => {
    const rules = [{ succeededIndexes: '0', succeededCount: 1 }];
    const indexed = { completionMode: 'Indexed', completions: 5, parallelism: 2 };
    await play.begin(aJob({ ...indexed, successPolicy: { rules } }));
    await play.finish(play.active[1]!, SUCCEEDED);
    assert.deepEqual(play.conditions, []);
    await play.finish(first(), SUCCEEDED);
    assert.deepEqual(play.conditions, ['SuccessCriteriaMet']);
    await play.sweep();
    assert.deepEqual(play.conditions, ['SuccessCriteriaMet', 'Complete']);
    const [target] = play.job.status.conditions ?? [];
    assert.equal(target?.reason, 'SuccessPolicy');
    assert.equal(target?.message, 'Matched rules at index 0');
    assert.equal(play.job.status.completedIndexes, '0,1');
    assert.equal(play.job.status.failed, undefined);
  });

  it('stops when it is suspended, and starts its time anew when it goes on', async () => {
    await play.begin(aJob({ activeDeadlineSeconds: 30 }));
    await play.edit({ suspend: true });
    assert.deepEqual(play.conditions, ['Suspended']);
    assert.equal(play.active.length, 0);
    await play.sweep();
    assert.equal(play.job.status.failed, undefined);
    await play.pass(60);
    await play.edit({ suspend: false });
    assert.deepEqual(play.conditions, ['Suspended=False']);
    assert.equal(play.job.status.startTime, '2026-01-01T00:01:00Z');
    assert.equal(play.active.length, 1);
    assert.deepEqual(
      reasons().filter((reason) => !reason.startsWith('Successful')),
      ['Suspended', 'Resumed'],
    );
  });

  it('has no start while it was suspended from the first', async () => {
    await play.begin(aJob({ suspend: true }));
    assert.equal(play.job.status.startTime, undefined);
    assert.deepEqual(play.conditions, ['Suspended']);
  });

  it('adopts free pods that it selects, and lets go of those that it does not any more', async () => {
    const { ownerReferences: _, finalizers: __, ...metadata } = aJobPod('free').metadata;
    play.world.of(kinds.pods).seed({ ...aJobPod('free'), metadata });
    await play.begin(aJob());
    assert.deepEqual(
      play.pods.map((pod) => [pod.metadata.ownerReferences?.[0]?.name, isTracked(pod)]),
      [['sum', true]],
    );
    await play.world.resource(kinds.pods).mutate('default', 'free', (pod) => {
      return { ...pod, metadata: { ...pod.metadata, labels: {} } };
    });
    await settle();
    await settle();
    const free = play.pods.find((pod) => pod.metadata.name === 'free');
    assert.equal(free?.metadata.ownerReferences, undefined);
    assert.equal(free && isTracked(free), false);
    assert.equal(play.active.length, 2);
  });

  it('lets its pods go when it is gone', async () => {
    await play.begin(aJob());
    await play.world.resource(kinds.jobs).delete('default', 'sum');
    await settle();
    await settle();
    assert.equal(play.pods.some(isTracked), false);
  });

  it('lets its pods go when it is deleted before them', async () => {
    await play.begin(aJob());
    await play.world.resource(kinds.jobs).delete('default', 'sum', { propagationPolicy: 'Foreground' });
    await settle();
    assert.equal(play.pods.some(isTracked), false);
    assert.equal(play.active.length, 1);
  });

  it('leaves alone what another controller manages', async () => {
    await play.begin(aJob({ managedBy: 'example.com/other' }));
    assert.equal(play.pods.length, 0);
    assert.deepEqual(play.job.status, {});
  });

  it('counts what has ended also while it can make no pods, and says why it cannot', async () => {
    await play.begin(aJob({ parallelism: 2, completions: 4 }));
    play.world.of(kinds.pods).refuse = forbidden(kinds.pods, '', 'exceeded quota');
    await play.finish(first(), SUCCEEDED);
    await settle();
    assert.equal(play.job.status.succeeded, 1);
    assert.equal(play.job.status.active, 1);
    assert.ok(reasons().includes('FailedCreate'));
    play.world.of(kinds.pods).refuse = undefined;
    await play.pass(60);
    assert.equal(play.active.length, 2);
  });

  it('grows and shrinks an indexed job', async () => {
    await play.begin(aJob({ completionMode: 'Indexed', parallelism: 3, completions: 3 }));
    await play.finish(play.active[2]!, SUCCEEDED);
    assert.equal(play.job.status.completedIndexes, '2');
    await play.edit({ parallelism: 2, completions: 2 });
    assert.equal(play.job.status.completedIndexes, undefined);
    assert.deepEqual(play.active.map(completionIndexOf), [0, 1]);
    await play.edit({ parallelism: 4, completions: 4 });
    assert.deepEqual(play.active.map(completionIndexOf), [0, 1, 2, 3]);
  });

  it('takes away pods that have an index twice, or one that there is not', () => {
    const job = aJob({ completionMode: 'Indexed', parallelism: 3, completions: 3 });
    const pods = [aJobPod('a', { index: 0 }), aJobPod('b', { index: 0 }), aJobPod('c', { index: 3 }), aJobPod('d')];
    const { actions } = planJob({ job, pods, failures: NO_FAILURES }, aMoment());
    const deleted = inShort(actions).filter((action) => action.startsWith('delete'));
    assert.equal(deleted.length, 3);
    assert.ok(deleted.includes('delete c') && deleted.includes('delete d'));
  });

  it('shrinks in a time that grows with its pods, not with their square', function () {
    this.timeout(20_000);
    const microsecondsFor = (count: number, indexOf: (position: number) => number): number => {
      const job = aJob({ completionMode: 'Indexed', parallelism: count / 2, completions: count / 2 });
      const pods = Array.from({ length: count }, (_, position) =>
        aJobPod(`p${position}`, { index: indexOf(position) }),
      );
      const census = takeCensus(job, pods);
      const before = process.cpuUsage();
      const { remove } = adjust(census, NO_FAILURES, aMoment().date);
      assert.equal(remove.length, 500);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    // Some 150 ms and 50 ms; otherwise some 1700 ms and 5000 ms.
    assert.ok(microsecondsFor(120_000, (position) => position) < 900_000);
    assert.ok(microsecondsFor(30_000, () => 0) < 900_000);
  });

  it('ends no more pods by one plan than it makes, and counts each of them once', async () => {
    const pods = Array.from({ length: 700 }, (_, index) => aJobPod(`p${index}`));
    const job = aJob(
      { parallelism: 700, completions: 700, activeDeadlineSeconds: 1 },
      { startTime: '2025-01-01T00:00:00Z' },
    );
    const { actions } = planJob({ job, pods, failures: NO_FAILURES }, aMoment());
    const deleted = actions.flatMap((action) => (action.do === 'delete' ? [action.target.name] : []));
    const released = actions.flatMap((action) => (action.do === 'remove-finalizer' ? [action.target.name] : []));
    assert.equal(deleted.length, 500);
    assert.deepEqual(released, deleted, 'those that go on are not let go of');
    for (const pod of pods) play.world.of(kinds.pods).seed(pod);
    await play.begin(job);
    assert.equal(play.active.length, 0);
    assert.equal(play.job.status.failed, 700);
    assert.deepEqual(play.job.status.uncountedTerminatedPods, {});
  });

  it('fails when containers were restarted too often', () => {
    const job = aJob({ backoffLimit: 2 });
    job.spec.template.spec.restartPolicy = 'OnFailure';
    const pod = aJobPod('a');
    const main = { name: 'main', image: 'sum:1', imageID: '', ready: false, restartCount: 2, state: {}, lastState: {} };
    pod.status.containerStatuses = [main];
    const { actions } = planJob({ job, pods: [pod], failures: NO_FAILURES }, aMoment());
    assert.deepEqual(inShort(actions), ['delete a', 'set-status sum', 'remove-finalizer a']);
  });

  it('lists so many pods as uncounted and no more, and goes on from a list that is full', () => {
    const pods = Array.from({ length: 700 }, (_, index) => aJobPod(`p${index}`, { end: SUCCEEDED }));
    const plan = (status: JobStatus): { listed: number; released: readonly string[] } => {
      const job = aJob({ completions: 1000, suspend: true }, status);
      const { actions } = planJob({ job, pods, failures: NO_FAILURES }, aMoment());
      const written = actions.find((action) => action.do === 'set-status')?.status as JobStatus;
      const released = actions.filter((action) => action.do === 'remove-finalizer');
      return {
        listed: written.uncountedTerminatedPods?.succeeded?.length ?? 0,
        released: released.map(({ target }) => target.name),
      };
    };
    const { listed, released } = plan({});
    assert.deepEqual([listed, released.length], [500, 500]);
    const succeeded = pods.slice(200).map(({ metadata }) => metadata.uid ?? '');
    const again = plan({ uncountedTerminatedPods: { succeeded } });
    assert.deepEqual([again.listed, again.released.length], [500, 500]);
    assert.ok(!again.released.includes('p0'));
  });

  it('writes what it counts only over what it has seen', () => {
    const pods = [aJobPod('a', { end: SUCCEEDED })];
    const { actions } = planJob({ job: aJob(), pods, failures: NO_FAILURES }, aMoment());
    const [status] = actions;
    assert.ok(status?.do === 'set-status' && status.resourceVersion === '1');
    assert.deepEqual(inShort(actions), ['set-status sum', 'remove-finalizer a']);
  });
});
