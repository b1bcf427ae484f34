import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { FieldError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Job, JobSpec } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { validateJobStatus } from '../../../api/validation/batch/job-status.ts';
import { completionIndexOf, isTracked } from '../../../control-plane/controllers/job/tracked-pods.ts';
import { isFinished } from '../../../control-plane/controllers/job/verdict.ts';
import { aJob, aJobPod, JobPlay } from './job-play.ts';
import { settle } from './world.ts';

const VERBS = ['succeed', 'fail', 'delete', 'sweep', 'resize', 'deliver', 'pass', 'die', 'die soon'] as const;
const step = fc.record({ do: fc.constantFrom(...VERBS), pick: fc.nat(30), many: fc.integer({ min: 1, max: 4 }) });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What happened to the pods of a job, as the one who did it knows. A deleted pod has failed. */
interface Ledger {
  readonly succeeded: Pod[];
  readonly failed: Pod[];
}

/** A job whose pods end, are deleted and are seen late, run by servers that die, until it has ended. */
class Trial {
  readonly play = new JobPlay();
  readonly ledger: Ledger = { succeeded: [], failed: [] };
  /** By how many pods more were active than may be. */
  excess = 0;
  private readonly refused: FieldError[] = [];
  private before: Job | undefined;
  private mostParallel: number;

  constructor(parallelism: number) {
    this.mostParallel = parallelism;
  }

  async run(spec: Partial<JobSpec>, steps: readonly Step[]): Promise<void> {
    const { play } = this;
    let left = Infinity;
    play.world.onWrite = () => {
      this.checkStatus();
      this.excess = Math.max(this.excess, play.active.length - this.mostParallel);
      left -= 1;
      if (left === 0) play.cut();
    };
    await play.begin(aJob(spec));
    play.world.lagging = true;
    for (const { do: verb, pick, many } of steps) {
      if (verb === 'die soon') left = many;
      else await this.take(verb, pick, many);
      if (left <= 0) await play.die();
      if (left <= 0) left = Infinity;
    }
    left = Infinity;
    play.world.lagging = false;
    await play.die();
    await this.finish();
    await play.end();
    assert.deepEqual(this.refused, []);
    assert.equal(this.excess, 0, 'more pods were active than may be');
  }

  /** As the API server would: World takes every status. */
  private checkStatus(): void {
    const { job } = this.play;
    if (this.before && job !== this.before) this.refused.push(...validateJobStatus(job, this.before));
    this.before = job;
  }

  /** Everything that runs succeeds, until the job has ended. */
  async finish(): Promise<void> {
    const { play } = this;
    for (let round = 0; round < 60 && !isFinished(play.job); round += 1) {
      await this.take('succeed', 0, 100);
      await play.sweep();
      await play.pass(600);
    }
    await play.sweep();
    await play.pass(1);
  }

  private async take(verb: Exclude<Step['do'], 'die soon'>, pick: number, many: number): Promise<void> {
    const { play, ledger } = this;
    const running = play.active.filter((pod) => isTracked(pod));
    const chosen = running.slice(pick % Math.max(1, running.length)).slice(0, many);
    switch (verb) {
      case 'succeed':
        for (const pod of chosen) if (await play.finish(pod, { phase: 'Succeeded' })) ledger.succeeded.push(pod);
        break;
      case 'fail':
        for (const pod of chosen) if (await play.finish(pod, { phase: 'Failed' })) ledger.failed.push(pod);
        break;
      case 'delete':
        for (const pod of chosen) if (await play.delete(pod)) ledger.failed.push(pod);
        break;
      case 'sweep':
        await play.sweep();
        break;
      case 'resize':
        this.mostParallel = Math.max(this.mostParallel, many);
        await play.edit({ parallelism: many });
        break;
      case 'deliver':
        play.world.deliverSome(many, pick);
        await settle();
        break;
      case 'pass':
        // Views are seconds behind at most: what lags for longer has lost its watch.
        play.world.lagging = false;
        await play.pass(pick);
        play.world.lagging = true;
        break;
      case 'die':
        await play.die();
    }
  }
}

