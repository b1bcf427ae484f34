/** Deployments and their replica sets, as `rollout`, `describe` and `why` see them. */
import type { Deployment, ReplicaSet } from '../api/schema/types/apps.v1.ts';
import { CommandError } from './errors.ts';
import { selectorText } from './pods.ts';
import type { Place } from './selection.ts';
import type { Session } from './session.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const CHANGE_CAUSE = 'kubernetes.io/change-cause';
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';
export const TEMPLATE_HASH = 'pod-template-hash';

export function requireDeployment({ resource }: Place, verb: string): void {
  if (resource.kind === 'Deployment' && resource.group === 'apps') return;
  throw new CommandError(`${resource.name}.${resource.group || 'core'} does not support ${verb}`);
}

/** Those it owns, the oldest revision first. */
export async function replicaSetsOf(deployment: Deployment, session: Session): Promise<ReplicaSet[]> {
  const { namespace = '', uid } = deployment.metadata;
  const client = await session.client();
  const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
  const { items } = await client.list<ReplicaSet>(path, {
    query: { labelSelector: selectorText(deployment.spec.selector) },
  });
  const owned = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid),
  );
  return owned.toSorted((a, b) => (revisionOf(a) < revisionOf(b) ? -1 : 1));
}

/** 0 when there is none yet. Revisions are 64 bits wide. */
export function revisionOf({ metadata }: Pick<ReplicaSet | Deployment, 'metadata'>): bigint {
  const text = metadata.annotations?.[REVISION] ?? '';
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

/** Where the rollout stands, as kubectl says it. Throws CommandError when it has failed. */
export function rolloutStatus(deployment: Deployment): { readonly text: string; readonly isDone: boolean } {
  const { metadata, spec } = deployment;
  const status: Deployment['status'] = deployment.status ?? {};
  const { name } = metadata;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    return { text: 'Waiting for deployment spec update to be observed...', isDone: false };
  }
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new CommandError(`deployment "${name}" exceeded its progress deadline`);
  }
  const wanted = spec.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const waiting = `Waiting for deployment "${name}" rollout to finish:`;
  if (updatedReplicas < wanted) {
    return { text: `${waiting} ${updatedReplicas} out of ${wanted} new replicas have been updated...`, isDone: false };
  }
  if (replicas > updatedReplicas) {
    return { text: `${waiting} ${replicas - updatedReplicas} old replicas are pending termination...`, isDone: false };
  }
  if (availableReplicas < updatedReplicas) {
    return {
      text: `${waiting} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`,
      isDone: false,
    };
  }
  return { text: `deployment "${name}" successfully rolled out`, isDone: true };
}
