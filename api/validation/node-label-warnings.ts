/** Labels of nodes that have other names by now; in Kubernetes' words. */
import type { NodeSelector } from '../types/core.v1.ts';
import type { LabelSelector } from '../types/meta.v1.ts';

const OLD_LABELS: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** What to say of the label; undefined for one that is as it should be. */
export function oldLabel(key: string): string | undefined {
  return OLD_LABELS.get(key);
}

export function warnOfNodeSelector({ nodeSelectorTerms }: NodeSelector, path: string): string[] {
  return nodeSelectorTerms.flatMap((term, index) =>
    warnOfExpressions(term.matchExpressions, `${path}.nodeSelectorTerms[${index}]`),
  );
}

export function warnOfNodeLabelSelector({ matchExpressions, matchLabels = {} }: LabelSelector, path: string): string[] {
  const labels = Object.keys(matchLabels).flatMap((key) => {
    const why = oldLabel(key);
    return why === undefined ? [] : [`${path}.matchLabels.${key}: ${why}`];
  });
  return [...warnOfExpressions(matchExpressions, path), ...labels];
}

function warnOfExpressions(expressions: readonly { key: string }[] = [], path: string): string[] {
  return expressions.flatMap(({ key }, index) => {
    const why = oldLabel(key);
    return why === undefined ? [] : [`${path}.matchExpressions[${index}].key: ${key} is ${why}`];
  });
}
