/** Plans for a namespace that is being deleted: its pods first, then everything else, wherever it is, then itself. */
import type { Kind } from '../../../api/kinds.ts';
import { kinds, qualifiedResource } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Namespace } from '../../../api/types/core.v1.ts';
import type { Action, Condition } from '../actions.ts';
import { targetOf } from '../actions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import type { Remains, RemoteResource } from '../elsewhere.ts';
import { LeftElsewhere } from './empty-elsewhere.ts';

/** The most objects deleted by one plan; their disappearance brings on the next. */
const BURST = 500;

export interface Content {
  readonly kind: Kind;
  readonly objects: readonly KubeObject[];
}

export interface NamespaceSnapshot {
  readonly namespace: Namespace;
  /** Kinds of which the namespace holds something. */
  readonly contents: readonly Content[];
  /** What it may hold on other API servers. */
  readonly elsewhere: readonly RemoteResource[];
  /** As `group/version`: of what nobody tells now whether it holds any. */
  readonly silent: readonly string[];
}

export function planNamespace(snapshot: NamespaceSnapshot, { date }: Moment): Plan {
  const { namespace, contents, elsewhere, silent } = snapshot;
  if (!namespace.metadata.deletionTimestamp) return NOTHING;
  const target = targetOf(kinds.namespaces, namespace);
  const hasPods = contents.some(({ kind }) => kind === kinds.pods);
  const known = elsewhere.filter(({ group, version }) => !silent.includes(`${group}/${version}`));
  const remote: Action[] =
    hasPods || known.length === 0
      ? []
      : [{ do: 'empty-elsewhere', target, resources: known, why: 'its namespace is being deleted' }];
  // Last: what fails before it is reported with what is known of it.
  const report = reportOf(snapshot, { remains: [], failures: [] }, date);
  if (contents.length > 0 || silent.length > 0) {
    const reasons = [
      ...contents.map(({ kind, objects }) => `${objects.length} ${qualifiedResource(kind)} are still there`),
      ...silent.map((version) => `nobody tells what it holds of ${version}`),
    ];
    return { actions: [...deletions(contents), ...remote, report], reasons };
  }
  if (!namespace.spec?.finalizers?.includes('kubernetes'))
    return { ...NOTHING, reasons: ['others have yet to finalize it'] };
  return {
    actions: [...remote, report, { do: 'finalize-namespace', target, why: 'nothing is left in it' }],
    reasons: [],
  };
}

/** Says on the namespace what could not be deleted. */
export function planFailure(snapshot: NamespaceSnapshot, { action, error }: Failure, { date }: Moment): Action[] {
  if (error instanceof LeftElsewhere) return [reportOf(snapshot, error, date)];
  return action.do === 'delete' ? [reportOf(snapshot, { remains: [], failures: [error.message] }, date)] : [];
}

interface Left {
  /** Elsewhere. */
  readonly remains: readonly Remains[];
  /** Why something could not be deleted. */
  readonly failures: readonly string[];
}

function reportOf({ namespace, contents, silent }: NamespaceSnapshot, left: Left, date: Date): Action {
  return {
    do: 'set-conditions',
    target: targetOf(kinds.namespaces, namespace),
    conditions: conditionsOf([...contents.map(remainsOf), ...left.remains], left.failures, silent),
    at: formatTime(date.getTime()),
    why: 'what is left in it has changed',
  };
}

function remainsOf({ kind, objects }: Content): Remains {
  const finalizers = objects.flatMap(({ metadata }) => metadata.finalizers ?? []);
  return {
    resource: `${kind.plural}.${kind.group}`,
    objects: objects.length,
    finalizers: countsOf(finalizers.map((name) => [name, 1])),
  };
}

function countsOf(pairs: readonly (readonly [string, number])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [name, count] of pairs) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}

function deletions(contents: readonly Content[]): readonly Action[] {
  // Pods may need the rest until they have ended.
  const pods = contents.filter(({ kind }) => kind === kinds.pods);
  return (pods.length > 0 ? pods : contents)
    .flatMap(({ kind, objects }) =>
      objects.filter(({ metadata }) => !metadata.deletionTimestamp).map((object) => targetOf(kind, object)),
    )
    .slice(0, BURST)
    .map((target) => ({
      do: 'delete',
      target,
      propagationPolicy: 'Background',
      why: 'its namespace is being deleted',
    }));
}

function conditionsOf(
  remains: readonly Remains[],
  failures: readonly string[],
  silent: readonly string[],
): readonly Condition[] {
  const remaining = remains.map(({ resource, objects }) => `${resource} has ${objects} resource instances`).toSorted();
  const holding = [...countsOf(remains.flatMap(({ finalizers }) => [...finalizers]))]
    .map(([name, count]) => `${name} in ${count} resource instances`)
    .toSorted();
  const unknown = silent.map((version) => `${version}: stale GroupVersion discovery: ${version}`).join(', ');
  return [
    silent.length > 0
      ? held(
          'NamespaceDeletionDiscoveryFailure',
          'DiscoveryFailed',
          `Discovery failed for some groups, ${silent.length} failing: unable to retrieve the complete list of server APIs: ${unknown}`,
        )
      : fine('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    fine(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    failures.length > 0
      ? held(
          'NamespaceDeletionContentFailure',
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${failures.length} remaining: ${failures.toSorted().join(', ')}`,
        )
      : fine(
          'NamespaceDeletionContentFailure',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ),
    remaining.length > 0
      ? held(
          'NamespaceContentRemaining',
          'SomeResourcesRemain',
          `Some resources are remaining: ${remaining.join(', ')}`,
        )
      : fine('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'),
    holding.length > 0
      ? held(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${holding.join(', ')}`,
        )
      : fine('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ];
}

function fine(type: string, reason: string, message: string): Condition {
  return { type, status: 'False', reason, message };
}

function held(type: string, reason: string, message: string): Condition {
  return { type, status: 'True', reason, message };
}
