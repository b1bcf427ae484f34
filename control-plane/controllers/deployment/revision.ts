/** Revisions: what `kubectl rollout history` and `undo` read from the replica sets' annotations. */
import type { Deployment, ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Fleet } from './fleet.ts';
import { DESIRED_REPLICAS, MAX_REPLICAS, boundsOf, isObserved, replicasOf } from './fleet.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const MAX_HISTORY_LENGTH = 2000;

const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

/** A signed integer of 64 bits in Kubernetes: an adopted set may bring one that no number holds exactly. */
export function revisionOf({ metadata }: ReplicaSet): bigint {
  const revision = metadata.annotations?.[REVISION] ?? '';
  return /^\d{1,19}$/.test(revision) ? BigInt(revision) : 0n;
}

/** One more than any old set has; the current set's own if that is higher already. */
export function currentRevision({ current, old }: Fleet): bigint {
  const next = highest(old.map(revisionOf)) + 1n;
  return highest([next, current ? revisionOf(current) : 0n]);
}

function highest(revisions: readonly bigint[]): bigint {
  return revisions.reduce((a, b) => (b > a ? b : a), 0n);
}

/** The annotations that the current set should have; `before` are those it has. */
export function annotationsFor(fleet: Fleet, before: Record<string, string> = {}): Record<string, string> {
  const own = Object.entries(fleet.deployment.metadata.annotations ?? {}).filter(([name]) => !NOT_COPIED.has(name));
  const revision = String(currentRevision(fleet));
  const earlier = before[REVISION];
  const history = before[REVISION_HISTORY];
  return {
    ...before,
    ...Object.fromEntries(own),
    [REVISION]: revision,
    ...(earlier === undefined || earlier === revision ? {} : { [REVISION_HISTORY]: withRevision(history, earlier) }),
  };
}

/** The oldest revisions go when the list gets too long. */
function withRevision(history: string | undefined, revision: string): string {
  const revisions = [...(history ? history.split(',') : []), revision];
  while (revisions.join().length > MAX_HISTORY_LENGTH) revisions.shift();
  return revisions.join();
}

/** What the deployment was when a set was last sized by it. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const desired = replicasOf(deployment);
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(desired + boundsOf(deployment).surge) };
}

/** Old sets beyond the history limit that hold nothing any more, lowest revision first. */
export function outlived({ deployment, old }: Fleet): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const excess = Math.max(0, alive.length - limit);
  return alive
    .toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)))
    .slice(0, excess)
    .filter((set) => replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && isObserved(set));
}
