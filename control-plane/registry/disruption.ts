/** Asks disruption budgets before an eviction, and charges them for it. */
import { forbidden, internalError, StatusError } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { selectorFromObject } from '../../api/machinery/selectors.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import type { View } from '../../lib/view.ts';
import type { GenericResource } from './resource.ts';

/** Evictions of one budget that its controller has not seen the end of. */
const MAX_DISRUPTED = 2000;
const PROCESSING_SECONDS = 10;

export type Budgets = Pick<GenericResource<PodDisruptionBudget>, 'mutate'> & {
  readonly view: View<PodDisruptionBudget>;
};

/**
 * Rejects with TooManyRequests when the pod's budget forbids it. Otherwise the budget is charged: two evictions at once
 * never take the same allowance, since its status is written under its revision.
 */
export async function chargeBudget(budgets: Budgets, pod: Pod, now: Date, dryRun: boolean): Promise<void> {
  const { namespace = '', name = '' } = pod.metadata;
  const [budget, ...others] = [...budgets.view.byIndex('namespace', namespace)].filter(({ spec }) =>
    selectorFromObject(spec.selector).matches(pod.metadata.labels),
  );
  if (!budget) return;
  if (others.length > 0) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  if (!isReady(pod) && mayGoUnready(budget)) return;
  const charge = (current: PodDisruptionBudget): PodDisruptionBudget => charged(current, name, now);
  await budgets.mutate(namespace, budget.metadata.name ?? '', charge, { subresource: 'status', dryRun });
}

/** A pod that is not ready takes nothing away, unless its budget is short already and could do with its recovery. */
function mayGoUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0;
}

function charged(budget: PodDisruptionBudget, podName: string, now: Date): PodDisruptionBudget {
  const { metadata, status } = budget;
  const { name = '' } = metadata;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw refused(name, `The disruption budget ${name} is still being processed by the server.`, PROCESSING_SECONDS);
  }
  const refuse = (why: string): StatusError => forbidden(kinds.poddisruptionbudgets, name, why);
  if (status.disruptionsAllowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED) {
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (status.disruptionsAllowed === 0) {
    const { desiredHealthy, currentHealthy } = status;
    throw refused(
      name,
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  }
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: status.disruptionsAllowed - 1,
      disruptedPods: { ...status.disruptedPods, [podName]: formatTime(now.getTime()) },
    },
  };
}

function refused(name: string, why: string, retryAfterSeconds?: number): StatusError {
  return new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      name,
      causes: [{ reason: 'DisruptionBudget', message: why }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  });
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
