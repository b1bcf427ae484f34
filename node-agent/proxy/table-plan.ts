/** The table as it is to be: takes frontends service by service and answers with the steps that lead there. */
import { FAMILIES, type Frontend, PROTOCOLS, type Target } from './frontends.ts';
import {
  balancerChain,
  type BalancerShape,
  balancerSteps,
  drawsOf,
  isBalancerChain,
  isPortFamily,
  type Layout,
  markOfPlace,
  placesOf,
  refusedOf,
  slotsOf,
} from './layout.ts';
import { NO_ORDER, type Order, orderFor, type Orders, ordersIn } from './orders.ts';
import type { NftStep, StaleFlow, TableState } from './port.ts';

export interface TablePlan {
  steps: NftStep[];
  stale: StaleFlow[];
  /** Addresses of TCP backends that left. */
  left: string[];
}

/** An element of a set that several may want. */
export interface Member {
  readonly set: 'restricted' | 'allowed' | 'service_blocks';
  readonly key: string;
}

/** What one service wants of the table. */
export interface Wish {
  readonly frontends: readonly Frontend[];
  /** Addresses of its endpoints on this node: their connections to themselves must pass through the node. */
  readonly hairpins: readonly string[];
  /** Who may reach which of its frontends from outside; and, of the cluster as a whole, where addresses of services lie. */
  readonly members: readonly Member[];
}

const NOTHING: Wish = { frontends: [], hairpins: [], members: [] };

interface Placed {
  owner: string;
  frontend: Frontend;
  order: Order;
}

/** Set and key of an element, as one string. */
type ElementId = `${string}|${string}`;

export class TablePlanner {
  private readonly layout: Layout;
  private readonly placed = new Map<string, Placed>();
  private readonly byOwner = new Map<string, Map<string, Frontend>>();
  /** Owners of frontends that another service has: the oldest keeps it. */
  private readonly waiting = new Map<string, Set<string>>();
  /** Elements besides the frontends' own, which several owners may want, and how many do. */
  private readonly extras = new Map<string, readonly ElementId[]>();
  private readonly extraUses = new Map<ElementId, number>();
  private chains = new Set<string>();

  constructor(layout: Layout) {
    this.layout = layout;
  }

  /** What adopts or replaces `existing` so that the table holds exactly what `wishes`, by owner, ask for. */
  full(existing: TableState | undefined, wishes: ReadonlyMap<string, Wish>): TablePlan {
    const adopted = existing?.chains.has(this.layout.marker) ? existing : undefined;
    const orders = ordersIn(existing);
    for (const state of [this.placed, this.byOwner, this.waiting, this.extras, this.extraUses]) state.clear();
    this.chains = new Set(adopted?.chains);
    const steps: NftStep[] = adopted ? [] : [{ step: 'remove-table' }, { step: 'add-table' }, ...this.layout.steps];
    const wanted = new Map<ElementId, string>();
    for (const [owner, wish] of wishes) {
      this.byOwner.set(owner, new Map(wish.frontends.map((frontend) => [idOf(frontend), frontend])));
      for (const frontend of wish.frontends) this.claim(owner, frontend, orders, steps);
      this.useExtras(owner, extrasOf(wish));
    }
    for (const placed of this.placed.values()) for (const [id, value] of elementsOf(placed)) wanted.set(id, value);
    for (const id of this.extraUses.keys()) wanted.set(id, '');
    steps.push(...difference(elementsIn(adopted), wanted), ...this.unusedChains(wanted));
    const plan: TablePlan = { steps, stale: [], left: [] };
    for (const before of frontendsIn(orders)) noteLeavers(plan, before, this.placed.get(idOf(before))?.frontend);
    return plan;
  }

  /** What changes now that `owner` wants `wish`; undefined when it is gone. */
  update(owner: string, wish: Wish = NOTHING): TablePlan {
    const { frontends } = wish;
    const plan: TablePlan = { steps: [], stale: [], left: [] };
    const removed: NftStep[] = [];
    const added: NftStep[] = [];
    const now = new Map(frontends.map((frontend) => [idOf(frontend), frontend]));
    const freed = [...(this.byOwner.get(owner)?.values() ?? [])].filter((frontend) => !now.has(idOf(frontend)));
    if (now.size > 0) this.byOwner.set(owner, now);
    else this.byOwner.delete(owner);
    const changed = [...freed.flatMap((frontend) => this.release(owner, frontend)), ...this.pairs(owner, now)];
    for (const [claimant, id, frontend] of changed) {
      const before = this.placed.get(id);
      if (before && before.owner !== claimant && frontend) {
        this.wait(id, claimant);
        continue;
      }
      const after = frontend && this.place(claimant, frontend, before?.order ?? NO_ORDER, plan.steps);
      if (!frontend) this.placed.delete(id);
      const steps = difference(elementsOf(before), elementsOf(after));
      for (const step of steps) (step.step === 'remove-element' ? removed : added).push(step);
      if (before) noteLeavers(plan, before.frontend, frontend);
    }
    plan.steps.push(...removed, ...added, ...this.useExtras(owner, extrasOf(wish)));
    return plan;
  }

