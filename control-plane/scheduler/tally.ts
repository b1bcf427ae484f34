/** How many pods of some sort are on each node and in each domain, kept up to date as pods come and go. */
import { DomainCounts } from './domains.ts';
import type { PodInfo } from './pod-info.ts';

/** Beyond these the one that was asked for longest ago is pushed out; one pod's affinity needs fewer. */
const MAX_TALLIES = 500;
const MAX_DOMAINS_PER_TALLY = 20;

/** The nodes, as far as domains are drawn from them. */
export interface Rows {
  /** Another one when a node has changed, come or gone. */
  readonly staticVersion: number;
  all(): Iterable<number>;
}

export class Tally {
  readonly perRow: number[];
  /** By the name that the asker gave to its way of drawing them. */
  private readonly drawn = new Map<string, DomainCounts>();

  constructor(perRow: number[] = []) {
    this.perRow = perRow;
  }

  /** A pod has come to that node (1) or has left it (-1). */
  add(row: number, step: 1 | -1, staticVersion: number): void {
    this.perRow[row] = (this.perRow[row] ?? 0) + step;
    for (const domains of this.drawn.values()) if (domains.staticVersion === staticVersion) domains.add(row, step);
  }

  /** `id` names `domainOf`, which says a row's domain, undefined for one that doesn't count. */
  domains(id: string, rows: Rows, domainOf: (row: number) => string | undefined): DomainCounts {
    const known = this.drawn.get(id);
    if (known?.staticVersion === rows.staticVersion) return known;
    const byRow: (string | undefined)[] = [];
    for (const row of rows.all()) byRow[row] = domainOf(row);
    const drawn = new DomainCounts(rows.staticVersion, byRow, this.perRow);
    this.drawn.delete(id);
    this.drawn.set(id, drawn);
    const oldest = this.drawn.keys().next();
    if (this.drawn.size > MAX_DOMAINS_PER_TALLY && !oldest.done) this.drawn.delete(oldest.value);
    return drawn;
  }
}

interface Counted {
  readonly tally: Tally;
  /** undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly matches: (info: PodInfo) => boolean;
}

/** The tallies that somebody asks for. A pod is shown only to those of its namespace. */
export class Tallies {
  private readonly pods: readonly ReadonlySet<PodInfo>[];
  private readonly known = new Map<string, Counted>();
  private readonly byNamespace = new Map<string, Set<Counted>>();
  private readonly everywhere = new Set<Counted>();
  /** By namespace, the rows of its pods; from when somebody first asks. */
  private places: Map<string, Map<PodInfo, number>> | undefined;

  /** `pods`: by row, those that are there. */
  constructor(pods: readonly ReadonlySet<PodInfo>[]) {
    this.pods = pods;
  }

  /** `id` names what is counted: the same thing is counted once. `namespaces` undefined are all. */
  of(id: string, namespaces: readonly string[] | undefined, matches: (info: PodInfo) => boolean): Tally {
    const known = this.known.get(id);
    if (known) {
      if (this.known.size > MAX_TALLIES / 2) this.moveToEnd(id, known);
      return known.tally;
    }
    const tally = new Tally(this.count(namespaces, matches));
    this.keep(id, { tally, namespaces, matches });
    return tally;
  }

  add(info: PodInfo, row: number, step: 1 | -1, staticVersion: number): void {
    if (!this.places) return;
    place(this.places, info, row, step);
    for (const { tally, matches } of this.byNamespace.get(info.namespace) ?? []) {
      if (matches(info)) tally.add(row, step, staticVersion);
    }
    for (const { tally, matches } of this.everywhere) if (matches(info)) tally.add(row, step, staticVersion);
  }

  private count(namespaces: readonly string[] | undefined, matches: (info: PodInfo) => boolean): number[] {
    this.places ??= placesOf(this.pods);
    const perRow = this.pods.map(() => 0);
    for (const name of namespaces ?? this.places.keys()) {
      for (const [info, row] of this.places.get(name) ?? []) if (matches(info)) perRow[row] = (perRow[row] ?? 0) + 1;
    }
    return perRow;
  }

  /** The map is in the order of use, as soon as that begins to matter. */
  private moveToEnd(id: string, counted: Counted): void {
    this.known.delete(id);
    this.known.set(id, counted);
  }

  private keep(id: string, counted: Counted): void {
    this.known.set(id, counted);
    for (const shelf of this.shelvesOf(counted)) shelf.add(counted);
    const oldest = this.known.entries().next();
    if (this.known.size <= MAX_TALLIES || oldest.done) return;
    const [oldId, old] = oldest.value;
    this.known.delete(oldId);
    for (const shelf of this.shelvesOf(old)) shelf.delete(old);
    for (const name of old.namespaces ?? []) if (this.byNamespace.get(name)?.size === 0) this.byNamespace.delete(name);
  }

  private shelvesOf({ namespaces }: Counted): Set<Counted>[] {
    if (!namespaces) return [this.everywhere];
    return namespaces.map((name) => {
      const shelf = this.byNamespace.get(name) ?? new Set();
      this.byNamespace.set(name, shelf);
      return shelf;
    });
  }
}

function placesOf(pods: readonly ReadonlySet<PodInfo>[]): Map<string, Map<PodInfo, number>> {
  const places = new Map<string, Map<PodInfo, number>>();
  for (const [row, there] of pods.entries()) for (const info of there) place(places, info, row, 1);
  return places;
}

function place(places: Map<string, Map<PodInfo, number>>, info: PodInfo, row: number, step: 1 | -1): void {
  const { namespace } = info;
  const there = places.get(namespace) ?? new Map<PodInfo, number>();
  if (step > 0) places.set(namespace, there.set(info, row));
  else if (there.delete(info) && there.size === 0) places.delete(namespace);
}
