/**
 * The nodes for the pods of one template, best first. What the pods of a template share is worked out once: the static
 * answers for every node, and the order of the nodes. Placing a pod changes one node, so the next pod of the template
 * costs the work of one node, not of all.
 */
import type { Filter, FilterPlugin, Profile, Scope, Score } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import type { Snapshot } from './snapshot.ts';
import { Heap } from '../../lib/heap.ts';

interface Candidate {
  readonly row: number;
  readonly score: number;
  /** Which evaluation of the row this is; an older one is void. */
  readonly evaluation: number;
}

interface Weighted {
  score: Score;
  weight: number;
  /** The score's own limit, not weighed. */
  highest: number;
}

export class Ranking {
  private readonly profile: Profile;
  private readonly snapshot: Snapshot;
  private readonly info: PodInfo;
  private readonly staticVersion: number;
  private readonly epoch: number;
  private readonly nodeFilters: Filter[];
  private readonly nodeScores: Weighted[];
  /** Of rows that no pod of this template can ever go to while the nodes are as they are: nothing. */
  private readonly staticScores: (number | undefined)[] = [];
  private readonly evaluations: number[] = [];
  private readonly heap = new Heap<Candidate>((a, b) => a.score > b.score || (a.score === b.score && a.row < b.row));
  private read: number;

  constructor(profile: Profile, info: PodInfo, snapshot: Snapshot) {
    this.profile = profile;
    this.snapshot = snapshot;
    this.info = info;
    this.staticVersion = snapshot.staticVersion;
    this.epoch = snapshot.epoch;
    this.read = snapshot.touched.length;
    this.nodeFilters = filtersOf(profile, info, snapshot, 'node');
    this.nodeScores = scoresOf(profile, info, snapshot, 'node');
    this.evaluateStatic();
    for (const row of snapshot.all()) this.evaluate(row);
  }

  /** Whether what it has worked out still holds. */
  get isCurrent(): boolean {
    return this.staticVersion === this.snapshot.staticVersion && this.epoch === this.snapshot.epoch;
  }

  /**
   * The best node, or undefined when none can take such a pod. What depends on other nodes than the one in question is
   * asked anew: `filters` and `scores`, best nodes first, until no other can be better; or, where only these `rows` come
   * into question, on each of them.
   */
  best(filters: readonly Filter[], scores: readonly Weighted[], rows?: readonly number[]): number | undefined {
    if (rows) return this.bestAmong(rows, filters, scores);
    this.catchUp();
    const highest = scores.reduce((sum, { weight, highest: most }) => sum + weight * most, 0);
    const looked: Candidate[] = [];
    let best: number | undefined;
    let bestTotal = -Infinity;
    for (let next = this.first(); next && next.score + highest > bestTotal; next = this.first()) {
      const { row } = next;
      const isTaken = filters.every((filter) => filter(row) === undefined);
      const total = isTaken ? totalOf(scores, row, next.score) : -Infinity;
      if (total > bestTotal) [best, bestTotal] = [row, total];
      if (isTaken && highest === 0) break;
      this.heap.pop();
      looked.push(next);
    }
    for (const candidate of looked) this.heap.push(candidate);
    return best;
  }

  private bestAmong(
    rows: readonly number[],
    filters: readonly Filter[],
    scores: readonly Weighted[],
  ): number | undefined {
    let best: number | undefined;
    let bestTotal = -Infinity;
    for (const row of rows) {
      if (!this.fits(row) || filters.some((filter) => filter(row) !== undefined)) continue;
      const total = totalOf(scores, row, this.scoreOf(row));
      if (total > bestTotal || (total === bestTotal && row < (best ?? row))) [best, bestTotal] = [row, total];
    }
    return best;
  }

  /** Whether a pod of this template can go to that node now, as far as static and node filters tell. */
  fits(row: number): boolean {
    return this.staticScores[row] !== undefined && this.nodeFilters.every((filter) => filter(row) === undefined);
  }

  scoreOf(row: number): number {
    let sum = this.staticScores[row] ?? 0;
    for (const { score, weight } of this.nodeScores) sum += weight * score(row);
    return sum;
  }

  private first(): Candidate | undefined {
    for (let candidate = this.heap.peek(); candidate; candidate = this.heap.peek()) {
      if (this.evaluations[candidate.row] === candidate.evaluation) return candidate;
      this.heap.pop();
    }
    return undefined;
  }

  private catchUp(): void {
    const { touched } = this.snapshot;
    // A row that was touched often is looked at once.
    const rows = new Set(touched.slice(this.read));
    this.read = touched.length;
    for (const row of rows) this.evaluate(row);
  }

  private evaluate(row: number): void {
    const evaluation = (this.evaluations[row] ?? 0) + 1;
    this.evaluations[row] = evaluation;
    if (this.fits(row)) this.heap.push({ row, score: this.scoreOf(row), evaluation });
  }

  private evaluateStatic(): void {
    const filters = filtersOf(this.profile, this.info, this.snapshot, 'static');
    const scores = scoresOf(this.profile, this.info, this.snapshot, 'static');
    for (const row of this.snapshot.all()) {
      if (filters.some((filter) => filter(row) !== undefined)) continue;
      this.staticScores[row] = scores.reduce((sum, { score, weight }) => sum + weight * score(row), 0);
    }
  }
}

export function totalOf(scores: readonly Weighted[], row: number, own: number): number {
  let total = own;
  for (const { score, weight } of scores) total += weight * score(row);
  return total;
}

export interface Prepared {
  readonly plugin: FilterPlugin;
  readonly filter: Filter;
}

/** The profile's filters of these scopes that have something to say about the pod, in their order. */
export function preparedFor(
  profile: Profile,
  info: PodInfo,
  snapshot: Snapshot,
  scopes: readonly Scope[] = ['static', 'node', 'cluster'],
): Prepared[] {
  const prepared: Prepared[] = [];
  for (const plugin of profile.filters) {
    const filter = scopes.includes(plugin.scope) ? plugin.prepare(info, snapshot) : undefined;
    if (filter) prepared.push({ plugin, filter });
  }
  return prepared;
}

export function filtersOf(profile: Profile, info: PodInfo, snapshot: Snapshot, scope: Scope): Filter[] {
  return preparedFor(profile, info, snapshot, [scope]).map(({ filter }) => filter);
}

export function scoresOf(profile: Profile, info: PodInfo, snapshot: Snapshot, ...scopes: Scope[]): Weighted[] {
  return profile.scores
    .filter((plugin) => scopes.includes(plugin.scope))
    .flatMap((plugin) => {
      const score = plugin.prepare(info, snapshot);
      return score ? [{ score, weight: plugin.weight, highest: plugin.highest?.(info, snapshot) ?? 100 }] : [];
    });
}
