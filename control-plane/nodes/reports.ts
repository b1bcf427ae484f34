/**
 * Stores what an agent reports. An agent may write its own node's status, its own pods' status and events, and let go
 * volumes of its node that it has removed; nothing else.
 */
import { StatusError, isStatusError } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { DATA_FINALIZER, HOSTNAME_LABEL, hostnameOf, isToBeRemoved } from '../../api/machinery/local-volumes.ts';
import type { Event, NodeStatus, PersistentVolume, Pod, PodCondition, PodStatus } from '../../api/types/core.v1.ts';
import type { PodReport, Report, VolumeRemoved } from '../../lib/link/proto.ts';
import type { Log } from '../../lib/log.ts';
import type { Registry } from '../registry/port.ts';
import { writeNodeStatus } from './registration.ts';

export class ReportWriter {
  private readonly registry: Registry;
  private readonly node: string;
  private readonly log: Log;

  constructor(options: { registry: Registry; node: string; log: Log }) {
    this.registry = options.registry;
    this.node = options.node;
    this.log = options.log;
  }

  /**
   * Resolves when everything that can be stored is. Rejects with a retriable StatusError when the store can't take it
   * now; what it already took is taken again without harm. Once `signal` is aborted the session is over: what is said in
   * a later one must not be overwritten, so what could not be stored by then is left.
   */
  async write(report: Report, signal?: AbortSignal): Promise<void> {
    const writes: Promise<unknown>[] = report.pods.map((pod) =>
      this.attempt(pod.name, () => this.writePod(pod, signal)),
    );
    for (const bytes of report.events) writes.push(this.attempt('event', () => this.writeEvent(bytes)));
    for (const volume of report.volumes) writes.push(this.attempt(volume.name, () => this.letGo(volume)));
    if (report.nodeStatus.length > 0) {
      const status = JSON.parse(report.nodeStatus.toString()) as NodeStatus;
      writes.push(this.attempt(this.node, () => writeNodeStatus(this.registry, this.node, status, signal)));
    }
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason as Error;
  }

  /** What would be refused again and again is said in the log, and counts as done: the agent could do nothing about it. */
  private async attempt(what: string, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (isRetriable(error)) throw error;
      if (isStatusError(error, 'NotFound')) return;
      this.log.warn({ err: error, what }, 'a report of a node was refused');
    }
  }

  private async writePod(report: PodReport, signal: AbortSignal | undefined): Promise<void> {
    const pods = this.registry.resource(kinds.pods);
    const status = JSON.parse(report.status.toString()) as PodStatus;
    const { namespace, name, uid } = report;
    const options = { subresource: 'status', uid } as const;
    const pod = await this.unlessReplaced(() =>
      pods.mutate(
        namespace,
        name,
        (current) => (signal?.aborted ? undefined : this.withStatus(current, status)),
        options,
      ),
    );
    if (!pod || !report.gone || !pod.metadata.deletionTimestamp || signal?.aborted) return;
    await this.unlessReplaced(() => pods.delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } }));
  }

  /** A pod of the same name with another uid is another pod: what is said of the old one is of no interest any more. */
  private async unlessReplaced<T>(write: () => Promise<T>): Promise<T | undefined> {
    try {
      return await write();
    } catch (error) {
      if (isStatusError(error, 'Conflict')) return undefined;
      throw error;
    }
  }

  private withStatus(pod: Pod, reported: PodStatus): Pod | undefined {
    if (pod.spec.nodeName !== this.node) return undefined;
    return { ...pod, status: mergePodStatus(pod.status, reported) };
  }

  private async letGo({ name, uid }: VolumeRemoved): Promise<void> {
    const node = this.registry.resource(kinds.nodes).view.get(this.node);
    const hostname = node?.metadata.labels?.[HOSTNAME_LABEL] ?? this.node;
    const change = (volume: PersistentVolume): PersistentVolume | undefined =>
      isToBeRemoved(volume) && hostnameOf(volume) === hostname ? withoutDataFinalizer(volume) : undefined;
    await this.unlessReplaced(() => this.registry.resource(kinds.persistentvolumes).mutate('', name, change, { uid }));
  }

  private async writeEvent(bytes: Buffer): Promise<void> {
    const event = JSON.parse(bytes.toString()) as Event;
    const events = this.registry.resource(kinds.events);
    const { namespace = '', name = '' } = event.metadata;
    if ((event.count ?? 1) > 1) {
      try {
        const { count, lastTimestamp, message } = event;
        await events.mutate(namespace, name, (current) => ({ ...current, count, lastTimestamp, message }));
        return;
      } catch (error) {
        // The first one has expired, or never arrived: this one takes its place.
        if (!isStatusError(error, 'NotFound')) throw error;
      }
    }
    try {
      await events.create(event);
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists')) throw error;
    }
  }
}

/** The agent's word stands; conditions that are not its own (readiness gates, disruption) stay. */
export function mergePodStatus(before: PodStatus, reported: PodStatus): PodStatus {
  const types = new Set((reported.conditions ?? []).map(({ type }) => type));
  const foreign = (before.conditions ?? []).filter((condition: PodCondition) => !types.has(condition.type));
  const { nominatedNodeName } = before;
  return {
    ...reported,
    ...(nominatedNodeName ? { nominatedNodeName } : {}),
    conditions: [...(reported.conditions ?? []), ...foreign],
  };
}

function withoutDataFinalizer(volume: PersistentVolume): PersistentVolume {
  const finalizers = volume.metadata.finalizers?.filter((each) => each !== DATA_FINALIZER);
  return { ...volume, metadata: { ...volume.metadata, finalizers } };
}

function isRetriable(error: unknown): boolean {
  return !(error instanceof StatusError) || ['ServiceUnavailable', 'Timeout', 'TooManyRequests'].includes(error.reason);
}
