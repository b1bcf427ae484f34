/**
 * What the scheduler knows of the nodes, in columns: a decision looks at few properties of many nodes. A node has a row
 * for as long as it exists or pods name it: one that comes back finds its pods there. Rows that nobody needs are used again.
 */
import type { DomainCounts } from './domains.ts';
import { Namespaces } from './namespaces.ts';
import { Nominations } from './nominations.ts';
import { PlacedTerms } from './placed-terms.ts';
import type { PodClaim, PodInfo } from './pod-info.ts';
import { Tallies, type Tally } from './tally.ts';
import { Volumes } from './volumes.ts';
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import type { Labels } from '../../api/machinery/selectors.ts';
import type { Node, Taint } from '../../api/types/core.v1.ts';

/** What happened; each plugin says which of these can help a pod that it refused. */
export type ClusterEvent =
  | 'node added'
  | 'node removed'
  | 'node labels'
  | 'node taints'
  | 'node capacity'
  | 'namespace labels'
  | 'pod freed'
  | 'pod placed'
  | 'claim changed'
  | 'volume changed'
  | 'storage class changed'
  /** A pod on a node has other labels now, or has begun to end. */
  | 'pod changed';

export interface Placed {
  readonly info: PodInfo;
  readonly row: number;
}

const MAX_TOUCHED = 1_000_000;

export class Snapshot {
  /** undefined: the row is free. */
  readonly names: (string | undefined)[] = [];
  readonly labels: Labels[] = [];
  readonly taints: (readonly Taint[])[] = [];
  readonly unschedulable: boolean[] = [];
  readonly allocatableCpu: number[] = [];
  readonly allocatableMemory: number[] = [];
  readonly allocatablePods: number[] = [];
  /** All but cpu, memory and pods. */
  readonly allocatableOthers: ReadonlyMap<string, number>[] = [];
  readonly usedOthers: Map<string, number>[] = [];
  readonly usedCpu: number[] = [];
  readonly usedMemory: number[] = [];
  readonly weightCpu: number[] = [];
  readonly weightMemory: number[] = [];
  readonly pods: Set<PodInfo>[] = [];
  /** How many pods of each controller. */
  readonly owners: Map<string, number>[] = [];

  /** Rows whose usage changed, in order; a reader keeps the place up to which it has read. Begins anew with each epoch. */
  readonly touched: number[] = [];
  epoch = 0;
  /** Goes up with every change of a node's labels, taints, capacity or existence. */
  staticVersion = 0;

  readonly tallies = new Tallies(this.pods);
  /** Of pods that are placed. */
  readonly terms = new PlacedTerms();
  readonly namespaces = new Namespaces();
  readonly nominations = new Nominations();
  readonly volumes: Volumes;
  /** How many pods on nodes use a claim, by its key. */
  readonly claimUsers = new Map<string, number>();

  private readonly rows = new Map<string, number>();
  /** Of nodes that don't exist, but that pods on them name: these have gone, have yet to come, or never will. */
  private readonly absent = new Map<string, number>();
  private readonly free: number[] = [];
  private readonly placed = new Map<string, Placed>();

  constructor({ volumes = new Volumes() }: { readonly volumes?: Volumes } = {}) {
    this.volumes = volumes;
  }

  /** How many nodes exist. */
  get size(): number {
    return this.rows.size;
  }

  /** undefined for a node that does not exist. */
  rowOf(name: string): number | undefined {
    return this.rows.get(name);
  }

  /** undefined for a node that does not exist. */
  labelsOf(name: string): Labels | undefined {
    const row = this.rows.get(name);
    return row === undefined ? undefined : this.labels[row];
  }

  /** Differs whenever anything has changed that a decision looks at, but for claims and volumes. */
  version(): string {
    const { epoch, staticVersion, touched, nominations, namespaces } = this;
    return `${epoch} ${staticVersion} ${touched.length} ${nominations.version} ${namespaces.version}`;
  }

  /** The rows of nodes that exist. */
  *all(): Iterable<number> {
    yield* this.rows.values();
  }

  placement(uid: string): Placed | undefined {
    return this.placed.get(uid);
  }

  /** Adds the node or takes over what changed. Returns what may help pods that wait. */
  setNode(node: Node): ClusterEvent[] {
    const name = node.metadata.name ?? '';
    const known = this.rows.get(name);
    const row = known ?? this.absent.get(name) ?? this.addRow(name);
    const events = known === undefined ? (['node added'] as ClusterEvent[]) : this.differences(row, node);
    if (events.length === 0) return events;
    this.rows.set(name, row);
    this.absent.delete(name);
    this.labels[row] = node.metadata.labels ?? {};
    this.taints[row] = node.spec.taints ?? [];
    this.unschedulable[row] = node.spec.unschedulable ?? false;
    const { cpu, memory, pods, others } = allocatable(node);
    this.allocatableCpu[row] = cpu;
    this.allocatableMemory[row] = memory;
    this.allocatablePods[row] = pods;
    this.allocatableOthers[row] = others;
    this.staticVersion += 1;
    return events;
  }

  /** Its pods stay placed, out of everybody's sight; they go one by one, or the node comes back. */
  removeNode(name: string): void {
    const row = this.rows.get(name);
    if (row === undefined) return;
    this.rows.delete(name);
    this.absent.set(name, row);
    this.freeUnused(row);
    this.staticVersion += 1;
  }