describe('jobs, whatever happens', () => {
  const runs = { numRuns: 100 };

  it('count each pod once, never run too many, and come to an end', async () => {
    const spec = fc.record({
      completions: fc.integer({ min: 1, max: 8 }),
      parallelism: fc.integer({ min: 1, max: 4 }),
    });
    const law = fc.asyncProperty(
      spec,
      fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
      async (sizes, steps) => {
        const trial = new Trial(sizes.parallelism);
        await trial.run({ ...sizes, backoffLimit: 1000 }, steps);
        const { job, pods } = trial.play;
        const { succeeded, failed } = trial.ledger;
        const { status } = job;
        assert.ok(isFinished(job), 'it does not end');
        assert.ok((status.succeeded ?? 0) >= sizes.completions);
        assert.deepEqual(status.uncountedTerminatedPods, {});
        assert.equal(pods.some(isTracked), false, 'a pod is held');
        assert.equal(status.succeeded ?? 0, succeeded.length, 'successes');
        assert.equal(status.failed ?? 0, failed.length, 'failures');
      },
    );
    await fc.assert(law, runs);
  });

  it('complete each index once', async () => {
    const spec = fc.record({
      completions: fc.integer({ min: 1, max: 8 }),
      parallelism: fc.integer({ min: 1, max: 4 }),
    });
    const limits = fc.constantFrom({ backoffLimit: 1000 }, { backoffLimit: 1000, backoffLimitPerIndex: 50 });
    const law = fc.asyncProperty(
      spec,
      limits,
      fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
      async (sizes, limit, steps) => {
        const trial = new Trial(sizes.parallelism);
        await trial.run({ ...sizes, ...limit, completionMode: 'Indexed' }, steps);
        const { job, pods } = trial.play;
        const { succeeded, failed } = trial.ledger;
        assert.ok(isFinished(job), 'it does not end');
        assert.equal(job.status.succeeded, sizes.completions);
        assert.equal(new Set(succeeded.map(completionIndexOf)).size, sizes.completions);
        assert.equal(pods.some(isTracked), false, 'a pod is held');
        assert.equal(job.status.failed ?? 0, failed.length, 'failures');
      },
    );
    await fc.assert(law, runs);
  });

  it('come to an end from whatever state', async () => {
    const pod = fc.record({
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed'),
      tracked: fc.boolean(),
      deleted: fc.boolean(),
      index: fc.option(fc.nat(5), { nil: undefined }),
      listed: fc.constantFrom('succeeded', 'failed', undefined),
    });
    const spec = fc.record({
      completions: fc.integer({ min: 1, max: 4 }),
      parallelism: fc.integer({ min: 1, max: 4 }),
      completionMode: fc.constantFrom('Indexed', 'NonIndexed'),
      podReplacementPolicy: fc.constantFrom('Failed', 'TerminatingOrFailed'),
    });
    const law = fc.asyncProperty(spec, fc.array(pod, { maxLength: 8 }), fc.nat(3), async (sizes, pods, failed) => {
      const trial = new Trial(Infinity);
      const listed: Record<'succeeded' | 'failed', string[]> = { succeeded: ['gone'], failed: [] };
      for (const [position, { phase, tracked, deleted, index, listed: list }] of pods.entries()) {
        const one = aJobPod(`p${position}`, { tracked, ...(index === undefined ? {} : { index }) });
        one.metadata.creationTimestamp = '2025-12-31T23:00:00Z';
        one.status.phase = phase;
        if (deleted) {
          Object.assign(one.metadata, { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 });
        }
        if (list) listed[list].push(one.metadata.uid ?? '');
        trial.play.world.of(kinds.pods).seed(one);
      }
      await trial.play.begin(aJob({ backoffLimit: 1000, ...sizes }, { failed, uncountedTerminatedPods: listed }));
      await trial.finish();
      await trial.play.end();
      assert.ok(isFinished(trial.play.job), 'it does not end');
      assert.deepEqual(trial.play.job.status.uncountedTerminatedPods, {});
      assert.equal(trial.play.pods.some(isTracked), false, 'a pod is held');
    });
    await fc.assert(law, runs);
  });
});