  private useExtras(owner: string, wanted: readonly ElementId[]): NftStep[] {
    const previous = this.extras.get(owner) ?? [];
    const touched = [...new Set([...previous, ...wanted])];
    const inUse = (): Map<ElementId, string> =>
      new Map(touched.filter((id) => this.extraUses.has(id)).map((id) => [id, '']));
    const before = inUse();
    for (const id of wanted) this.countExtra(id, 1);
    for (const id of previous) this.countExtra(id, -1);
    if (wanted.length > 0) this.extras.set(owner, wanted);
    else this.extras.delete(owner);
    return difference(before, inUse());
  }

  private countExtra(id: ElementId, by: number): void {
    const uses = (this.extraUses.get(id) ?? 0) + by;
    if (uses > 0) this.extraUses.set(id, uses);
    else this.extraUses.delete(id);
  }

  private *pairs(owner: string, frontends: ReadonlyMap<string, Frontend>): Iterable<[string, string, Frontend]> {
    for (const [id, frontend] of frontends) {
      const { owner: holder, frontend: before } = this.placed.get(id) ?? {};
      if (holder !== owner || !before || !sameTarget(before.target, frontend.target)) yield [owner, id, frontend];
    }
  }

  /** What becomes of a frontend that `owner` no longer wants: nothing, or that of the next who waits for it. */
  private release(owner: string, frontend: Frontend): [string, string, Frontend | undefined][] {
    const id = idOf(frontend);
    const waiting = this.waiting.get(id);
    waiting?.delete(owner);
    if (waiting?.size === 0) this.waiting.delete(id);
    const placed = this.placed.get(id);
    if (placed?.owner !== owner) return [];
    const heir = waiting?.values().next().value;
    if (heir === undefined) return [[owner, id, undefined]];
    waiting?.delete(heir);
    this.placed.set(id, { ...placed, owner: heir });
    return [[heir, id, this.byOwner.get(heir)?.get(id)]];
  }

  private claim(owner: string, frontend: Frontend, orders: Orders, steps: NftStep[]): void {
    const id = idOf(frontend);
    if (this.placed.has(id)) this.wait(id, owner);
    else this.place(owner, frontend, orders.get(id) ?? NO_ORDER, steps);
  }

  private wait(id: string, owner: string): void {
    const waiting = this.waiting.get(id) ?? new Set();
    waiting.add(owner);
    this.waiting.set(id, waiting);
  }

  private place(owner: string, frontend: Frontend, previous: Order, steps: NftStep[]): Placed {
    const placed = { owner, frontend, order: orderFor(frontend.target, previous) };
    this.placed.set(idOf(frontend), placed);
    const shape = shapeOf(placed);
    if (shape && !this.chains.has(balancerChain(frontend.family, shape))) {
      this.chains.add(balancerChain(frontend.family, shape));
      steps.push(...balancerSteps(frontend.family, shape));
    }
    return placed;
  }

  private unusedChains(wanted: ReadonlyMap<ElementId, string>): NftStep[] {
    const used = new Set([...wanted.values()].map((value) => value.slice('goto '.length)));
    const unused = [...this.chains].filter((chain) => isBalancerChain(chain) && !used.has(chain));
    for (const chain of unused) this.chains.delete(chain);
    return unused.map((chain) => ({ step: 'remove-chain', chain }));
  }
}

function idOf({ family, key }: Frontend): string {
  return `${family}|${key}`;
}

function hairpinOf(address: string): ElementId {
  return `hairpins|${address} . ${address}`;
}

function extrasOf({ hairpins, members }: Wish): ElementId[] {
  return [...hairpins.map(hairpinOf), ...members.map(({ set, key }): ElementId => `${set}|${key}`)];
}

function sameTarget(one: Target, other: Target): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function shapeOf({ frontend: { protocol, target }, order: { slots, draws } }: Placed): BalancerShape | undefined {
  if (target.type !== 'balance') return undefined;
  const { affinitySeconds, masquerade } = target;
  return { protocol, slots: affinitySeconds === undefined ? slots.length : draws.length, affinitySeconds, masquerade };
}

