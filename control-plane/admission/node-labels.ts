/** Which labels of its own Node an agent may set (k8s.io/kubelet `IsKubeletLabel`, NodeRestriction). */
import type { Labels } from '../../api/machinery/selectors.ts';

const RESTRICTED = 'node-restriction.kubernetes.io';
const OWN_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const OWN: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);

/** Those that differ and that a node may not choose, since pods are steered by them; sorted. */
export function forbiddenLabels(next: Labels = {}, previous: Labels = {}): string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(previous)]);
  return [...keys].filter((key) => next[key] !== previous[key] && isForbidden(key)).toSorted();
}

function isForbidden(key: string): boolean {
  const slash = key.indexOf('/');
  const namespace = slash < 0 ? '' : key.slice(0, slash);
  if (isUnder(namespace, RESTRICTED)) return true;
  const isKubernetes = isUnder(namespace, 'kubernetes.io') || isUnder(namespace, 'k8s.io');
  return isKubernetes && !OWN.has(key) && !OWN_NAMESPACES.some((own) => isUnder(namespace, own));
}

function isUnder(namespace: string, parent: string): boolean {
  return namespace === parent || namespace.endsWith(`.${parent}`);
}
