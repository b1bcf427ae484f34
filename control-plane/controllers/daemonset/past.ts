/** The revisions of a daemon set: which of them are its present template, and which it need not remember. */
import { kinds } from '../../../api/kinds.ts';
import type { ControllerRevision, DaemonSet } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action } from '../actions.ts';
import { targetOf } from '../actions.ts';
import type { History } from '../history/history.ts';
import { isRevisionOf, type RevisionOwner } from '../history/revision.ts';
import { REVISION_HASH } from './fleet.ts';

/** What Kubernetes keeps when the daemon set does not say. */
const DEFAULT_LIMIT = 10;

export interface Past {
  /** The hashes of the template as it is now, that of new pods first. */
  readonly hashes: readonly [string, ...string[]];
  /** Of other templates, oldest first. */
  readonly old: readonly ControllerRevision[];
  /** Gives every revision its label, and leaves one of those that are of the same template. */
  readonly actions: readonly Action[];
}

export function ownerOf(daemonSet: DaemonSet): RevisionOwner {
  return { kind: kinds.daemonsets, object: daemonSet, hashLabel: REVISION_HASH };
}

/** `pods` are those of the daemon set. */
export function pastOf(daemonSet: DaemonSet, { revisions, update }: History, pods: readonly Pod[]): Past {
  const others = revisions.filter((revision) => revision !== update);
  const twins = others.filter((revision) => isRevisionOf(revision, daemonSet.spec.template));
  const hash = hashOf(update);
  const twinHashes = twins.map(hashOf);
  const moved = pods.filter(({ metadata }) => twinHashes.includes(metadata.labels?.[REVISION_HASH] ?? ''));
  return {
    hashes: [hash, ...twinHashes],
    old: others.filter((revision) => !twins.includes(revision)),
    actions: [
      ...revisions.filter(({ metadata }) => !metadata.labels?.[REVISION_HASH]).map(label),
      ...moved.map((pod) => relabel(pod, hash)),
      ...remove(twins, 'another revision is of the same template'),
    ],
  };
}

/** One that somebody else has made may lack the label. */
function hashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[REVISION_HASH] || (metadata.name ?? '');
}

function label(revision: ControllerRevision): Action {
  const patch = { metadata: { labels: { [REVISION_HASH]: hashOf(revision) } } };
  return { do: 'patch', target: targetOf(kinds.controllerrevisions, revision), patch, why: 'its pods are told by it' };
}

function relabel(pod: Pod, hash: string): Action {
  const patch = { metadata: { labels: { [REVISION_HASH]: hash } } };
  return { do: 'patch', target: targetOf(kinds.pods, pod), patch, why: 'its revision is about to go' };
}

function remove(revisions: readonly ControllerRevision[], why: string): readonly Action[] {
  return revisions
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((revision) => ({ do: 'delete', target: targetOf(kinds.controllerrevisions, revision), why }));
}

/** Deletes the oldest beyond the limit; those that pods were made from count and stay. */
export function outlived(daemonSet: DaemonSet, { old }: Past, pods: readonly Pod[]): readonly Action[] {
  const excess = old.length - (daemonSet.spec.revisionHistoryLimit ?? DEFAULT_LIMIT);
  if (excess <= 0) return [];
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH]));
  const idle = old.filter((revision) => !live.has(hashOf(revision)));
  return remove(idle.slice(0, excess), 'it is beyond the revision history limit');
}
