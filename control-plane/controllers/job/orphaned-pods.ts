/**
 * Pods that no job counts any more, because theirs is gone, has ended or has let them go: the finalizer that has kept them
 * for it is removed.
 */
import { kinds } from '../../../api/kinds.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import { targetOf, type Target } from '../actions.ts';
import type { Controller, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { controllerOf } from '../owners.ts';
import { follow } from '../watching.ts';
import { isManagedElsewhere } from './plan.ts';
import { isTracked, TRACKING_FINALIZER } from './tracked-pods.ts';
import { isFinished } from './verdict.ts';

export class OrphanedJobPods implements Controller {
  readonly name = 'job-orphaned-pods';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const pods = this.registry.resource(kinds.pods).view;
    const see = (pod: Pod): void => {
      if (isTracked(pod) && this.jobOf(pod) !== 'counts it') enqueue(keyOf(pod));
    };
    return follow<Pod, Job>([
      [pods, see, 'existing'],
      [
        this.registry.resource(kinds.jobs).view,
        ({ metadata }) => {
          for (const pod of pods.byIndex('controller', metadata.uid ?? '')) see(pod);
        },
      ],
    ]);
  }

  plan(key: string): Plan {
    const pod = this.registry.resource(kinds.pods).view.get(key);
    if (!pod || !isTracked(pod)) return NOTHING;
    const job = this.jobOf(pod);
    return job === 'counts it' ? NOTHING : planOrphan(pod, job);
  }

  /** The one that must be confirmed to be gone; undefined when it has none, or one that has ended. */
  private jobOf(pod: Pod): 'counts it' | Target | undefined {
    const owner = controllerOf(pod);
    if (!owner) return undefined;
    // Of other kinds of owners it is not known what they want with the finalizer.
    if (owner.kind !== 'Job' || owner.apiVersion !== 'batch/v1') return 'counts it';
    const { namespace = '' } = pod.metadata;
    const job = this.registry.resource(kinds.jobs).view.get(objectKey(namespace, owner.name));
    if (job?.metadata.uid !== owner.uid) return { kind: kinds.jobs, namespace, name: owner.name, uid: owner.uid };
    return isFinished(job) && !isManagedElsewhere(job) ? undefined : 'counts it';
  }
}

/** Guarded by the revision: a job may adopt it in this moment. */
export function planOrphan(pod: Pod, gone: Target | undefined): Plan {
  const { resourceVersion = '' } = pod.metadata;
  const target = targetOf(kinds.pods, pod);
  const why = 'no job counts it any more';
  return {
    actions: [
      {
        do: 'remove-finalizer',
        target,
        finalizer: TRACKING_FINALIZER,
        resourceVersion,
        ...(gone ? { gone: [gone] } : {}),
        why,
      },
    ],
    reasons: [],
  };
}
