/** The scheduler's decisions, stored: bindings, conditions and events. */
import type { SchedulerOutput } from './port.ts';
import { isStatusError, notFound } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import type { Pod } from '../../api/schema/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { EventRecorder } from '../events/recorder.ts';
import { boundPod, unscheduledPod } from '../registry/binding.ts';
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

  refused(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string): void {
    const { registry, clock, log } = this.options;
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    const change = (current: Pod): Pod | undefined => unscheduledPod(current, reason, message, clock.date());
    registry
      .resource(kinds.pods)
      .mutate(namespace, name, change, { subresource: 'status', uid })
      .catch((error: unknown) => {
        if (isStatusError(error, 'NotFound') || isStatusError(error, 'Conflict')) return;
        log.warn({ err: error, pod: `${namespace}/${name}` }, 'the reason why a pod waits could not be stored');
      });
    if (reason === 'Unschedulable') this.tell(pod, 'Warning', 'FailedScheduling', message);
  }

  private tell(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { namespace, name, uid } = pod.metadata;
    const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
    this.options.events.record({
      about,
      type,
      reason,
      message,
      component: pod.spec.schedulerName ?? 'default-scheduler',
    });
  }
}

/** Guards against a pod of the same name that was made since the decision. */
function sameAs(decided: Pod, current: Pod): Pod {
  if (decided.metadata.uid === current.metadata.uid) return current;
  throw notFound(kinds.pods, current.metadata.name ?? '');
}
