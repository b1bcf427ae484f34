/** Pods: kept as they were made, but for a few fields; they end gracefully. */
import { defaultPod } from '../../../api/defaults/pod.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { validatePod } from '../../../api/validation/pod/spec.ts';
import { validatePodStatusUpdate, validatePodUpdate } from '../../../api/validation/pod/update.ts';
import { warnOfPodStatus } from '../../../api/validation/address-warnings.ts';
import { warnOfPod } from '../../../api/validation/pod/warnings.ts';
import { qosClassOf } from '../../../api/machinery/pod-qos.ts';
import type { DeleteOptions } from '../port.ts';
import type { Strategy } from '../strategy.ts';
import { applyLabelKeys } from './affinity-label-keys.ts';
import { ephemeralContainers, resize } from './pod-parts.ts';

const DEFAULT_GRACE_SECONDS = 30;

export const podStrategy: Strategy<Pod> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultPod,
  generation: true,
  prepareForCreate(pod) {
    pod.status = { phase: 'Pending' };
    applyLabelKeys(pod);
  },
  validate: validatePod,
  completeNew(pod) {
    pod.status.qosClass = qosClassOf(pod.spec);
  },
  prepareForUpdate(next, previous) {
    // What admission worked out at the start is not for a client to send back.
    const { priority, preemptionPolicy } = previous.spec;
    if (priority !== undefined) next.spec.priority ??= priority;
    if (preemptionPolicy !== undefined) next.spec.preemptionPolicy ??= preemptionPolicy;
  },
  validateUpdate: validatePodUpdate,
  validatesUpdateAlone: true,
  statusKeeps: ['metadata.ownerReferences', 'metadata.deletionTimestamp'],
  prepareForStatusUpdate(next, previous) {
    const { ownerReferences } = previous.metadata;
    if (ownerReferences) next.metadata.ownerReferences = ownerReferences;
    else delete next.metadata.ownerReferences;
    // The class is a fact of the spec, not something to report.
    const { qosClass } = previous.status;
    if (qosClass !== undefined) next.status = { ...next.status, qosClass };
  },
  validateStatusUpdate: validatePodStatusUpdate,
  parts: { ephemeralcontainers: ephemeralContainers, resize },
  warnings: warnOfPod,
  statusWarnings: warnOfPodStatus,
  graceSeconds,
};

/** A century; with much more the time of the end could not be written down. */
const LONGEST_GRACE_SECONDS = 100 * 366 * 24 * 60 * 60;

/** A pod on no node, or one that has ended, has nothing to wait for. */
function graceSeconds({ spec, status }: Pod, options: DeleteOptions): number {
  if (!spec.nodeName || status.phase === 'Failed' || status.phase === 'Succeeded') return 0;
  const grace = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return grace < 0 ? 1 : Math.min(grace, LONGEST_GRACE_SECONDS);
}
