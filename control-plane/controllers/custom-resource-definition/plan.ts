/** Plans for one definition: which names it gets, and when it is served; at its end, its objects before itself. */
import { kinds, type Kind } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../../api/types/apiextensions.v1.ts';
import { approvalOf, isProtectedGroup } from '../../../api/custom/definition/approval.ts';
import { type Action, type Condition, type MergePatch, targetOf } from '../actions.ts';
import { withCondition } from '../conditions.ts';
import { type Moment, NOTHING, type Plan } from '../controller.ts';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
/** The most objects deleted by one plan; their disappearance brings on the next. */
const BURST = 500;
/** Milliseconds until a server that is about to serve a resource is looked at again. */
const SERVED_SOON = 100;

export interface DefinitionSnapshot {
  readonly definition: CustomResourceDefinition;
  /** The other definitions of its group. */
  readonly siblings: readonly CustomResourceDefinition[];
  /** Its objects, as they are stored; undefined while they are not served here. */
  readonly content: { readonly kind: Kind; readonly objects: readonly KubeObject[] } | undefined;
}

export function planDefinition(snapshot: DefinitionSnapshot, moment: Moment): Plan {
  const { definition } = snapshot;
  if (definition.metadata.deletionTimestamp === undefined) return planNames(snapshot, moment);
  return definition.metadata.finalizers?.includes(CLEANUP_FINALIZER) ? planEnd(snapshot, moment) : NOTHING;
}

function planNames({ definition, siblings }: DefinitionSnapshot, { date }: Moment): Plan {
  const { accepted, conflict } = acceptNames(definition, siblings);
  const names: Condition = conflict ?? {
    type: 'NamesAccepted',
    status: 'True',
    reason: 'NoConflicts',
    message: 'no conflicts found',
  };
  const conditions = [names, ...establishment(definition, conflict), ...approval(definition)];
  const patch = statusPatch(definition, conditions, date, accepted);
  if (!patch) return NOTHING;
  const why = conflict ? 'some of its names are taken' : 'its names are free';
  return {
    actions: [{ do: 'patch-status', target: targetOf(kinds.customresourcedefinitions, definition), patch, why }],
    reasons: [],
  };
}

/** Once it is established it stays so, whatever names it asks for later. */
function establishment({ status }: CustomResourceDefinition, conflict: Condition | undefined): Condition[] {
  const isEstablished = status.conditions.some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );
  if (isEstablished) return [];
  if (conflict) {
    const message = 'not all names are accepted';
    return [{ type: 'Established', status: 'False', reason: 'NotAccepted', message }];
  }
  const message = 'the initial names have been accepted';
  return [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message }];
}

const APPROVAL_REASONS = {
  missing: ['False', 'MissingAnnotation'],
  invalid: ['False', 'InvalidAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
  approved: ['True', 'ApprovedAnnotation'],
} as const;

function approval(definition: CustomResourceDefinition): Condition[] {
  if (!isProtectedGroup(definition.spec.group)) return [];
  const { state, why } = approvalOf(definition);
  const [status, reason] = APPROVAL_REASONS[state];
  return [{ type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message: why }];
}

interface Accepted {
  readonly accepted: CustomResourceDefinitionNames;
  readonly conflict: Condition | undefined;
}

const SINGLE = [
  ['plural', 'PluralConflict'],
  ['singular', 'SingularConflict'],
] as const;
const KINDS = [
  ['kind', 'KindConflict'],
  ['listKind', 'ListKindConflict'],
] as const;

/** Of its names it gets those that no other of its group has; what it had it keeps. */
function acceptNames(
  { spec, status }: CustomResourceDefinition,
  siblings: readonly CustomResourceDefinition[],
): Accepted {
  const taken = siblings.map((sibling) => sibling.status.acceptedNames);
  const resources = new Set(
    taken.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]),
  );
  const types = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind]));
  const { names } = spec;
  const before = status.acceptedNames;
  const accepted: CustomResourceDefinitionNames = { ...before };
  let conflict: Condition | undefined;
  const refuse = (reason: string, used: readonly string[]): void => {
    const each = used.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = each.length === 1 ? each[0]! : `[${each.join(', ')}]`;
    conflict = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  const single = (fields: typeof SINGLE | typeof KINDS, used: ReadonlySet<string | undefined>): void => {
    for (const [field, reason] of fields) {
      const name = names[field] ?? '';
      if (name !== before[field] && used.has(name)) refuse(reason, [name]);
      else accepted[field] = name;
    }
  };
  single(SINGLE, resources);
  const used = (names.shortNames ?? []).filter((name) => !before.shortNames?.includes(name) && resources.has(name));
  if (used.length > 0) refuse('ShortNamesConflict', used);
  else replace(accepted, 'shortNames', names.shortNames);
  single(KINDS, types);
  replace(accepted, 'categories', names.categories);
  return { accepted, conflict };
}

function replace(
  names: CustomResourceDefinitionNames,
  field: 'shortNames' | 'categories',
  value: string[] | undefined,
): void {
  if (value === undefined) delete names[field];
  else names[field] = value;
}

/** undefined when the status says all of that already. */
function statusPatch(
  { status }: CustomResourceDefinition,
  conditions: readonly Condition[],
  date: Date,
  acceptedNames = status.acceptedNames,
): MergePatch | undefined {
  const at = formatTime(date.getTime());
  const next = conditions.reduce<readonly Condition[]>(
    (list, condition) => withCondition(list, condition, at),
    status.conditions,
  );
  if (next === status.conditions && sameJson(acceptedNames, status.acceptedNames)) return undefined;
  const gone = Object.keys(status.acceptedNames).filter((name) => !Object.hasOwn(acceptedNames, name));
  const removed = Object.fromEntries(gone.map((name) => [name, null]));
  return { conditions: next, acceptedNames: { ...acceptedNames, ...removed } };
}

function planEnd({ definition, content }: DefinitionSnapshot, { date }: Moment): Plan {
  const target = targetOf(kinds.customresourcedefinitions, definition);
  const wasServed = definition.status.conditions.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  if (!content) {
    if (wasServed) return { ...NOTHING, reasons: ['its objects are not known here yet'], after: SERVED_SOON };
    const why = 'it was never served, so there are no objects of it';
    return { actions: [{ do: 'remove-finalizer', target, finalizer: CLEANUP_FINALIZER, why }], reasons: [] };
  }
  const { kind, objects } = content;
  if (objects.length === 0) {
    const why = 'none of its objects is left';
    return { actions: [{ do: 'finalize-definition', target, kind, finalizer: CLEANUP_FINALIZER, why }], reasons: [] };
  }
  const terminating = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  };
  const patch = statusPatch(definition, [terminating], date);
  const report: Action[] = patch ? [{ do: 'patch-status', target, patch, why: 'its objects are being deleted' }] : [];
  const deletions = objects
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .slice(0, BURST)
    .map((object): Action => ({
      do: 'delete',
      target: targetOf(kind, object),
      why: 'its definition is being deleted',
    }));
  return { actions: [...report, ...deletions], reasons: [`${objects.length} of its objects are still there`] };
}
