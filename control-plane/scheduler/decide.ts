/** One decision: which node takes the pod, or why none does. Decides on the snapshot alone and leaves it as it was. */
import type { FilterPlugin, Profile } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { nodeAffinity } from './plugins/node-affinity.ts';
import { type Prepared, Ranking, filtersOf, preparedFor, scoresOf, totalOf } from './ranking.ts';
import { type Refused, firstRefusal, reservedRoom } from './reserved.ts';
import { NodeReasons } from './reasons.ts';
import type { Snapshot } from './snapshot.ts';

export interface NoNode {
  readonly node: undefined;
  /** For people: how many nodes were refused for what. */
  readonly message: string;
  readonly refusedBy: ReadonlySet<FilterPlugin>;
  /** The rows of nodes that might take the pod if pods left them. */
  readonly helpable: readonly number[];
}

/** The same refusal is the same object for as long as nothing has changed. */
export type Decision = { readonly node: string } | NoNode;

/** Rankings beyond this many push out the one that was used longest ago. */
const MAX_RANKINGS = 64;
/** Of all nodes: when no more come into question, each of them is looked at instead of the best first. */
const NARROW_SHARE = 0.3;

export class Decider {
  private readonly profile: Profile;
  private readonly snapshot: Snapshot;
  private readonly random: () => number;
  private readonly rankings = new Map<string, Ranking>();
  private readonly refusals = new Map<string, { at: string; decision: NoNode }>();
  private next = 0;

  /** `random`: 0 to 1, for the profile that chooses by chance. */
  constructor(options: { profile: Profile; snapshot: Snapshot; random: () => number }) {
    this.profile = options.profile;
    this.snapshot = options.snapshot;
    this.random = options.random;
  }

  decide(info: PodInfo): Decision {
    const objection = info.claims && this.objectionTo(info);
    if (objection) return objection;
    const row = this.nominated(info) ?? (info.named ? this.among(info, info.named) : this.choose(info));
    const node = row === undefined ? undefined : this.snapshot.names[row];
    return node === undefined ? this.refuse(info) : { node };
  }

  /** The next pod of the template is refused for the same reasons for as long as nothing has changed. */
  private refuse(info: PodInfo): NoNode {
    const { nominations, terms } = this.snapshot;
    const at = this.snapshot.version();
    // What pods on nodes want of others may depend on labels that the template says nothing of.
    const labels = terms.size > 0 ? JSON.stringify(info.pod.metadata.labels) : '';
    const claims = info.claims ? this.snapshot.volumes.version : '';
    const key = `${info.template} ${labels} ${nominations.nodeOf(info.uid) ?? ''} ${claims}`;
    const known = this.refusals.get(key);
    if (known?.at === at) return known.decision;
    const decision = this.explain(info);
    if (this.refusals.size >= MAX_RANKINGS) this.refusals.clear();
    this.refusals.set(key, { at, decision });
    return decision;
  }

  /** The node that the pod has made room on, as long as that takes it. */
  private nominated(info: PodInfo): number | undefined {
    const node = this.snapshot.nominations.nodeOf(info.uid);
    return node === undefined ? undefined : this.among(info, [node]);
  }

  private choose(info: PodInfo): number | undefined {
    const narrowed = this.narrowed(info);
    // Few pods share their claims, so a ranking would be made for this one alone.
    if (narrowed && info.claims) return this.amongRows(info, narrowed);
    const ranking = this.rankingOf(info);
    const filters = filtersOf(this.profile, info, this.snapshot, 'cluster');
    const reserved = reservedRoom(this.profile, info, this.snapshot);
    if (reserved) filters.push((row) => reserved(row)?.refusal);
    if (this.profile.choice === 'best score') {
      return ranking.best(filters, scoresOf(this.profile, info, this.snapshot, 'cluster'), narrowed);
    }
    return this.pick(
      [...(narrowed?.toSorted((a, b) => a - b) ?? this.snapshot.all())].filter(
        (row) => ranking.fits(row) && filters.every((filter) => filter(row) === undefined),
      ),
    );
  }

  /** The rows that come into question, when they are few. */
  private narrowed(info: PodInfo): readonly number[] | undefined {
    for (const plugin of this.profile.filters) {
      const rows = plugin.narrow?.(info, this.snapshot);
      if (rows && rows.length < this.snapshot.size * NARROW_SHARE) return rows;
    }
    return undefined;
  }

  /** For a few nodes it does not pay to rank them all. */
  private among(info: PodInfo, nodes: readonly string[]): number | undefined {
    return this.amongRows(info, this.rowsOf(nodes));
  }

  private amongRows(info: PodInfo, rows: readonly number[]): number | undefined {
    const refusalOf = this.refusalOf(info);
    const feasible = rows.filter((row) => refusalOf(row) === undefined);
    if (feasible.length <= 1) return feasible[0];
    if (this.profile.choice !== 'best score') return this.pick(feasible.toSorted((a, b) => a - b));
    const scores = scoresOf(this.profile, info, this.snapshot, 'static', 'node', 'cluster');
    const scored = feasible.map((row) => ({ row, total: totalOf(scores, row, 0) }));
    return scored.reduce((best, each) => (each.total > best.total ? each : best)).row;
  }

  private rowsOf(nodes: readonly string[]): number[] {
    return nodes.map((node) => this.snapshot.rowOf(node)).filter((row) => row !== undefined);
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

  /** The first refusal of a node is its class, as kubectl users know it. */
  private refusalOf(info: PodInfo): (row: number) => Refused | undefined {
    const prepared: readonly Prepared[] = preparedFor(this.profile, info, this.snapshot);
    const reserved = reservedRoom(this.profile, info, this.snapshot);
    return (row) => firstRefusal(prepared, row) ?? reserved?.(row);
  }

  private objectionTo(info: PodInfo): NoNode | undefined {
    const { size } = this.snapshot;
    for (const plugin of this.profile.filters) {
      const why = plugin.objection?.(info, this.snapshot);
      if (why === undefined) continue;
      const message = `0/${size} nodes are available: ${why}.`;
      return { node: undefined, message, refusedBy: new Set([plugin]), helpable: [] };
    }
    return undefined;
  }

  private explain(info: PodInfo): NoNode {
    const refusedBy = new Set<FilterPlugin>();
    const reasons = new NodeReasons();
    const helpable: number[] = [];
    const refusalOf = this.refusalOf(info);
    for (const row of info.named ? this.rowsOf(info.named) : this.snapshot.all()) {
      const refused = refusalOf(row);
      if (!refused) continue;
      refusedBy.add(refused.plugin);
      reasons.add(refused.refusal.reasons);
      if (!refused.refusal.isFinal) helpable.push(row);
    }
    if (info.named) {
      refusedBy.add(nodeAffinity);
      reasons.addRest(this.snapshot.size, `node(s) didn't satisfy plugin(s) [${nodeAffinity.name}]`);
    }
    return {
      node: undefined,
      message: this.snapshot.size === 0 ? 'no nodes available to schedule pods' : reasons.message(this.snapshot.size),
      refusedBy: refusedBy.size > 0 ? refusedBy : new Set(this.profile.filters),
      helpable,
    };
  }
}