  /** Counts the pod on the node; a pod that is there already stays as it is. */
  place(info: PodInfo, node: string): void {
    const before = this.placed.get(info.uid);
    const row = this.rows.get(node) ?? this.absent.get(node) ?? this.addAbsent(node);
    if (before?.row === row) return;
    if (before) this.remove(info.uid);
    this.placed.set(info.uid, { info, row });
    this.pods[row]?.add(info);
    this.count(info, row, 1);
    this.touch(row);
  }

  /** Returns whether it was there. */
  remove(uid: string): boolean {
    const found = this.placed.get(uid);
    if (!found) return false;
    this.placed.delete(uid);
    this.pods[found.row]?.delete(found.info);
    this.count(found.info, found.row, -1);
    this.touch(found.row);
    this.freeUnused(found.row);
    return true;
  }

  /**
   * Counts the pod on the row (1), or no longer (-1), although it has not moved: to see what would be. Whoever does so
   * undoes it before anybody else looks.
   */
  suppose(info: PodInfo, row: number, step: 1 | -1): void {
    if (step > 0) this.pods[row]?.add(info);
    else this.pods[row]?.delete(info);
    this.count(info, row, step);
  }

  /** The tally's pods by domains. `id` names `domainOf`, which says a row's domain, undefined for one that doesn't count. */
  domains(tally: Tally, id: string, domainOf: (row: number) => string | undefined): DomainCounts {
    return tally.domains(id, this, domainOf);
  }

  private count(info: PodInfo, row: number, sign: 1 | -1): void {
    const { request, weight } = info;
    this.usedCpu[row] = (this.usedCpu[row] ?? 0) + sign * request.cpu;
    this.usedMemory[row] = (this.usedMemory[row] ?? 0) + sign * request.memory;
    if (info.claims) this.countClaims(info.claims, sign);
    if (request.others.size > 0) this.countOthers(request.others, row, sign);
    this.weightCpu[row] = (this.weightCpu[row] ?? 0) + sign * weight.cpu;
    this.weightMemory[row] = (this.weightMemory[row] ?? 0) + sign * weight.memory;
    const owners = this.owners[row];
    const ofOwner = (owners?.get(info.owner) ?? 0) + sign;
    if (ofOwner > 0) owners?.set(info.owner, ofOwner);
    else owners?.delete(info.owner);
    this.tallies.add(info, row, sign, this.staticVersion);
    this.terms.add(info, row, sign, this.staticVersion);
  }

  private countClaims(claims: readonly PodClaim[], sign: 1 | -1): void {
    for (const { key } of claims) {
      const users = (this.claimUsers.get(key) ?? 0) + sign;
      if (users > 0) this.claimUsers.set(key, users);
      else this.claimUsers.delete(key);
    }
  }

  private countOthers(others: ReadonlyMap<string, number>, row: number, sign: 1 | -1): void {
    const used = this.usedOthers[row];
    for (const [name, amount] of others) used?.set(name, (used.get(name) ?? 0) + sign * amount);
  }

  private touch(row: number): void {
    if (this.touched.length >= MAX_TOUCHED) {
      this.touched.length = 0;
      this.epoch += 1;
    }
    this.touched.push(row);
  }

  private addRow(name: string): number {
    const row = this.free.pop() ?? this.names.length;
    this.names[row] = name;
    this.labels[row] = {};
    this.taints[row] = [];
    this.unschedulable[row] = false;
    for (const column of [this.allocatableCpu, this.allocatableMemory, this.allocatablePods]) column[row] = 0;
    for (const column of [this.usedCpu, this.usedMemory, this.weightCpu, this.weightMemory]) column[row] = 0;
    this.pods[row] = new Set();
    this.owners[row] = new Map();
    this.allocatableOthers[row] = new Map();
    this.usedOthers[row] = new Map();
    return row;
  }

  /** No answer about nodes that exist changes by it. */
  private addAbsent(name: string): number {
    const row = this.addRow(name);
    this.absent.set(name, row);
    return row;
  }

  private freeUnused(row: number): void {
    const name = this.names[row];
    if (name === undefined || this.absent.get(name) !== row || this.pods[row]?.size !== 0) return;
    this.absent.delete(name);
    this.names[row] = undefined;
    this.free.push(row);
  }

  private differences(row: number, node: Node): ClusterEvent[] {
    const events: ClusterEvent[] = [];
    const { cpu, memory, pods, others } = allocatable(node);
    const isSameCapacity =
      this.allocatableCpu[row] === cpu &&
      this.allocatableMemory[row] === memory &&
      this.allocatablePods[row] === pods &&
      isSame([...(this.allocatableOthers[row] ?? [])], [...others]);
    if (!isSameCapacity) events.push('node capacity');
    if (!isSame(this.labels[row], node.metadata.labels ?? {})) events.push('node labels');
    const isSameTaints = isSame(this.taints[row], node.spec.taints ?? []);
    if (!isSameTaints || this.unschedulable[row] !== (node.spec.unschedulable ?? false)) events.push('node taints');
    return events;
  }
}

interface Allocatable {
  readonly cpu: number;
  readonly memory: number;
  readonly pods: number;
  readonly others: ReadonlyMap<string, number>;
}

function allocatable({ status }: Node): Allocatable {
  const { cpu = '0', memory = '0', pods = '0', ...rest } = status.allocatable ?? status.capacity ?? {};
  const others = new Map(Object.entries(rest).map(([name, amount]) => [name, bytesOf(amount)]));
  return { cpu: milliOf(cpu), memory: bytesOf(memory), pods: bytesOf(pods), others };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
