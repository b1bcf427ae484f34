/**
 * Refused pods, in groups of those that are refused, and helped, alike. One of a group is tried for all of them: if it finds
 * a place, so may the next one; if it does not, none of them does, and the next event finds the group backing off.
 */
import type { FilterPlugin } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import type { ClusterEvent, Snapshot } from './snapshot.ts';
import { backoffDelay } from '../../lib/backoff.ts';
import type { Clock, Timer } from '../../lib/clock.ts';

/** What an event is about, as far as it is about one. */
export interface About {
  readonly pod?: PodInfo;
  readonly node?: string | undefined;
  /** The key of the only claim whose pods it may help. */
  readonly claim?: string | undefined;
}

interface Waiting {
  readonly info: PodInfo;
}

/** Pods of which none has a better chance than the one that is tried. */
interface Group<Entry> {
  readonly key: string;
  /** The oldest first; the one that is tried stays among them. */
  readonly entries: Set<Entry>;
  readonly refusedBy: Set<FilterPlugin>;
  /** The only nodes that its pods can go to, where they name them. */
  readonly named: readonly string[] | undefined;
  /** Keys of those that each of its pods uses. */
  readonly claims: readonly string[];
  /** The shelves that it is on. */
  places: readonly string[];
  /** The one that is tried, for all. */
  tried: Entry | undefined;
  /** Whether a pod of it has found its place since the last event. */
  isFruitful: boolean;
  /** Events in a row that have helped none of it. */
  fruitless: number;
  /** By the clock. */
  notBefore: number;
  /** For an event that came before that. */
  timer: Timer | undefined;
}

export interface WaitingPodsOptions<Entry> {
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  /** The pod may fit now; it is added again, {@link WaitingPods.fitted} or removed. */
  readonly onTry: (entry: Entry) => void;
}

/** The shelf of groups that an event on any node may help. */
const ANYWHERE = '';
/** Milliseconds before a group is tried again whose last tries were for nothing. */
const FRUITLESS = { initial: 1000, max: 10_000, factor: 2 };

export class WaitingPods<Entry extends Waiting> {
  private readonly options: WaitingPodsOptions<Entry>;
  private readonly groups = new Map<string, Group<Entry>>();
  private readonly groupOf = new Map<Entry, Group<Entry>>();
  /** By node, so that a daemon's pods that wait for their own nodes are not all looked at for what happens on one. */
  private readonly shelves = new Map<string, Set<Group<Entry>>>();
  /** By key of a claim that its pods use: many pods may wait, each for a claim of its own. */
  private readonly claimants = new Map<string, Set<Group<Entry>>>();

  constructor(options: WaitingPodsOptions<Entry>) {
    this.options = options;
  }

  /** Without those that are being tried. */
  get size(): number {
    let size = 0;
    for (const { entries, tried } of this.groups.values()) size += entries.size - (tried ? 1 : 0);
    return size;
  }

  /** The pod has been refused, for the first time or when it was tried. */
  add(entry: Entry, refusedBy: ReadonlySet<FilterPlugin>): void {
    const key = this.keyOf(entry.info);
    // Refused in another way, it says nothing of those that it was tried for.
    if (this.groupOf.get(entry)?.key !== key) this.remove(entry);
    const group = this.groupOf.get(entry) ?? this.join(entry, key);
    if (group.tried === entry) this.endTry(group, entry.info);
    for (const plugin of refusedBy) {
      group.refusedBy.add(plugin);
      if (plugin.scope === 'cluster') this.move(group, [ANYWHERE]);
    }
  }

  /** The next one is tried for the others if this one was. */
  remove(entry: Entry): void {
    const group = this.groupOf.get(entry);
    if (!group) return;
    this.groupOf.delete(entry);
    group.entries.delete(entry);
    if (group.entries.size === 0) this.end(group);
    else if (group.tried === entry) this.tryFirst(group);
  }

  /** There is a place for it, or it makes itself one: there may be more for those that it was tried for. */
  fitted(entry: Entry): void {
    const group = this.groupOf.get(entry);
    if (group) group.isFruitful = true;
    this.remove(entry);
  }

  /** Tries those that it may help. */
  happened(event: ClusterEvent, about: About): void {
    for (const group of this.within(about)) if (this.mayHelp(event, about, group)) this.helped(group);
  }

  /** Something has happened that may help this one. */
  mayFit(entry: Entry): void {
    const group = this.groupOf.get(entry);
    if (group) this.helped(group);
  }

