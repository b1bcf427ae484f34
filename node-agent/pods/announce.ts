/** Tells, as events, when a container begins to wait for a back-off, and what a pod asks for in vain. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { Plan } from './plan-builder.ts';
import type { PodServices } from './services.ts';
import { emit } from './services.ts';

export function announce(
  services: PodServices,
  pod: Pod,
  before: Plan['waiting'],
  now: Plan['waiting'],
  problems: readonly string[],
): void {
  if (now.size > 0 && before.size === 0 && problems.length > 0) {
    const message = `Error validating pod ${pod.metadata.name}.${pod.metadata.namespace}: ${problems.join('; ')}`;
    emit(services, pod, undefined, 'Warning', 'FailedValidation', message);
    return;
  }
  for (const [container, { reason, message = '' }] of now) {
    const known = before.get(container);
    if (known?.reason === reason && known.message === message) continue;
    if (reason === 'CrashLoopBackOff') {
      const { name, namespace, uid } = pod.metadata;
      const text = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`;
      emit(services, pod, container, 'Warning', 'BackOff', text);
    } else if (reason === 'ImagePullBackOff') {
      emit(services, pod, container, 'Normal', 'BackOff', message.replace(/: ErrImagePull: .*$/s, ''));
      emit(services, pod, container, 'Warning', 'Failed', 'Error: ImagePullBackOff');
    }
  }
}
