/** Columns of disruption budgets and quotas. */
import type { ResourceQuota } from '../types/core.v1.ts';
import type { PodDisruptionBudget } from '../types/policy.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { countColumn } from './workloads.ts';

export const disruptionBudgetColumns: readonly Column<PodDisruptionBudget>[] = [
  nameColumn,
  {
    name: 'Min Available',
    description: 'Pods that must stay.',
    cell: ({ spec }) => String(spec.minAvailable ?? 'N/A'),
  },
  {
    name: 'Max Unavailable',
    description: 'Pods that may be missing.',
    cell: ({ spec }) => String(spec.maxUnavailable ?? 'N/A'),
  },
  countColumn('Allowed Disruptions', 'Pods that may go now.', ({ status }) => status.disruptionsAllowed),
  ageColumn,
];

/** `pods: 3/10, requests.cpu: 1/2`, of the limits or of all else. */
function usageOf({ status: { hard = {}, used = {} } }: ResourceQuota, ofLimits: boolean): string {
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits.') === ofLimits)
    .toSorted()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

export const resourceQuotaColumns: readonly Column<ResourceQuota>[] = [
  nameColumn,
  { name: 'Request', description: 'What is used of what may be asked for.', cell: (quota) => usageOf(quota, false) },
  { name: 'Limit', description: 'What is used of the limits there may be.', cell: (quota) => usageOf(quota, true) },
  ageColumn,
];
