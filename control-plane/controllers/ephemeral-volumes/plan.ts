/** The claims of a pod's ephemeral volumes: made for it and owned by it, so that they go when it goes. */
import { kinds } from '../../../api/kinds.ts';
import { claimOf } from '../../../api/machinery/pod-claims.ts';
import { isClaimOfPod } from '../../../api/machinery/persistent-volumes.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../../../api/types/core.v1.ts';
import { type Action, ownerReferenceTo, referenceTo } from '../actions.ts';
import { isTerminal } from '../conditions.ts';
import { NOTHING, type Plan } from '../controller.ts';

export function hasEphemeral({ spec }: Pod): boolean {
  return spec.volumes?.some(({ ephemeral }) => ephemeral !== undefined) === true;
}

/** `lookUp`: the claim of this name in the pod's namespace. */
export function planEphemeral(pod: Pod, lookUp: (name: string) => PersistentVolumeClaim | undefined): Plan {
  if (pod.metadata.deletionTimestamp !== undefined || isTerminal(pod)) return NOTHING;
  const actions: Action[] = [];
  const reasons: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    const name = volume.ephemeral && claimOf(pod, volume);
    if (name === undefined) continue;
    const claim = lookUp(name);
    if (!claim) actions.push(create(pod, volume, name));
    else if (!isClaimOfPod(claim, pod)) reasons.push(`ephemeral volume ${volume.name}: ${notOf(pod, name)}`);
  }
  for (const message of reasons) {
    const event = { about: referenceTo(kinds.pods, pod), type: 'Warning' as const, reason: 'FailedBinding', message };
    actions.push({ do: 'record', event, why: message });
  }
  return { actions, reasons };
}

function notOf({ metadata: { namespace, name } }: Pod, claim: string): string {
  return `PVC ${namespace}/${claim} was not created for pod ${namespace}/${name} (pod is not owner)`;
}

function create(pod: Pod, { name: volume, ephemeral }: Volume, name: string): Action {
  const { metadata, spec } = ephemeral?.volumeClaimTemplate ?? {};
  const object = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: pod.metadata.namespace,
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ownerReferences: [ownerReferenceTo(kinds.pods, pod)],
    },
    spec,
  };
  return { do: 'create', kind: kinds.persistentvolumeclaims, object, why: `the volume ${volume} needs it` };
}