function elementsOf(placed: Placed | undefined): Map<ElementId, string> {
  const elements = new Map<ElementId, string>();
  if (!placed) return elements;
  const { family, protocol, key, target } = placed.frontend;
  if (target.type === 'drop') elements.set(`${family}|${key}`, 'drop');
  if (target.type === 'refuse') elements.set(`${refusedOf(family)}|${key}`, '');
  const shape = shapeOf(placed);
  if (target.type !== 'balance' || !shape) return elements;
  elements.set(`${family}|${key}`, `goto ${balancerChain(family, shape)}`);
  const { slots, draws } = placed.order;
  const isSticky = target.affinitySeconds !== undefined;
  slots.forEach((backend, slot) => {
    if (backend === undefined) return;
    if (!isSticky) elements.set(`${slotsOf(family, protocol)}|${key} . ${slot}`, backend);
    else elements.set(`${placesOf(family, protocol)}|${key} . ${markOfPlace(slot, target.masquerade)}`, backend);
  });
  draws.forEach((mark, drawn) => void (mark && elements.set(`${drawsOf(family)}|${key} . ${drawn}`, mark)));
  return elements;
}

/** Removals first: an element with another value has to go before it comes. */
function difference(before: ReadonlyMap<ElementId, string>, after: ReadonlyMap<ElementId, string>): NftStep[] {
  const removed: NftStep[] = [];
  const added: NftStep[] = [];
  for (const [id, value] of before)
    if (after.get(id) !== value) removed.push({ step: 'remove-element', ...elementName(id) });
  for (const [id, value] of after)
    if (before.get(id) !== value) added.push({ step: 'add-element', ...elementName(id), ...(value && { value }) });
  const bySet = (one: NftStep, other: NftStep): number =>
    'set' in one && 'set' in other ? one.set.localeCompare(other.set) : 0;
  return [...removed.toSorted(bySet), ...added.toSorted(bySet)];
}

function elementName(id: ElementId): { set: string; key: string } {
  const bar = id.indexOf('|');
  return { set: id.slice(0, bar), key: id.slice(bar + 1) };
}

function elementsIn(table: TableState | undefined): Map<ElementId, string> {
  const elements = new Map<ElementId, string>();
  for (const [set, members] of table?.elements ?? [])
    for (const [key, value] of members) elements.set(`${set}|${key}`, value);
  return elements;
}

/** The frontends that the kernel balances, as far as its slots tell. */
function frontendsIn(orders: Orders): Frontend[] {
  return [...orders].flatMap(([id, { slots }]) => {
    const { set, key } = elementName(id as ElementId);
    const family = FAMILIES.find((each) => each === set);
    const protocol = PROTOCOLS.find((each) => key.split(' . ').includes(each));
    if (!family || !protocol) return [];
    const backends = slots.filter((backend) => backend !== undefined);
    const target = { type: 'balance' as const, backends, affinitySeconds: undefined, masquerade: false };
    return [{ family, protocol, key, target }];
  });
}

/** What goes on to backends that went away although the rules don't lead there any more. */
function noteLeavers(plan: TablePlan, before: Frontend, after: Frontend | undefined): void {
  if (before.protocol === 'udp') plan.stale.push(...staleFlows(before, after));
  else if (before.protocol === 'tcp') plan.left.push(...gone(before, after));
}

/** UDP has no connections that end: flows to a backend that went away, or that had none, are to be tracked anew. */
function staleFlows(before: Frontend, after: Frontend | undefined): StaleFlow[] {
  const parts = before.key.split(' . ');
  const address = isPortFamily(before.family) ? undefined : parts[0];
  const flow = { address, port: Number(parts.at(-1)) };
  if (before.target.type !== 'balance') return backendsOf(after).length > 0 ? [{ ...flow, backend: undefined }] : [];
  return gone(before, after).map((backend) => ({ ...flow, backend }));
}

/** The addresses of backends that `after` has no more. */
function gone(before: Frontend, after: Frontend | undefined): string[] {
  const now = backendsOf(after);
  const left = backendsOf(before).filter((backend) => !now.includes(backend));
  return [...new Set(left.map((backend) => backend.split(' . ')[0] ?? ''))];
}

function backendsOf(frontend: Frontend | undefined): readonly string[] {
  return frontend?.target.type === 'balance' ? frontend.target.backends : [];
}
