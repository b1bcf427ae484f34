/** The scheduler's decisions, stored: bindings, nominations, conditions, ends of pods, and events. */
import type { SchedulerOutput } from './port.ts';
import { keepVolume, selectNode } from './volume-output.ts';
import { isStatusError, notFound } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { keyOf } from '../../api/object.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { EventRecorder } from '../events/recorder.ts';
import { boundPod, nominatedPod, unscheduledPod } from '../registry/binding.ts';
import { preemptedPod } from '../registry/preempted.ts';
import type { Registry } from '../registry/port.ts';

export interface RegistryOutputOptions {
  registry: Registry;
  /** Changes a pod in the way that only a subresource of its own may. */
  rewrite(namespace: string, name: string, change: (pod: Pod) => Pod): Promise<Pod>;
  events: EventRecorder;
  clock: Clock;
  log: Log;
}

export class RegistryOutput implements SchedulerOutput {
  private readonly options: RegistryOutputOptions;

  constructor(options: RegistryOutputOptions) {
    this.options = options;
  }

  async bind(pod: Pod, node: string): Promise<void> {
    const { clock } = this.options;
    const { namespace = '', name = '' } = pod.metadata;
    await this.options.rewrite(namespace, name, (current) => boundPod(sameAs(pod, current), node, clock.date()));
    this.tell(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
  }

  refused(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string, nominated: string | undefined): void {
    const { clock } = this.options;
    this.note(pod, (current) => {
      const now = clock.date();
      return nominatedPod(unscheduledPod(current, reason, message, now) ?? current, nominated);
    });
    if (reason === 'Unschedulable') this.tell(pod, 'Warning', 'FailedScheduling', message);
  }

  clearNomination(pod: Pod): void {
    this.note(pod, (current) => nominatedPod(current, undefined));
  }

  keepVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
    return keepVolume(this.options.registry, volume, claim);
  }

  selectNode(claim: PersistentVolumeClaim, node: string): Promise<PersistentVolumeClaim> {
    return selectNode(this.options.registry, claim, node);
  }

  async preempt(victim: Pod, preemptor: Pod, node: string): Promise<void> {
    const { registry, clock } = this.options;
    const { namespace = '', name = '', uid = '' } = victim.metadata;
    const scheduler = preemptor.spec.schedulerName ?? '';
    const pods = registry.resource(kinds.pods);
    try {
      const mark = (current: Pod): Pod => preemptedPod(current, scheduler, clock.date());
      await pods.mutate(namespace, name, mark, { subresource: 'status', uid });
      await pods.delete(namespace, name, { preconditions: { uid } });
    } catch (error) {
      // It is gone, or another of its name has taken its place: either way its room is free.
      const now = pods.view.get(keyOf(victim));
      if (isStatusError(error, 'NotFound') || now?.metadata.uid !== uid) return;
      throw error;
    }
    const message = `Preempted by pod ${preemptor.metadata.uid} on node ${node}`;
    this.tell(victim, 'Normal', 'Preempted', message, scheduler);
  }

  /** Writes it to the pod's status in the background. */
  private note(pod: Pod, change: (current: Pod) => Pod): void {
    const { registry, log } = this.options;
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    registry
      .resource(kinds.pods)
      .mutate(namespace, name, change, { subresource: 'status', uid })
      .catch((error: unknown) => {
        if (isStatusError(error, 'NotFound') || isStatusError(error, 'Conflict')) return;
        log.warn({ err: error, pod: `${namespace}/${name}` }, 'the status of a pod that waits could not be stored');
      });
  }

  private tell(
    pod: Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    component = pod.spec.schedulerName ?? 'default-scheduler',
  ): void {
    const { namespace, name, uid } = pod.metadata;
    const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
    this.options.events.record({ about, type, reason, message, component });
  }
}

/** Guards against a pod of the same name that was made since the decision. */
function sameAs(decided: Pod, current: Pod): Pod {
  if (decided.metadata.uid === current.metadata.uid) return current;
  throw notFound(kinds.pods, current.metadata.name ?? '');
}