  clear(): void {
    for (const { timer } of this.groups.values()) timer?.cancel();
    this.groups.clear();
    this.groupOf.clear();
    this.shelves.clear();
    this.claimants.clear();
  }

  private *within({ node, claim }: About): Iterable<Group<Entry>> {
    if (claim !== undefined) {
      yield* this.claimants.get(claim) ?? [];
      return;
    }
    if (node === undefined) {
      yield* this.groups.values();
      return;
    }
    yield* this.shelves.get(ANYWHERE) ?? [];
    yield* this.shelves.get(node) ?? [];
  }

  private mayHelp(event: ClusterEvent, { pod, node }: About, group: Group<Entry>): boolean {
    const { entries, refusedBy, named, tried, timer } = group;
    const [first] = entries;
    // One that is to be tried anyway sees this too.
    if (!first || tried || timer) return false;
    const isElsewhere = node !== undefined && named?.includes(node) === false;
    for (const plugin of refusedBy) {
      if (!plugin.helpedBy.includes(event) || (isElsewhere && plugin.scope !== 'cluster')) continue;
      if (!pod || !plugin.ignores?.(event, first.info, pod, this.options.snapshot, node)) return true;
    }
    return false;
  }

  private helped(group: Group<Entry>): void {
    if (group.tried || group.timer) return;
    const { clock } = this.options;
    group.isFruitful = false;
    const wait = group.notBefore - clock.now();
    if (wait <= 0) {
      this.tryFirst(group);
      return;
    }
    group.timer = clock.after(wait, () => {
      group.timer = undefined;
      this.tryFirst(group);
    });
  }

  private tryFirst(group: Group<Entry>): void {
    const [first] = group.entries;
    group.tried = first;
    if (first) this.options.onTry(first);
  }

  private endTry(group: Group<Entry>, { uid }: PodInfo): void {
    const { snapshot, clock } = this.options;
    group.tried = undefined;
    // Who waits for victims of its own is helped by the last of them, and costs no search until then.
    const isFruitless = !group.isFruitful && snapshot.nominations.nodeOf(uid) === undefined;
    group.fruitless = isFruitless ? group.fruitless + 1 : 0;
    group.notBefore = isFruitless ? clock.now() + backoffDelay(FRUITLESS, group.fruitless - 1) : 0;
  }

  /**
   * What a refusal depends on, as far as it belongs to the pod. Rules of pods on nodes that are about the pod are part of
   * it: they mind labels of which the template says nothing. Others may come to be about some pods of a group, which makes
   * their chance no better than that of the rest.
   */
  private keyOf(info: PodInfo): string {
    const { nominations, terms, namespaces } = this.options.snapshot;
    const against = terms.about(info, namespaces).against.map(({ term }) => term.id);
    return [info.template, nominations.nodeOf(info.uid) ?? '', ...against].join(' ');
  }

  private join(entry: Entry, key: string): Group<Entry> {
    const group = this.groups.get(key) ?? this.begin(key, entry.info);
    group.entries.add(entry);
    this.groupOf.set(entry, group);
    return group;
  }

  private begin(key: string, { named, claims = [] }: PodInfo): Group<Entry> {
    const group: Group<Entry> = {
      key,
      entries: new Set(),
      refusedBy: new Set(),
      named,
      claims: claims.map((claim) => claim.key),
      places: [],
      tried: undefined,
      isFruitful: false,
      fruitless: 0,
      notBefore: 0,
      timer: undefined,
    };
    this.groups.set(key, group);
    this.move(group, named ?? [ANYWHERE]);
    for (const claim of group.claims) putOn(this.claimants, claim, group);
    return group;
  }

  private end(group: Group<Entry>): void {
    group.timer?.cancel();
    this.groups.delete(group.key);
    this.move(group, []);
    for (const claim of group.claims) takeFrom(this.claimants, claim, group);
  }

  private move(group: Group<Entry>, places: readonly string[]): void {
    for (const place of group.places) takeFrom(this.shelves, place, group);
    for (const place of places) putOn(this.shelves, place, group);
    group.places = places;
  }
}

function putOn<T>(shelves: Map<string, Set<T>>, shelf: string, item: T): void {
  shelves.set(shelf, (shelves.get(shelf) ?? new Set()).add(item));
}

function takeFrom<T>(shelves: Map<string, Set<T>>, shelf: string, item: T): void {
  const items = shelves.get(shelf);
  items?.delete(item);
  if (items?.size === 0) shelves.delete(shelf);
}
