/** Topology spread constraints: those that must hold are a filter, those that should are a score. */
import { requiredNodes } from './node-affinity.ts';
import { taintToleration } from './taints.ts';
import { type Selector, selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { TopologySpreadConstraint } from '../../../api/schema/types/core.v1.ts';
import type { FilterPlugin, ScorePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';

const REFUSAL = "node(s) didn't match pod topology spread constraints";
const LABEL_MISSING = `${REFUSAL} (missing required label)`;

/** How the matching pods are spread over the domains of one constraint now. */
interface Spread {
  readonly constraint: TopologySpreadConstraint;
  readonly perDomain: ReadonlyMap<string, number>;
  /** Whether the pod itself is one of those that are counted. */
  readonly countsItself: boolean;
}

export const topologySpread: FilterPlugin = {
  name: 'PodTopologySpread',
  scope: 'cluster',
  helpedBy: ['node added', 'node labels', 'node taints', 'pod freed', 'pod placed'],
  prepare(info, snapshot) {
    const spreads = spreadsOf(info, snapshot, 'DoNotSchedule');
    if (spreads.length === 0) return undefined;
    const least = spreads.map(leastOf);
    return (row) => {
      for (const [at, { constraint, perDomain, countsItself }] of spreads.entries()) {
        const domain = snapshot.labels[row]?.[constraint.topologyKey];
        if (domain === undefined) return LABEL_MISSING;
        const count = (perDomain.get(domain) ?? 0) + (countsItself ? 1 : 0);
        if (count - (least[at] ?? 0) > constraint.maxSkew) return REFUSAL;
      }
      return undefined;
    };
  },
};

export const preferredSpread: ScorePlugin = {
  name: 'PodTopologySpreadPreferred',
  scope: 'cluster',
  weight: 2,
  prepare(info, snapshot) {
    const spreads = spreadsOf(info, snapshot, 'ScheduleAnyway');
    if (spreads.length === 0) return undefined;
    const most = spreads.map(({ perDomain }) => Math.max(1, ...perDomain.values()));
    return (row) => {
      const scores = spreads.map(({ constraint, perDomain }, at) => {
        const domain = snapshot.labels[row]?.[constraint.topologyKey];
        return domain === undefined ? 0 : 100 * (1 - (perDomain.get(domain) ?? 0) / (most[at] ?? 1));
      });
      return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    };
  },
};

function spreadsOf(info: PodInfo, snapshot: Snapshot, when: string): Spread[] {
  const { topologySpreadConstraints = [] } = info.pod.spec;
  return topologySpreadConstraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
    .map((constraint) => spreadOf(info, snapshot, constraint));
}

function spreadOf(info: PodInfo, snapshot: Snapshot, constraint: TopologySpreadConstraint): Spread {
  const { metadata } = info.pod;
  const selector = selectorOf(info, constraint);
  const id = JSON.stringify([constraint.labelSelector, constraint.matchLabelKeys, selector.requirements]);
  const counter = snapshot.counter(metadata.namespace ?? '', id, (labels) => selector.matches(labels));
  const isEligible = eligibleNodes(info, snapshot, constraint);
  const perDomain = new Map<string, number>();
  for (const row of snapshot.all()) {
    const domain = snapshot.labels[row]?.[constraint.topologyKey];
    if (domain === undefined || !isEligible(row)) continue;
    perDomain.set(domain, (perDomain.get(domain) ?? 0) + (counter.perRow[row] ?? 0));
  }
  return { constraint, perDomain, countsItself: selector.matches(metadata.labels) };
}

/** matchLabelKeys narrow the selector to the pod's own values, such as its pod-template-hash. */
function selectorOf(info: PodInfo, { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint): Selector {
  const labels = info.pod.metadata.labels ?? {};
  const own = matchLabelKeys.filter((key) => key in labels).map((key) => [key, labels[key] ?? '']);
  if (!labelSelector || own.length === 0) return selectorFromObject(labelSelector);
  const matchLabels = { ...labelSelector.matchLabels, ...Object.fromEntries(own) };
  return selectorFromObject({ ...labelSelector, matchLabels });
}

/** Which nodes make up the domains: by default those of the pod's affinity, whatever their taints are. */
function eligibleNodes(
  info: PodInfo,
  snapshot: Snapshot,
  constraint: TopologySpreadConstraint,
): (row: number) => boolean {
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  const matches = nodeAffinityPolicy === 'Honor' ? requiredNodes(info, snapshot) : undefined;
  const taints = nodeTaintsPolicy === 'Honor' ? taintToleration.prepare(info, snapshot) : undefined;
  return (row) => (!matches || matches(row)) && (!taints || taints(row) === undefined);
}

function leastOf({ constraint, perDomain }: Spread): number {
  if (perDomain.size < (constraint.minDomains ?? 1)) return 0;
  let least = Infinity;
  for (const count of perDomain.values()) least = Math.min(least, count);
  return least === Infinity ? 0 : least;
}
