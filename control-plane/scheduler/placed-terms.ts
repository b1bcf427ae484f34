/**
 * The affinity terms of pods that are on nodes: whoever comes later must keep clear of those that want to be without it,
 * and is drawn to or put off by others. Each different term is kept once, with the number of pods that have it by domain.
 */
import { type AffinityTerm, type AffinityTerms, isAbout } from './affinity-terms.ts';
import type { Namespaces } from './namespaces.ts';
import type { PodInfo } from './pod-info.ts';
import { Tally } from './tally.ts';

export interface PlacedTerm {
  readonly term: AffinityTerm;
  /** undefined: nothing that it is about may be beside it. */
  readonly weight: number | undefined;
  readonly tally: Tally;
}

/** The terms that are about one pod. */
export interface TermsAbout {
  /** Of pods that can't be with it. */
  readonly against: readonly PlacedTerm[];
  readonly weighted: readonly (PlacedTerm & { readonly weight: number })[];
}

interface Kept extends PlacedTerm {
  pods: number;
}

/** A pod that must be with another is taken to like it so much. */
const REQUIRED_WEIGHT = 1;
/** Terms that no pod has any more are forgotten when there are so many, and twice as many as the last time. */
const MIN_SWEEP = 64;
const MAX_ANSWERS = 1000;
const NONE: TermsAbout = { against: [], weighted: [] };

export class PlacedTerms {
  private readonly kept = new Map<string, Kept>();
  private readonly answers = new Map<string, TermsAbout>();
  /** What the answers were found with. */
  private answeredAt = '';
  private version = 0;
  private sweepAt = MIN_SWEEP;

  get size(): number {
    return this.kept.size;
  }

  /** The pod has come to the row (1) or has left it (-1). */
  add({ affinity }: PodInfo, row: number, step: 1 | -1, staticVersion: number): void {
    if (!affinity) return;
    for (const { id, term, weight } of effectsOf(affinity)) {
      const kept = this.kept.get(id) ?? this.keep(id, { term, weight, tally: new Tally(), pods: 0 });
      kept.pods += step;
      kept.tally.add(row, step, staticVersion);
    }
  }

  about(info: PodInfo, namespaces: Namespaces): TermsAbout {
    if (this.kept.size === 0) return NONE;
    const at = `${this.version} ${namespaces.version}`;
    if (at !== this.answeredAt || this.answers.size >= MAX_ANSWERS) this.answers.clear();
    this.answeredAt = at;
    const key = `${info.namespace} ${JSON.stringify(info.pod.metadata.labels)}`;
    const known = this.answers.get(key);
    if (known) return known;
    const found = [...this.kept.values()].filter(({ term }) => isAbout(term, info, namespaces));
    const answer: TermsAbout = {
      against: found.filter(({ weight }) => weight === undefined),
      weighted: found.filter((each) => each.weight !== undefined) as TermsAbout['weighted'],
    };
    this.answers.set(key, answer);
    return answer;
  }

  private keep(id: string, term: Kept): Kept {
    if (this.kept.size >= this.sweepAt) this.sweep();
    this.kept.set(id, term);
    this.version += 1;
    return term;
  }

  private sweep(): void {
    for (const [id, { pods }] of this.kept) if (pods === 0) this.kept.delete(id);
    this.sweepAt = Math.max(MIN_SWEEP, 2 * this.kept.size);
  }
}

interface Effect {
  readonly id: string;
  readonly term: AffinityTerm;
  readonly weight: number | undefined;
}

function effectsOf({ required, requiredAnti, preferred }: AffinityTerms): Effect[] {
  const weighted = (term: AffinityTerm, weight: number): Effect => ({ id: `${weight} ${term.id}`, term, weight });
  return [
    ...requiredAnti.map((term) => ({ id: `! ${term.id}`, term, weight: undefined })),
    ...required.map((term) => weighted(term, REQUIRED_WEIGHT)),
    ...preferred.map((term) => weighted(term, term.weight)),
  ];
}
