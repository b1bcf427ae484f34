/** Disruption budgets and priority classes. */
import { labelsText } from '../../api/printing/selector-text.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import type { PriorityClass } from '../../api/types/scheduling.v1.ts';
import type { Session } from '../session.ts';
import { eventLines, selectorOrNone, type Lines } from './common.ts';

export async function describeDisruptionBudget(budget: PodDisruptionBudget, session: Session): Promise<Lines> {
  const { metadata, spec, status } = budget;
  const bound =
    spec.minAvailable === undefined
      ? spec.maxUnavailable === undefined
        ? []
        : [`Max unavailable:\t${spec.maxUnavailable}`]
      : [`Min available:\t${spec.minAvailable}`];
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    ...bound,
    `Selector:\t${spec.selector ? selectorOrNone(spec.selector) : '<unset>'}`,
    'Status:',
    `    Allowed disruptions:\t${status.disruptionsAllowed}`,
    `    Current:\t${status.currentHealthy}`,
    `    Desired:\t${status.desiredHealthy}`,
    `    Total:\t${status.expectedPods}`,
    ...(await eventLines(budget, session)),
  ];
}

export async function describePriorityClass(priority: PriorityClass, session: Session): Promise<Lines> {
  return [
    `Name:\t${priority.metadata.name}`,
    `Value:\t${priority.value}`,
    `GlobalDefault:\t${priority.globalDefault === true}`,
    `PreemptionPolicy:\t${priority.preemptionPolicy ?? ''}`,
    `Description:\t${priority.description ?? ''}`,
    `Annotations:\t${labelsText(priority.metadata.annotations)}`,
    ...(await eventLines(priority, session)),
  ];
}
