/** Deployments and their replica sets, as `rollout`, `describe` and `why` see them. */
import type { Deployment, ReplicaSet } from '../api/types/apps.v1.ts';
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
