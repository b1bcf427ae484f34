/** Plans for a namespace that is being deleted: its pods first, then everything else, then itself. */
import type { Kind } from '../../../api/kinds.ts';
import { kinds, qualifiedResource } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Namespace } from '../../../api/schema/types/core.v1.ts';
import type { Action, Condition } from '../actions.ts';
import { targetOf } from '../actions.ts';
import type { Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';

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
}

export function planNamespace({ namespace, contents }: NamespaceSnapshot, { date }: Moment): Plan {
  if (!namespace.metadata.deletionTimestamp) return NOTHING;
  const target = targetOf(kinds.namespaces, namespace);
  const report: Action = {
    do: 'set-conditions',
    target,
    conditions: conditionsOf(contents),
    at: formatTime(date.getTime()),
    why: 'what is left in it has changed',
  };
  if (contents.length > 0) {
    const reasons = contents.map(({ kind, objects }) => `${objects.length} ${qualifiedResource(kind)} are still there`);
    return { actions: [...deletions(contents), report], reasons };
  }
  if (!namespace.spec?.finalizers?.includes('kubernetes'))
    return { ...NOTHING, reasons: ['others have yet to finalize it'] };
  return { actions: [report, { do: 'finalize-namespace', target, why: 'nothing is left in it' }], reasons: [] };
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

function conditionsOf(contents: readonly Content[]): readonly Condition[] {
  // The dot stays where the group is empty, as Kubernetes has it: `pods. has 1 resource instances`.
  const remaining = contents
    .map(({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`)
    .toSorted();
  const finalizers = contents.flatMap(({ objects }) => objects.flatMap(({ metadata }) => metadata.finalizers ?? []));
  const counts = Map.groupBy(finalizers, (name) => name);
  const holding = [...counts].map(([name, { length }]) => `${name} in ${length} resource instances`).toSorted();
  return [
    fine('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    fine(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    fine(
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

/** Says on the namespace what could not be deleted. */
export function reportFailure(namespace: Namespace, cause: string, date: Date): readonly Action[] {
  const message = `Failed to delete all resource types, 1 remaining: ${cause}`;
  const condition = held('NamespaceDeletionContentFailure', 'ContentDeletionFailed', message);
  const target = targetOf(kinds.namespaces, namespace);
  return [
    {
      do: 'set-conditions',
      target,
      conditions: [condition],
      at: formatTime(date.getTime()),
      why: 'content could not be deleted',
    },
  ];
}
