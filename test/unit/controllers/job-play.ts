/** A job in a world: nodes whose pods end as they are told, a control plane that may die at any write. */
import { isStatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { Job, JobSpec, JobStatus } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { isActive, isTerminal } from '../../../control-plane/controllers/conditions.ts';
import { JobController } from '../../../control-plane/controllers/job/job.ts';
import { OrphanedJobPods } from '../../../control-plane/controllers/job/orphaned-pods.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { settle, World } from './world.ts';

export function aJob(spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job {
  return {
    metadata: { name: 'sum', namespace: 'default', uid: 'job', generation: 1, resourceVersion: '1' },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { job: 'sum' } },
      template: {
        metadata: { labels: { job: 'sum' } },
        spec: { nodeName: 'a', restartPolicy: 'Never', containers: [{ name: 'main', image: 'sum:1', resources: {} }] },
      },
      ...spec,
    },
    status,
  };
}

export interface End {
  readonly phase: 'Succeeded' | 'Failed';
  readonly exitCode?: number;
}

/** A pod of the job above, on a node. */
export function aJobPod(name: string, fields: { end?: End; at?: string; index?: number; tracked?: boolean } = {}): Pod {
  const { end, at = '2026-01-01T11:00:00Z', index, tracked = true } = fields;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      labels: { job: 'sum' },
      ...(index === undefined ? {} : { annotations: { 'batch.kubernetes.io/job-completion-index': `${index}` } }),
      ...(tracked ? { finalizers: ['batch.kubernetes.io/job-tracking'] } : {}),
      creationTimestamp: '2026-01-01T10:00:00Z',
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'sum', uid: 'job', controller: true }],
    },
    spec: { nodeName: 'a', containers: [{ name: 'main', image: 'sum:1', resources: {} }] },
    status: { phase: 'Running' },
  };
  return end ? { ...pod, status: endedStatus(end, at) } : pod;
}

function endedStatus({ phase, exitCode = phase === 'Failed' ? 1 : 0 }: End, at: string): Pod['status'] {
  const terminated = { exitCode, finishedAt: at };
  const main = {
    name: 'main',
    image: 'sum:1',
    imageID: '',
    ready: false,
    restartCount: 0,
    state: { terminated },
    lastState: {},
  };
  return { phase, containerStatuses: [main] };
}

export class JobPlay {
  readonly world = new World();
  private runners: Runner[] = [];

  async begin(job?: Job): Promise<void> {
    if (job) this.world.of(kinds.jobs).seed(job);
    const { world } = this;
    this.runners = [new JobController({ registry: world }), new OrphanedJobPods({ registry: world })].map(
      (controller) => world.runner(controller),
    );
    await Promise.all(this.runners.map((runner) => runner.start()));
    await settle();
  }

  async end(): Promise<void> {
    const stopped = Promise.all(this.runners.map((runner) => runner.stop()));
    await settle();
    await stopped;
  }

  /** The server is dead from now on: nothing that it does comes through. */
  cut(): void {
    for (const runner of this.runners) void runner.stop();
  }

  /** The server dies; another, which begins with views that hold everything, takes over. */
  async die(): Promise<void> {
    await this.end();
    this.world.deliver();
    await this.begin();
  }

  get job(): Job {
    const [job] = this.world.all(kinds.jobs);
    if (!job) throw new Error('the job is gone');
    return job;
  }

  get pods(): readonly Pod[] {
    return this.world.all(kinds.pods);
  }

  get active(): readonly Pod[] {
    return this.pods.filter(isActive);
  }

  /** Such as `Complete` or `Suspended=False`. */
  get conditions(): readonly string[] {
    return (this.job.status.conditions ?? []).map(({ type, status }) =>
      status === 'True' ? type : `${type}=${status}`,
    );
  }

  async edit(spec: Partial<JobSpec>): Promise<void> {
    await this.world
      .resource(kinds.jobs)
      .mutate('default', 'sum', (job) => ({ ...job, spec: { ...job.spec, ...spec } }));
    await settle();
  }

  /** Its containers end by themselves. False when it is not as it was seen any more. */
  async finish(pod: Pod, end: End): Promise<boolean> {
    const status = endedStatus(end, formatTime(this.world.clock.date().getTime()));
    const { name = '', resourceVersion } = pod.metadata;
    let isAsSeen = false;
    const change = (now: Pod): Pod | undefined => {
      isAsSeen = now.metadata.resourceVersion === resourceVersion;
      return isAsSeen ? { ...now, status } : undefined;
    };
    await this.unlessGone(this.world.resource(kinds.pods).mutate('default', name, change, { subresource: 'status' }));
    await settle();
    return isAsSeen;
  }

  /** False when it is not as it was seen any more. */
  async delete(pod: Pod): Promise<boolean> {
    const { name = '', resourceVersion = '' } = pod.metadata;
    const preconditions = { resourceVersion };
    const isDone = await this.unlessGone(this.world.resource(kinds.pods).delete('default', name, { preconditions }));
    await settle();
    return isDone;
  }

  private async unlessGone(write: Promise<unknown>): Promise<boolean> {
    try {
      await write;
      return true;
    } catch (error) {
      if (isStatusError(error, 'NotFound') || isStatusError(error, 'Conflict')) return false;
      throw error;
    }
  }

  /** Nodes stop the pods that are being deleted. */
  async sweep(): Promise<void> {
    for (const pod of this.pods.filter(({ metadata }) => metadata.deletionTimestamp)) {
      if (!isTerminal(pod)) await this.finish(pod, { phase: 'Failed', exitCode: 137 });
      const left = this.pods.some(({ metadata }) => metadata.uid === pod.metadata.uid);
      if (left)
        await this.world.resource(kinds.pods).delete('default', pod.metadata.name ?? '', { gracePeriodSeconds: 0 });
    }
    await settle();
  }

  /** Lets time pass with everything in sight. */
  async pass(seconds: number): Promise<void> {
    this.world.deliver();
    await settle();
    this.world.clock.advance(seconds * 1000);
    await settle();
    this.world.deliver();
    await settle();
  }
}
