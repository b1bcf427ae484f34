/**
 * Who has which place, and who waits for one: follows nodes, namespaces, pods and volumes, keeps the snapshot and the queue
 * in step with them, and tells the queue what happened.
 */
import type { Evictions } from './evictions.ts';
import { differencesOf } from './pod-changes.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import type { SchedulerOutput } from './port.ts';
import type { SchedulingQueue } from './queue.ts';
import type { ClusterEvent, Placed, Snapshot } from './snapshot.ts';
import { followVolumes } from './volume-events.ts';
import type { VolumeWaits } from './volume-waits.ts';
import type { VolumeViews, Volumes } from './volumes.ts';
import type { About } from './waiting.ts';
import type { Namespace, Node, Pod } from '../../api/types/core.v1.ts';
import type { Change, View } from '../../lib/view.ts';

export interface ClusterViews extends VolumeViews {
  readonly pods: View<Pod>;
  readonly nodes: View<Node>;
  readonly namespaces: View<Namespace>;
}

export interface PlacesOptions {
  readonly views: ClusterViews;
  readonly snapshot: Snapshot;
  readonly queue: SchedulingQueue;
  readonly volumes: Volumes;
  readonly waits: VolumeWaits;
  readonly evictions: Evictions;
  readonly output: SchedulerOutput;
  /** Whether pods that name this scheduler are ours to place. */
  readonly isOurs: (schedulerName: string) => boolean;
}

export class Places {
  private readonly options: PlacesOptions;
  /** What users were told last, by the pod's uid. */
  private readonly told = new Map<string, string>();
  private unsubscribe: (() => void)[] = [];

  constructor(options: PlacesOptions) {
    this.options = options;
  }

  /** The views are synced. */
  start(): void {
    const { views, snapshot, volumes, waits, queue } = this.options;
    const { pods, nodes, namespaces } = views;
    for (const { metadata } of namespaces.list()) snapshot.namespaces.set(metadata.name ?? '', metadata.labels ?? {});
    for (const node of nodes.list()) snapshot.setNode(node);
    for (const pod of pods.list()) this.podIs(pod);
    this.unsubscribe = [
      namespaces.subscribe((change) => this.namespaceChanged(change)),
      nodes.subscribe((change) => this.nodeChanged(change)),
      ...followVolumes({ views, volumes, waits, happened: (event, about) => queue.happened(event, about) }),
      pods.subscribe(({ type, object, previous }) => {
        if (type === 'deleted') this.podGone(object);
        else this.podIs(object, previous);
      }),
    ];
  }

  stop(): void {
    for (const end of this.unsubscribe) end();
  }

  /** The pod takes its room on the node, and leaves to others what it was to have elsewhere. */
  settle(info: PodInfo, node: string): void {
    const nominated = this.options.snapshot.nominations.nodeOf(info.uid);
    this.options.snapshot.place(info, node);
    if (nominated === node) this.options.snapshot.nominations.clear(info.uid);
    else this.endNomination(info.uid);
    this.retryNominated(node);
    this.happened(['pod placed'], { pod: info, node });
  }

  leave(uid: string): void {
    const placed = this.options.snapshot.placement(uid);
    if (!placed) return;
    const node = this.options.snapshot.names[placed.row];
    this.options.snapshot.remove(uid);
    this.happened(['pod freed'], { pod: placed.info, node });
  }

  /** The room that it was to have is others' again. */
  endNomination(uid: string): void {
    if (!this.options.snapshot.nominations.clear(uid)) return;
    this.options.queue.retry(uid);
    this.happened(['pod freed']);
  }

  /** Users are told once of each answer, not of every try. */
  tell(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string): void {
    const uid = pod.metadata.uid ?? '';
    const nominated = this.options.snapshot.nominations.nodeOf(uid);
    const answer = `${message} ${nominated ?? ''}`;
    if (this.told.get(uid) === answer) return;
    this.told.set(uid, answer);
    this.options.output.refused(pod, reason, message, nominated);
  }

