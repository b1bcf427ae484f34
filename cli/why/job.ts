/** What a job waits for, or why it has failed. */
import type { Job } from '../../api/types/batch.v1.ts';
import type { Event, Pod } from '../../api/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import type { Explanation } from './explanation.ts';
import { nothing } from './explanation.ts';
import { explainRefused, lastRefusal } from './refused.ts';

export interface JobSeen {
  readonly job: Job;
  /** Its pods that have not ended, and the latest that failed. */
  readonly pods: readonly { readonly pod: Pod; readonly why: Explanation }[];
  /** About it, newest last. */
  readonly events: readonly Event[];
  readonly now: Date;
}

export function explainJob(seen: JobSeen): Explanation {
  const { job } = seen;
  const name = `job/${job.metadata.name}`;
  return ended(seen, name) ?? held(seen, name) ?? underWay(seen, name);
}

function holds({ status }: Job, type: string): { reason?: string; message?: string } | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

/** Such as `2 of 5 completions, 3 pods have failed`. */
function counted({ spec, status }: Job): string {
  const { succeeded = 0, failed = 0 } = status ?? {};
  const wanted = spec.completions === undefined ? '' : ` of ${spec.completions}`;
  return `${succeeded}${wanted} completions${failed > 0 ? `, ${podCount(failed)} failed` : ''}`;
}

function podCount(count: number): string {
  return count === 1 ? '1 pod has' : `${count} pods have`;
}

function ended(seen: JobSeen, name: string): Explanation | undefined {
  const { job } = seen;
  if (holds(job, 'Complete')) return { ...nothing, headline: `${name} has completed: ${counted(job)}.`, isFine: true };
  const failed = holds(job, 'Failed') ?? holds(job, 'FailureTarget');
  if (!failed) return undefined;
  const headline = `${name} has failed: ${failed.message} (${failed.reason}).`;
  return { headline, isFine: false, ...lastFailure(seen, [`It got to ${counted(job)}.`, ...failedIndexes(job)]) };
}

function failedIndexes({ status }: Job): readonly string[] {
  return status?.failedIndexes ? [`Failed indexes: ${status.failedIndexes}`] : [];
}

/** What the pod tells that has failed last. */
function lastFailure({ pods }: JobSeen, facts: readonly string[]): Omit<Explanation, 'headline' | 'isFine'> {
  const last = pods.find(({ pod }) => pod.status?.phase === 'Failed')?.why;
  if (!last) return { ...nothing, facts };
  return { facts: [...facts, `The last that failed: ${last.headline}`, ...last.facts], nodes: [], help: last.help };
}

/** By what somebody has said of it. */
function held({ job, pods, events }: JobSeen, name: string): Explanation | undefined {
  const { metadata, spec } = job;
  const { namespace = '' } = metadata;
  if (spec.managedBy !== undefined && spec.managedBy !== 'kubernetes.io/job-controller') {
    return { ...nothing, headline: `${name} is managed by ${spec.managedBy}, not by this cluster.`, isFine: true };
  }
  const leaving = pods.filter(({ pod }) => pod.metadata.deletionTimestamp !== undefined).length;
  if (metadata.deletionTimestamp !== undefined || holds(job, 'SuccessCriteriaMet')) {
    const what = metadata.deletionTimestamp === undefined ? 'has what it needs' : 'is being deleted';
    return { ...nothing, headline: `${name} ${what}, and waits for ${leaving} pods to end.`, isFine: true };
  }
  if (spec.suspend) {
    const resume = `dure patch ${name} -n ${namespace} --type=merge -p '{"spec":{"suspend":false}}'`;
    return {
      ...nothing,
      headline: `${name} is suspended: ${counted(job)}.`,
      isFine: true,
      help: [`Let it go on: ${resume}`],
    };
  }
  const isShort = !pods.some(({ pod }) => isActive(pod));
  if (!isShort || lastRefusal(events.slice(-1)) === '') return undefined;
  return explainRefused({ name, namespace, message: '', events });
}

function isActive({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function underWay(seen: JobSeen, name: string): Explanation {
  const { job, pods, now } = seen;
  const active = pods.filter(({ pod }) => isActive(pod));
  const bad = active.find(({ why }) => !why.isFine)?.why;
  if (bad) return { ...bad, headline: `${name} is not done: ${counted(job)}. ${bad.headline}` };
  if (active.length > 0) {
    const age = since(job.status?.startTime, now);
    const running = `${active.length === 1 ? '1 pod runs' : `${active.length} pods run`}, ${counted(job)} in ${age}`;
    return { ...nothing, headline: `${name} is under way: ${running}.`, isFine: true };
  }
  if (pods.some(({ pod }) => pod.status?.phase === 'Failed')) {
    const facts = ['It waits for longer after each failure in a row: 10 s, then 20 s, and so on up to 10 minutes.'];
    return {
      headline: `${name} waits before it tries again: ${counted(job)}.`,
      isFine: false,
      ...lastFailure(seen, facts),
    };
  }
  const last = seen.events.at(-1)?.message;
  return {
    ...nothing,
    headline: `${name} has no pods yet.`,
    isFine: false,
    facts: [last ? `Last thing that happened: ${last}` : 'No controller has said anything about it; does one run?'],
    help: [`See dure describe ${name} -n ${job.metadata.namespace}`],
  };
}
