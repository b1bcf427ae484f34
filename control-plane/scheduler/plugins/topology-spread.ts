/** Topology spread constraints: those that must hold are a filter, those that should are a score. */
import { requiredNodes } from './node-affinity.ts';
import { taintToleration } from './taints.ts';
import { type Selector, selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { TopologySpreadConstraint } from '../../../api/types/core.v1.ts';
import type { DomainCounts } from '../domains.ts';
import type { FilterPlugin, Refusal, ScorePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';

const WORDS = "node(s) didn't match pod topology spread constraints";
const REFUSAL: Refusal = { reasons: [WORDS], isFinal: false };
const LABEL_MISSING: Refusal = { reasons: [`${WORDS} (missing required label)`], isFinal: true };

/**
 * Of the constraints that must hold, and of those that should, so many count. Each of them counts all pods of its namespace
 * and domains of all nodes: thousands, which fit into an object, would hold up everybody else.
 */
const MAX_CONSTRAINTS = 100;
const TOO_MANY: Refusal = {
  reasons: [`node(s) were not compared with more than ${MAX_CONSTRAINTS} topology spread constraints that must hold`],
  isFinal: true,
};

/** How the matching pods are spread over the domains of one constraint now. */
interface Spread {
  readonly constraint: TopologySpreadConstraint;
  readonly domains: DomainCounts;
  /** Whether the pod itself is one of those that are counted. */
  readonly countsItself: boolean;
}

export const topologySpread: FilterPlugin = {
  name: 'PodTopologySpread',
  scope: 'cluster',
  helpedBy: ['node added', 'node removed', 'node labels', 'node taints', 'pod freed', 'pod placed', 'pod changed'],
  prepare(info, snapshot) {
    if (constraintsOf(info, 'DoNotSchedule').length > MAX_CONSTRAINTS) return () => TOO_MANY;
    const spreads = spreadsOf(info, snapshot, 'DoNotSchedule');
    if (spreads.length === 0) return undefined;
    return (row) => {
      for (const spread of spreads) {
        const { constraint, domains, countsItself } = spread;
        const domain = snapshot.labels[row]?.[constraint.topologyKey];
        if (domain === undefined) return LABEL_MISSING;
        const count = domains.of(domain) + (countsItself ? 1 : 0);
        if (count - leastOf(spread) > constraint.maxSkew) return REFUSAL;
      }
      return undefined;
    };
  },
  ignores(event, info, other) {
    if (event !== 'pod placed' && event !== 'pod freed') return false;
    if (other.namespace !== info.namespace) return true;
    const constraints = constraintsOf(info, 'DoNotSchedule');
    if (constraints.length > MAX_CONSTRAINTS) return true;
    return !constraints.some((each) => selectorOf(info, each).matches(other.pod.metadata.labels));
  },
};

export const preferredSpread: ScorePlugin = {
  name: 'PodTopologySpreadPreferred',
  scope: 'cluster',
  weight: 2,
  prepare(info, snapshot) {
    const spreads = spreadsOf(info, snapshot, 'ScheduleAnyway');
    if (spreads.length === 0) return undefined;
    return (row) => {
      let sum = 0;
      for (const { constraint, domains } of spreads) {
        const domain = snapshot.labels[row]?.[constraint.topologyKey];
        if (domain !== undefined) sum += emptiness(domains, domains.of(domain));
      }
      return sum / spreads.length;
    };
  },
  highest(info, snapshot) {
    const spreads = spreadsOf(info, snapshot, 'ScheduleAnyway');
    return spreads.reduce((sum, { domains }) => sum + emptiness(domains, domains.least), 0) / spreads.length;
  },
};

/** 0 in the domain with the most pods, 100 in one without any. */
function emptiness(domains: DomainCounts, count: number): number {
  return 100 * (1 - count / Math.max(1, domains.most));
}

function spreadsOf(info: PodInfo, snapshot: Snapshot, when: string): Spread[] {
  return constraintsOf(info, when)
    .slice(0, MAX_CONSTRAINTS)
    .map((constraint) => spreadOf(info, snapshot, constraint));
}

function constraintsOf({ pod }: PodInfo, when: string): TopologySpreadConstraint[] {
  const { topologySpreadConstraints = [] } = pod.spec;
  return topologySpreadConstraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when);
}

function spreadOf(info: PodInfo, snapshot: Snapshot, constraint: TopologySpreadConstraint): Spread {
  const { metadata } = info.pod;
  const selector = selectorOf(info, constraint);
  const id = JSON.stringify([constraint.labelSelector, constraint.matchLabelKeys, selector.requirements]);
  const { namespace = '' } = metadata;
  // A pod that is going is not one that others are spread from.
  const tally = snapshot.tallies.of(`spread ${namespace} ${id}`, [namespace], ({ pod }) => {
    return !pod.metadata.deletionTimestamp && selector.matches(pod.metadata.labels);
  });
  const domains = snapshot.domains(tally, domainsId(info, constraint), domainOf(info, snapshot, constraint));
  return { constraint, domains, countsItself: selector.matches(metadata.labels) };
}

/** matchLabelKeys narrow the selector to the pod's own values, such as its pod-template-hash. */
function selectorOf(info: PodInfo, { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint): Selector {
  const labels = info.pod.metadata.labels ?? {};
  const own = matchLabelKeys.filter((key) => key in labels).map((key) => [key, labels[key] ?? '']);
  if (!labelSelector || own.length === 0) return selectorFromObject(labelSelector);
  const matchLabels = { ...labelSelector.matchLabels, ...Object.fromEntries(own) };
  return selectorFromObject({ ...labelSelector, matchLabels });
}

/** Everything that {@link domainOf} looks at, beside the nodes. */
function domainsId({ pod }: PodInfo, constraint: TopologySpreadConstraint): string {
  const { topologyKey, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  const { nodeSelector, affinity, tolerations } = pod.spec;
  return JSON.stringify([topologyKey, nodeAffinityPolicy, nodeTaintsPolicy, nodeSelector, affinity, tolerations]);
}

/** Which nodes make up the domains: by default those of the pod's affinity, whatever their taints are. */
function domainOf(
  info: PodInfo,
  snapshot: Snapshot,
  constraint: TopologySpreadConstraint,
): (row: number) => string | undefined {
  const { topologyKey, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  const matches = nodeAffinityPolicy === 'Honor' ? requiredNodes(info, snapshot) : undefined;
  const taints = nodeTaintsPolicy === 'Honor' ? taintToleration.prepare(info, snapshot) : undefined;
  return (row) => {
    const isEligible = (!matches || matches(row)) && (!taints || taints(row) === undefined);
    return isEligible ? snapshot.labels[row]?.[topologyKey] : undefined;
  };
}

function leastOf({ constraint, domains }: Spread): number {
  return domains.size < (constraint.minDomains ?? 1) ? 0 : domains.least;
}
