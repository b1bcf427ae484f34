/** The order in which a kustomization's objects are given out: what others need comes first. */
import { KustomizeError } from './errors.ts';
import type { SortOptions } from './kustomization.ts';
import type { Id, Resource } from './resource.ts';

const FIRST = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** `fifo` keeps them as they stand in the files. Throws KustomizeError for another order than that and `legacy`. */
export function inOrder(resources: readonly Resource[], options: SortOptions | undefined): Resource[] {
  const { order = 'legacy', legacySortOptions } = options ?? {};
  if (order === 'fifo') return [...resources];
  if (order !== 'legacy') throw new KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]");
  const { orderFirst = FIRST, orderLast = LAST } = legacySortOptions ?? {};
  const rank = ({ kind }: Id): number =>
    orderFirst.includes(kind) ? orderFirst.indexOf(kind) - orderFirst.length : orderLast.indexOf(kind) + 1;
  return resources.toSorted(
    ({ id: a }, { id: b }) =>
      rank(a) - rank(b) || compare(kindText(a), kindText(b)) || compare(placeText(a), placeText(b)),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What is absent sorts behind everything else, here and below. */
function kindText({ group, version, kind }: Id): string {
  return `${group || '~G'}_${version}_${kind}`;
}

function placeText({ namespace, name }: Id): string {
  return `${namespace || '~X'}|${name}`;
}
