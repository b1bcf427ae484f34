/** What is counted of controllers, scheduler and store, named as by Kubernetes' components. */
import type { Metrics } from '../../lib/metrics.ts';
import type { QueueMetrics } from '../controllers/runner.ts';
import type { SchedulerMetrics } from '../scheduler/metrics.ts';
import type { StoreMetrics } from '../storage/measured.ts';

/** Kubernetes' buckets for the seconds that a key is worked on. */
const WORK_SECONDS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];
/** Kubernetes' buckets for the seconds that a pod's scheduling takes. */
const SCHEDULING_SECONDS = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);

/** Kubernetes' buckets for the victims of one preemption. */
const VICTIMS = Array.from({ length: 7 }, (_, power) => 2 ** power);

export function queueMetrics(metrics: Metrics): QueueMetrics {
  const labels = ['name'] as const;
  const depth = metrics.gauge('workqueue_depth', 'Keys that wait to be worked on.', labels);
  const adds = metrics.counter('workqueue_adds_total', 'Keys that were handed to a controller.', labels);
  const retries = metrics.counter('workqueue_retries_total', 'Keys that are tried again after a failure.', labels);
  const work = metrics.histogram(
    'workqueue_work_duration_seconds',
    'How long a key was worked on.',
    labels,
    WORK_SECONDS,
  );
  return {
    depth: (name, keys) => depth.set({ name }, keys),
    added: (name) => adds.add({ name }),
    worked(name, outcome, seconds) {
      work.observe({ name }, seconds);
      if (outcome === 'failed') retries.add({ name });
    },
  };
}

/** `pending` is asked when somebody looks; undefined on a server that doesn't schedule. */
export function schedulerMetrics(
  metrics: Metrics,
  pending: () => { readonly ready: number; readonly waiting: number } | undefined,
): SchedulerMetrics {
  const labels = ['result', 'profile'] as const;
  const attempts = metrics.counter(
    'scheduler_schedule_attempts_total',
    'Attempts to schedule pods, by result.',
    labels,
  );
  const durations = metrics.histogram(
    'scheduler_scheduling_attempt_duration_seconds',
    'How long an attempt took, from the decision to the binding.',
    labels,
    SCHEDULING_SECONDS,
  );
  const preemptions = metrics.counter('scheduler_preemption_attempts_total', 'Preemptions that have begun.');
  const victims = metrics.histogram(
    'scheduler_preemption_victims',
    'Pods that were told to end in one preemption.',
    [],
    VICTIMS,
  );
  metrics.collected(
    'gauge',
    'scheduler_pending_pods',
    'Pods that have no node, by the queue they are in.',
    ['queue'],
    () => {
      const { ready = 0, waiting = 0 } = pending() ?? {};
      return [
        [{ queue: 'active' }, ready],
        [{ queue: 'unschedulable' }, waiting],
      ];
    },
  );
  return {
    attempt(result, profile, seconds) {
      attempts.add({ result, profile });
      durations.observe({ result, profile }, seconds);
    },
    preemption(count) {
      preemptions.add({});
      victims.observe({}, count);
    },
  };
}

export function storeMetrics(metrics: Metrics): StoreMetrics {
  const labels = ['operation'] as const;
  const total = metrics.counter('etcd_requests_total', 'Requests to the store.', labels);
  const failed = metrics.counter('etcd_request_errors_total', 'Requests to the store that failed.', labels);
  const duration = metrics.histogram('etcd_request_duration_seconds', 'How long requests to the store took.', labels);
  return {
    asked(operation, seconds, isFailed) {
      total.add({ operation });
      duration.observe({ operation }, seconds);
      if (isFailed) failed.add({ operation });
    },
  };
}
