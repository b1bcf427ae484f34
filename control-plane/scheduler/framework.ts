/** What a plugin of the scheduler is. Plugins are prepared for one template of pods and then asked about nodes, by row. */
import type { PodInfo } from './pod-info.ts';
import type { ClusterEvent, Snapshot } from './snapshot.ts';

/**
 * What an answer depends on, and so for how long it holds:
 * - `static`: the pod and the node's labels, taints and capacity;
 * - `node`: also the pods that are on that node;
 * - `cluster`: also pods elsewhere: it is asked anew for every pod.
 */
export type Scope = 'static' | 'node' | 'cluster';

/** Why a node can't take the pod. */
export interface Refusal {
  /** Each in words that go on from a number of nodes. */
  readonly reasons: readonly string[];
  /** It stays so whichever pods leave the node. */
  readonly isFinal: boolean;
}

/**
 * Why the node can't take the pod; undefined when it can. While no node changes, a prepared filter sees the pods that come
 * and go: it answers for the snapshot as it is when it is asked.
 */
export type Filter = (row: number) => Refusal | undefined;
/** 0 (worst) to 100. */
export type Score = (row: number) => number;

export interface FilterPlugin {
  readonly name: string;
  readonly scope: Scope;
  /** What may make a refused pod fit. */
  readonly helpedBy: readonly ClusterEvent[];
  /** undefined: nothing to refuse for such a pod. */
  prepare(info: PodInfo, snapshot: Snapshot): Filter | undefined;
  /** Why no node at all can take a pod that uses claims, as things are; only such pods are asked about. */
  objection?(info: PodInfo, snapshot: Snapshot): string | undefined;
  /** The only rows that it may let pass, where they are known without looking at all of them. */
  narrow?(info: PodInfo, snapshot: Snapshot): readonly number[] | undefined;
  /**
   * Whether what has happened to the other pod, on that node, can't help this one, although such an event may: neither to
   * fit nor to make itself room. `node` is undefined when it is gone.
   */
  ignores?(event: ClusterEvent, info: PodInfo, other: PodInfo, snapshot: Snapshot, node: string | undefined): boolean;
}

export interface ScorePlugin {
  readonly name: string;
  readonly scope: Scope;
  readonly weight: number;
  /** undefined: no preference for such a pod. */
  prepare(info: PodInfo, snapshot: Snapshot): Score | undefined;
  /** More than which no node gets now; 100 when absent. The nearer to what the best one gets, the fewer are looked at. */
  highest?(info: PodInfo, snapshot: Snapshot): number;
}

/** How the node is chosen among those that can take the pod. */
export type Choice = 'best score' | 'round robin' | 'random';

export interface Profile {
  /** What pods name as spec.schedulerName. */
  readonly name: string;
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
  readonly choice: Choice;
}
