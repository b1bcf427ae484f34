/** One decision: which node takes the pod, or why none does. Decides on the snapshot alone and changes nothing. */
import type { FilterPlugin, Profile } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { Ranking, filtersOf, scoresOf } from './ranking.ts';
import type { Snapshot } from './snapshot.ts';

export type Decision =
  | { readonly node: string }
  | {
      readonly node: undefined;
      /** For people: how many nodes were refused for what. */
      readonly message: string;
      readonly refusedBy: ReadonlySet<FilterPlugin>;
    };

/** Rankings beyond this many push out the one that was used longest ago. */
const MAX_RANKINGS = 64;

export class Decider {
  private readonly profile: Profile;
  private readonly snapshot: Snapshot;
  private readonly random: () => number;
  private readonly rankings = new Map<string, Ranking>();
  private readonly refusals = new Map<string, { at: string; decision: Decision }>();
  private next = 0;

  /** `random`: 0 to 1, for the profile that chooses by chance. */
  constructor(options: { profile: Profile; snapshot: Snapshot; random: () => number }) {
    this.profile = options.profile;
    this.snapshot = options.snapshot;
    this.random = options.random;
  }

  decide(info: PodInfo): Decision {
    const row = this.choose(info);
    const node = row === undefined ? undefined : this.snapshot.names[row];
    return node === undefined ? this.refuse(info) : { node };
  }

  /** The next pod of the template is refused for the same reasons for as long as nothing has changed. */
  private refuse(info: PodInfo): Decision {
    const { epoch, staticVersion, touched } = this.snapshot;
    const at = `${epoch} ${staticVersion} ${touched.length}`;
    const known = this.refusals.get(info.template);
    if (known?.at === at) return known.decision;
    const decision = this.explain(info);
    if (this.refusals.size >= MAX_RANKINGS) this.refusals.clear();
    this.refusals.set(info.template, { at, decision });
    return decision;
  }

  private choose(info: PodInfo): number | undefined {
    const ranking = this.rankingOf(info);
    const filters = filtersOf(this.profile, info, this.snapshot, 'cluster');
    if (this.profile.choice === 'best score') {
      return ranking.best(filters, scoresOf(this.profile, info, this.snapshot, 'cluster'));
    }
    return this.pick(
      [...this.snapshot.all()].filter(
        (row) => ranking.fits(row) && filters.every((filter) => filter(row) === undefined),
      ),
    );
  }

  private pick(feasible: readonly number[]): number | undefined {
    if (this.profile.choice === 'random') return feasible[Math.floor(this.random() * feasible.length)];
    const row = feasible.find((each) => each >= this.next) ?? feasible[0];
    if (row !== undefined) this.next = row + 1;
    return row;
  }

  private rankingOf(info: PodInfo): Ranking {
    const known = this.rankings.get(info.template);
    const ranking = known?.isCurrent ? known : new Ranking(this.profile, info, this.snapshot);
    // Deleting first moves it to the end: the map is in the order of use.
    this.rankings.delete(info.template);
    this.rankings.set(info.template, ranking);
    const oldest = this.rankings.keys().next();
    if (this.rankings.size > MAX_RANKINGS && !oldest.done) this.rankings.delete(oldest.value);
    return ranking;
  }

  private explain(info: PodInfo): Decision {
    const prepared = this.profile.filters.flatMap((plugin) => {
      const filter = plugin.prepare(info, this.snapshot);
      return filter ? [{ plugin, filter }] : [];
    });
    const counts = new Map<string, number>();
    const refusedBy = new Set<FilterPlugin>();
    for (const row of this.snapshot.all()) {
      for (const { plugin, filter } of prepared) {
        const why = filter(row);
        if (why === undefined) continue;
        refusedBy.add(plugin);
        for (const reason of why.split('\n')) counts.set(reason, (counts.get(reason) ?? 0) + 1);
        // The first refusal is the node's class, as kubectl users know it.
        break;
      }
    }
    const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
    const message =
      this.snapshot.size === 0
        ? 'no nodes available to schedule pods'
        : `0/${this.snapshot.size} nodes are available: ${reasons.join(', ')}.`;
    return { node: undefined, message, refusedBy: refusedBy.size > 0 ? refusedBy : new Set(this.profile.filters) };
  }
}
