/** Which pods go first when there are too many: those whose loss is felt least. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { isActive, isReady, readyCondition } from '../conditions.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES = ['Pending', 'Unknown', 'Running'];

interface Ranked {
  readonly pod: Pod;
  /** Active pods of the same owner's owner on its node. */
  readonly neighbours: number;
}

/** Below zero when `a` goes before `b`, as pod preference in Kubernetes' controllers; 0 leaves it to the next rule. */
type Rule = (a: Ranked, b: Ranked, now: number) => number;

function lower(measure: (ranked: Ranked) => number): Rule {
  return (a, b) => measure(a) - measure(b);
}

/** The younger first, but only if it is younger by a power of two: among pods of about one age chance decides, by uid. */
function younger(timeOf: (pod: Pod) => string | undefined): Rule {
  return (a, b, now) => {
    const [left, right] = [timeOf(a.pod), timeOf(b.pod)];
    if (left === right) return 0;
    if (!left || !right) return left ? 1 : -1;
    const age = (time: string): number => Math.floor(Math.log2(Math.max(1, now - Date.parse(time))));
    return age(left) - age(right) || ((a.pod.metadata.uid ?? '') < (b.pod.metadata.uid ?? '') ? -1 : 1);
  };
}

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[DELETION_COST] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

function mostRestarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

const RULES: readonly Rule[] = [
  lower(({ pod }) => (pod.spec.nodeName ? 1 : 0)),
  lower(({ pod }) => PHASES.indexOf(pod.status?.phase ?? 'Pending')),
  lower(({ pod }) => (isReady(pod) ? 1 : 0)),
  lower(({ pod }) => deletionCost(pod)),
  lower(({ neighbours }) => -neighbours),
  (a, b, now) => (isReady(a.pod) ? younger((pod) => readyCondition(pod)?.lastTransitionTime)(a, b, now) : 0),
  lower(({ pod }) => -mostRestarts(pod)),
  younger(({ metadata }) => metadata.creationTimestamp),
];

/** The `count` pods to delete first. `related` are the pods that share the pods' purpose, those of sister sets included. */
export function chooseVictims(
  pods: readonly Pod[],
  related: readonly Pod[],
  count: number,
  date: Date,
): readonly Pod[] {
  if (count >= pods.length) return pods;
  const perNode = new Map<string, number>();
  for (const { spec } of related.filter(isActive)) {
    if (spec.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => ({ pod, neighbours: perNode.get(pod.spec.nodeName ?? '') ?? 0 }));
  const now = date.getTime();
  const compare = (a: Ranked, b: Ranked): number => {
    for (const rule of RULES) {
      const order = rule(a, b, now);
      if (order !== 0) return order;
    }
    return (a.pod.metadata.name ?? '') < (b.pod.metadata.name ?? '') ? -1 : 1;
  };
  return ranked
    .toSorted(compare)
    .slice(0, count)
    .map(({ pod }) => pod);
}