  /** Whether it still has, as far as is known, the place that was decided. */
  isPlaced({ uid, key }: PodInfo, node: string): boolean {
    const placed = this.options.snapshot.placement(uid);
    if (!placed || this.options.snapshot.names[placed.row] !== node) return false;
    return !this.options.views.pods.get(key)?.spec.nodeName;
  }

  /** What was preempted for it is still meant for it. */
  renominate(info: PodInfo): void {
    const now = this.options.views.pods.get(info.key);
    const node = now?.metadata.uid === info.uid ? now.status.nominatedNodeName : undefined;
    if (node) this.options.snapshot.nominations.set(info, node);
  }

  /** The view may have told of the binding although its answer was lost. */
  isBound(info: PodInfo): boolean {
    const now = this.options.views.pods.get(info.key);
    return now?.metadata.uid === info.uid && Boolean(now.spec.nodeName);
  }

  private nodeChanged({ type, object }: Change<Node>): void {
    const { name = '' } = object.metadata;
    if (type === 'deleted') {
      this.options.snapshot.removeNode(name);
      this.options.waits.nodeGone(name);
      this.retryNominated(name);
      this.happened(['node removed'], { node: name });
    } else this.happened(this.options.snapshot.setNode(object), { node: name });
  }

  private namespaceChanged({ type, object: { metadata } }: Change<Namespace>): void {
    const labels = type === 'deleted' ? undefined : (metadata.labels ?? {});
    if (this.options.snapshot.namespaces.set(metadata.name ?? '', labels)) this.happened(['namespace labels']);
  }

  private podIs(pod: Pod, previous?: Pod): void {
    const { nodeName, schedulerName = '' } = pod.spec;
    const uid = pod.metadata.uid ?? '';
    if (isOver(pod)) this.podGone(pod);
    else if (nodeName) this.podOn(pod, nodeName);
    else if (pod.metadata.deletionTimestamp || !this.options.isOurs(schedulerName)) this.forget(uid);
    else if (pod.spec.schedulingGates?.length) this.gated(pod);
    else if (!this.options.snapshot.placement(uid)) {
      const info = podInfo(pod);
      this.followNomination(info, previous);
      this.options.queue.add(info);
    }
  }

  private podOn(pod: Pod, node: string): void {
    const uid = pod.metadata.uid ?? '';
    this.options.queue.remove(uid);
    this.options.waits.cancel(uid);
    this.told.delete(uid);
    const known = this.options.snapshot.placement(uid);
    if (known && this.options.snapshot.names[known.row] === node) {
      this.update(known, pod, node);
      return;
    }
    // Somebody else may have bound it to another node than it was meant for.
    this.leave(uid);
    this.settle(podInfo(pod), node);
  }

  /** What they wait for on that node may not be enough for them any more. */
  private retryNominated(node: string): void {
    for (const { uid } of this.options.snapshot.nominations.to(node)) this.options.queue.retry(uid);
  }

  private update({ info }: Placed, pod: Pod, node: string): void {
    const events = differencesOf(info, pod);
    if (events.length === 0) return;
    this.options.snapshot.remove(info.uid);
    this.options.snapshot.place(podInfo(pod), node);
    this.happened(events, { node });
  }

  private podGone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.options.evictions.forget(uid);
    this.options.waits.cancel(uid);
    this.forget(uid);
    this.leave(uid);
  }

  /** The pod is none that waits for a node any more. */
  private forget(uid: string): void {
    this.options.queue.remove(uid);
    this.told.delete(uid);
    this.endNomination(uid);
  }

  /** What the status has come to say counts; what it says still may be older than what was decided since. */
  private followNomination(info: PodInfo, previous: Pod | undefined): void {
    const node = info.pod.status.nominatedNodeName;
    if (node === previous?.status.nominatedNodeName) return;
    if (node) this.options.snapshot.nominations.set(info, node);
    else this.endNomination(info.uid);
  }

  private happened(events: readonly ClusterEvent[], about?: About): void {
    for (const event of events) this.options.queue.happened(event, about);
  }

  private gated(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    this.options.queue.remove(uid);
    this.endNomination(uid);
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name).join(', ');
    this.tell(pod, 'SchedulingGated', `Scheduling is blocked due to non-empty scheduling gates: ${gates}`);
  }
}

function isOver(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
