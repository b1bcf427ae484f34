/**
 * Pods that must or should be with others, or without them. Both sides count: a pod keeps away from where one is that
 * does not want it, whatever it says itself.
 */
import { type AffinityTerm, MAX_TERMS, idOf, isAbout, namespacesOf } from '../affinity-terms.ts';
import type { DomainCounts } from '../domains.ts';
import type { FilterPlugin, Refusal, ScorePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Tally } from '../tally.ts';

const NOT_WITH: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], isFinal: true };
const WITH: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], isFinal: false };
const UNWANTED: Refusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], isFinal: false };

const TOO_MANY: Refusal = {
  reasons: [`node(s) were not compared with more than ${MAX_TERMS} required pod affinity or anti-affinity terms`],
  isFinal: true,
};

/** The pods that a term is about, by the domains of its label. */
interface Spread {
  readonly topologyKey: string;
  readonly domains: DomainCounts;
}

interface WeightedSpread extends Spread {
  readonly weight: number;
}

export const podAffinity: FilterPlugin = {
  name: 'InterPodAffinity',
  scope: 'cluster',
  helpedBy: ['node added', 'node labels', 'pod freed', 'pod placed', 'pod changed', 'namespace labels'],
  prepare(info, snapshot) {
    const { required = [], requiredAnti = [], isTooMany = false } = info.affinity ?? {};
    if (isTooMany) return () => TOO_MANY;
    const { against } = snapshot.terms.about(info, snapshot.namespaces);
    if (required.length === 0 && requiredAnti.length === 0 && against.length === 0) return undefined;
    const wanted = wantedSpreads(required, snapshot);
    const isFirst = required.length > 0 && isAboutAll(required, info, snapshot);
    const unwanted = requiredAnti.map((term) => spreadOf(term.topologyKey, tallyOf([term], snapshot), snapshot));
    const unwanting = against.map(({ term, tally }) => spreadOf(term.topologyKey, tally, snapshot));
    return (row) => {
      if (!isWithAll(wanted, isFirst, snapshot, row)) return NOT_WITH;
      if (unwanted.some((spread) => countOf(spread, snapshot, row) > 0)) return WITH;
      return unwanting.some((spread) => countOf(spread, snapshot, row) > 0) ? UNWANTED : undefined;
    };
  },
  narrow(info, snapshot) {
    const { required = [] } = info.affinity ?? {};
    const [spread] = wantedSpreads(required, snapshot);
    // Where there is none yet, the first one may go anywhere.
    return spread && spread.domains.most > 0 ? spread.domains.occupiedRows() : undefined;
  },
  ignores(event, info, other, { namespaces }) {
    const { required = [], requiredAnti = [], isTooMany = false } = info.affinity ?? {};
    if (isTooMany) return true;
    // The first of a group may go anywhere once those are gone that it had to be with.
    const isWanted = required.length > 0 && required.every((term) => isAbout(term, other, namespaces));
    if (event === 'pod placed' || isWanted) return !isWanted;
    if (event !== 'pod freed' || requiredAnti.some((term) => isAbout(term, other, namespaces))) return false;
    return !other.affinity?.requiredAnti.some((term) => isAbout(term, info, namespaces));
  },
};

export const preferredPodAffinity: ScorePlugin = {
  name: 'InterPodAffinityPreferred',
  scope: 'cluster',
  weight: 2,
  prepare(info, snapshot) {
    const spreads = weightedSpreads(info, snapshot);
    // The scale is between what the domains have at the least and at the most.
    const bounds = spreads.map(({ weight, domains: { least, most } }) => [weight * least, weight * most] as const);
    const lowest = bounds.reduce((sum, [a, b]) => sum + Math.min(a, b), 0);
    const highest = bounds.reduce((sum, [a, b]) => sum + Math.max(a, b), 0);
    if (highest === lowest) return undefined;
    return (row) => {
      const sum = spreads.reduce((total, each) => total + each.weight * countOf(each, snapshot, row), 0);
      // A node without the label counts as without such pods, which may be beyond what any domain has.
      return Math.min(100, Math.max(0, (100 * (sum - lowest)) / (highest - lowest)));
    };
  },
};

/** All but the domains without any pod that every term is about. */
function wantedSpreads(required: readonly AffinityTerm[], snapshot: Snapshot): Spread[] {
  if (required.length === 0) return [];
  const tally = tallyOf(required, snapshot);
  return required.map(({ topologyKey }) => spreadOf(topologyKey, tally, snapshot));
}

function isWithAll(wanted: readonly Spread[], isFirst: boolean, snapshot: Snapshot, row: number): boolean {
  if (wanted.some(({ topologyKey }) => snapshot.labels[row]?.[topologyKey] === undefined)) return false;
  if (wanted.every((spread) => countOf(spread, snapshot, row) > 0)) return true;
  return isFirst && wanted.every(({ domains }) => domains.most === 0);
}

function weightedSpreads(info: PodInfo, snapshot: Snapshot): WeightedSpread[] {
  const own = (info.affinity?.preferred ?? []).map((term) => ({
    ...spreadOf(term.topologyKey, tallyOf([term], snapshot), snapshot),
    weight: term.weight,
  }));
  const others = snapshot.terms.about(info, snapshot.namespaces).weighted.map(({ term, tally, weight }) => ({
    ...spreadOf(term.topologyKey, tally, snapshot),
    weight,
  }));
  return [...own, ...others];
}

/** The pods that every one of the terms is about. */
function tallyOf(terms: readonly AffinityTerm[], snapshot: Snapshot): Tally {
  const { namespaces, tallies } = snapshot;
  return tallies.of(`affinity ${idOf(terms, namespaces)}`, namespacesOf(terms), (other) =>
    isAboutAll(terms, other, snapshot),
  );
}

function isAboutAll(terms: readonly AffinityTerm[], info: PodInfo, { namespaces }: Snapshot): boolean {
  return terms.every((term) => isAbout(term, info, namespaces));
}

function spreadOf(topologyKey: string, tally: Tally, snapshot: Snapshot): Spread {
  return { topologyKey, domains: snapshot.domains(tally, topologyKey, (row) => snapshot.labels[row]?.[topologyKey]) };
}

function countOf({ topologyKey, domains }: Spread, snapshot: Snapshot, row: number): number {
  const domain = snapshot.labels[row]?.[topologyKey];
  return domain === undefined ? 0 : domains.of(domain);
}
