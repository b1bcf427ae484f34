/** Refused pods, by template: those of one template are refused, and helped, together. */
import type { FilterPlugin } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import type { ClusterEvent, Snapshot } from './snapshot.ts';

/** What an event is about, as far as it is about one. */
export interface About {
  readonly pod?: PodInfo;
  readonly node?: string | undefined;
}

interface Waiting {
  readonly info: PodInfo;
}

interface Template<Entry> {
  readonly key: string;
  readonly entries: Set<Entry>;
  readonly refusedBy: Set<FilterPlugin>;
  /** The only nodes that its pods can go to, where they name them. */
  readonly named: readonly string[] | undefined;
  /** The shelves that it is on. */
  places: readonly string[];
}

/** The shelf of templates that an event on any node may help. */
const ANYWHERE = '';

export class WaitingPods<Entry extends Waiting> {
  private readonly snapshot: Snapshot;
  private readonly templates = new Map<string, Template<Entry>>();
  /** By node, so that a daemon's pods that wait for their own nodes are not all looked at for what happens on one. */
  private readonly shelves = new Map<string, Set<Template<Entry>>>();

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  get size(): number {
    let size = 0;
    for (const { entries } of this.templates.values()) size += entries.size;
    return size;
  }

  add(entry: Entry, refusedBy: ReadonlySet<FilterPlugin>): void {
    const { template: key, named } = entry.info;
    const template = this.templates.get(key) ?? this.begin(key, named);
    template.entries.add(entry);
    for (const plugin of refusedBy) {
      template.refusedBy.add(plugin);
      if (plugin.scope === 'cluster') this.move(template, [ANYWHERE]);
    }
  }

  remove(entry: Entry): void {
    const template = this.templates.get(entry.info.template);
    template?.entries.delete(entry);
    if (template?.entries.size === 0) this.end(template);
  }

  /** Those that the event may help; they wait no more. */
  takeHelped(event: ClusterEvent, about: About): Entry[] {
    const helped: Entry[] = [];
    for (const template of this.within(about.node)) {
      if (!this.mayHelp(event, about, template)) continue;
      this.end(template);
      for (const entry of template.entries) helped.push(entry);
    }
    return helped;
  }

  clear(): void {
    this.templates.clear();
    this.shelves.clear();
  }

  private *within(node: string | undefined): Iterable<Template<Entry>> {
    if (node === undefined) {
      yield* this.templates.values();
      return;
    }
    yield* this.shelves.get(ANYWHERE) ?? [];
    yield* this.shelves.get(node) ?? [];
  }

  private mayHelp(event: ClusterEvent, { pod, node }: About, { entries, refusedBy, named }: Template<Entry>): boolean {
    const isElsewhere = node !== undefined && named?.includes(node) === false;
    for (const plugin of refusedBy) {
      if (!plugin.helpedBy.includes(event) || (isElsewhere && plugin.scope !== 'cluster')) continue;
      for (const { info } of entries) if (!pod || !plugin.ignores?.(event, info, pod, this.snapshot)) return true;
    }
    return false;
  }

  private begin(key: string, named: readonly string[] | undefined): Template<Entry> {
    const template: Template<Entry> = { key, entries: new Set(), refusedBy: new Set(), named, places: [] };
    this.templates.set(key, template);
    this.move(template, named ?? [ANYWHERE]);
    return template;
  }

  private end(template: Template<Entry>): void {
    this.templates.delete(template.key);
    this.move(template, []);
  }

  private move(template: Template<Entry>, places: readonly string[]): void {
    for (const place of template.places) {
      const shelf = this.shelves.get(place);
      shelf?.delete(template);
      if (shelf?.size === 0) this.shelves.delete(place);
    }
    for (const place of places) {
      const shelf = this.shelves.get(place) ?? new Set();
      this.shelves.set(place, shelf.add(template));
    }
    template.places = places;
  }
}
