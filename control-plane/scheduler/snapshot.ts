/**
 * What the scheduler knows of the nodes, in columns: a decision looks at few properties of many nodes. A node has a row
 * for as long as it exists; rows of nodes that are gone are used again.
 */
import { DomainCounts } from './domains.ts';
import type { PodInfo } from './pod-info.ts';
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import type { Labels } from '../../api/machinery/selectors.ts';
import type { Node, Taint } from '../../api/schema/types/core.v1.ts';

/** What happened; each plugin says which of these can help a pod that it refused. */
export type ClusterEvent = 'node added' | 'node labels' | 'node taints' | 'node capacity' | 'pod freed' | 'pod placed';

export interface Placed {
  readonly info: PodInfo;
  readonly row: number;
}

/** How many pods on each node match one selector; kept up to date while somebody uses it. */
export interface PodCounter {
  readonly namespace: string;
  readonly matches: (labels: Labels | undefined) => boolean;
  readonly perRow: number[];
  /** The same by domains, by the name that the asker gave to its way of drawing them. */
  readonly domains: Map<string, DomainCounts>;
}

/** Counters beyond this many push out the one that was made first. */
const MAX_COUNTERS = 200;
const MAX_DOMAINS_PER_COUNTER = 20;
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

  private readonly rows = new Map<string, number>();
  private readonly placed = new Map<string, Placed>();
  private readonly counters = new Map<string, PodCounter>();

  get size(): number {
    return this.rows.size;
  }

  rowOf(name: string): number | undefined {
    return this.rows.get(name);
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
    const row = known ?? this.addRow(name);
    const events = known === undefined ? (['node added'] as ClusterEvent[]) : this.differences(row, node);
    if (events.length === 0) return events;
    this.labels[row] = node.metadata.labels ?? {};
    this.taints[row] = node.spec.taints ?? [];
    this.unschedulable[row] = node.spec.unschedulable ?? false;
    const { cpu, memory, pods } = allocatable(node);
    this.allocatableCpu[row] = cpu;
    this.allocatableMemory[row] = memory;
    this.allocatablePods[row] = pods;
    this.staticVersion += 1;
    return events;
  }

  /** Its pods stay placed on a row that no pod is scheduled to any more; they go one by one. */
  removeNode(name: string): void {
    const row = this.rows.get(name);
    if (row === undefined) return;
    this.rows.delete(name);
    this.names[row] = undefined;
    this.staticVersion += 1;
  }

  /** Counts the pod on the node; a pod that is there already stays as it is. */
  place(info: PodInfo, node: string): void {
    const before = this.placed.get(info.uid);
    const row = this.rows.get(node) ?? this.addLostRow(node);
    if (before?.row === row) return;
    if (before) this.remove(info.uid);
    this.placed.set(info.uid, { info, row });
    this.pods[row]?.add(info);
    this.count(info, row, 1);
  }

  /** Returns whether it was there. */
  remove(uid: string): boolean {
    const found = this.placed.get(uid);
    if (!found) return false;
    this.placed.delete(uid);
    this.pods[found.row]?.delete(found.info);
    this.count(found.info, found.row, -1);
    return true;
  }

  /** `id` names the selector: the same one is counted once. */
  counter(namespace: string, id: string, matches: PodCounter['matches']): PodCounter {
    const key = `${namespace} ${id}`;
    const known = this.counters.get(key);
    if (known) return known;
    const perRow: number[] = this.pods.map(
      (pods) => [...pods].filter((info) => isCounted(info, namespace, matches)).length,
    );
    const counter = { namespace, matches, perRow, domains: new Map<string, DomainCounts>() };
    this.counters.set(key, counter);
    const oldest = this.counters.keys().next();
    if (this.counters.size > MAX_COUNTERS && !oldest.done) this.counters.delete(oldest.value);
    return counter;
  }

  /** The counter's pods by domains. `id` names `domainOf`, which says a row's domain, undefined for one that doesn't count. */
  domains(counter: PodCounter, id: string, domainOf: (row: number) => string | undefined): DomainCounts {
    const known = counter.domains.get(id);
    if (known?.staticVersion === this.staticVersion) return known;
    const rows: (string | undefined)[] = [];
    for (const row of this.all()) rows[row] = domainOf(row);
    const drawn = new DomainCounts(this.staticVersion, rows, counter.perRow);
    counter.domains.delete(id);
    counter.domains.set(id, drawn);
    const oldest = counter.domains.keys().next();
    if (counter.domains.size > MAX_DOMAINS_PER_COUNTER && !oldest.done) counter.domains.delete(oldest.value);
    return drawn;
  }

  private count(info: PodInfo, row: number, sign: 1 | -1): void {
    this.usedCpu[row] = (this.usedCpu[row] ?? 0) + sign * info.request.cpu;
    this.usedMemory[row] = (this.usedMemory[row] ?? 0) + sign * info.request.memory;
    this.weightCpu[row] = (this.weightCpu[row] ?? 0) + sign * info.weight.cpu;
    this.weightMemory[row] = (this.weightMemory[row] ?? 0) + sign * info.weight.memory;
    const owners = this.owners[row];
    const ofOwner = (owners?.get(info.owner) ?? 0) + sign;
    if (ofOwner > 0) owners?.set(info.owner, ofOwner);
    else owners?.delete(info.owner);
    for (const { namespace, matches, perRow, domains } of this.counters.values()) {
      if (!isCounted(info, namespace, matches)) continue;
      perRow[row] = (perRow[row] ?? 0) + sign;
      for (const drawn of domains.values()) if (drawn.staticVersion === this.staticVersion) drawn.add(row, sign);
    }
    this.touch(row);
  }

  private touch(row: number): void {
    if (this.touched.length >= MAX_TOUCHED) {
      this.touched.length = 0;
      this.epoch += 1;
    }
    this.touched.push(row);
  }

  private addRow(name: string): number {
    const free = this.names.findIndex((taken, at) => taken === undefined && this.pods[at]?.size === 0);
    const row = free >= 0 ? free : this.names.length;
    this.names[row] = name;
    this.rows.set(name, row);
    this.labels[row] = {};
    this.taints[row] = [];
    this.unschedulable[row] = false;
    for (const column of [this.allocatableCpu, this.allocatableMemory, this.allocatablePods]) column[row] = 0;
    for (const column of [this.usedCpu, this.usedMemory, this.weightCpu, this.weightMemory]) column[row] = 0;
    this.pods[row] = new Set();
    this.owners[row] = new Map();
    for (const { perRow } of this.counters.values()) perRow[row] = 0;
    return row;
  }

  /** A pod may be seen before its node is: the row takes nothing until the node comes. */
  private addLostRow(node: string): number {
    const row = this.addRow(node);
    this.unschedulable[row] = true;
    this.staticVersion += 1;
    return row;
  }

  private differences(row: number, node: Node): ClusterEvent[] {
    const events: ClusterEvent[] = [];
    const { cpu, memory, pods } = allocatable(node);
    const isSameCapacity =
      this.allocatableCpu[row] === cpu && this.allocatableMemory[row] === memory && this.allocatablePods[row] === pods;
    if (!isSameCapacity) events.push('node capacity');
    if (!isSame(this.labels[row], node.metadata.labels ?? {})) events.push('node labels');
    const isSameTaints = isSame(this.taints[row], node.spec.taints ?? []);
    if (!isSameTaints || this.unschedulable[row] !== (node.spec.unschedulable ?? false)) events.push('node taints');
    return events;
  }
}

function isCounted(info: PodInfo, namespace: string, matches: PodCounter['matches']): boolean {
  const { metadata } = info.pod;
  return metadata.namespace === namespace && !metadata.deletionTimestamp && matches(metadata.labels);
}

function allocatable(node: Node): { cpu: number; memory: number; pods: number } {
  const list = node.status.allocatable ?? node.status.capacity ?? {};
  return {
    cpu: milliOf(list['cpu'] ?? '0'),
    memory: bytesOf(list['memory'] ?? '0'),
    pods: bytesOf(list['pods'] ?? '0'),
  };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
