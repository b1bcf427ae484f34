/** Which pods a quota with scopes speaks of; of other objects it does not speak at all. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type {
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from '../../api/types/core.v1.ts';
import { qosClassOf } from '../../api/machinery/pod-qos.ts';

export function matchesScopes({ spec }: ResourceQuota, kind: Kind, object: KubeObject): boolean {
  const wanted: ScopedResourceSelectorRequirement[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  if (wanted.length === 0) return true;
  if (kind.kind !== 'Pod' || kind.group !== '') return false;
  return wanted.every((scope) => podIsIn(object as unknown as Pod, scope));
}

function podIsIn(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  const { spec } = pod;
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return hasPriority(spec.priorityClassName ?? '', scope);
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(pod);
    default:
      return false;
  }
}

function isTerminating({ spec }: Pod): boolean {
  return spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
}

function hasPriority(name: string, { operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && values.includes(name);
    case 'NotIn':
      return name === '' || !values.includes(name);
    default:
      return false;
  }
}

function looksElsewhere({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return [...required, ...preferred.map(({ podAffinityTerm }) => podAffinityTerm)].some(isElsewhere);
  });
}

function isElsewhere(term: PodAffinityTerm | undefined): boolean {
  return Boolean(term && (term.namespaces?.length || term.namespaceSelector));
}
