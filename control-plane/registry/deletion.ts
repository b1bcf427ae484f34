/** Decides what a delete does to an object. Pure: the registry carries it out, guarded. */
import { conflict } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { copyJson } from '../../api/machinery/json.ts';
import { timestamp } from './metadata.ts';
import type { DeleteOptions } from './port.ts';
import type { Strategy } from './strategy.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export type Deletion<T> =
  /** Nothing holds it: the key goes. */
  | { readonly action: 'remove'; readonly object: T }
  /** It stays for now, marked or changed. */
  | { readonly action: 'mark'; readonly object: T }
  /** It is being deleted already, as soon as was asked for now. */
  | { readonly action: 'leave' };

/** Throws Conflict when a precondition does not hold. */
export function planDeletion<T extends KubeObject>(
  kind: Kind<T>,
  strategy: Strategy<T>,
  current: T,
  options: DeleteOptions,
  now: Date,
): Deletion<T> {
  checkPreconditions(kind, current, options);
  // What is deleted is often much; only its metadata are edited, and what the kind itself marks.
  const object = strategy.markDeleting ? copyJson(current) : { ...current, metadata: { ...current.metadata } };
  const grace = strategy.graceSeconds?.(object, options);
  // While a grace period runs nothing but its length can be changed.
  if (grace !== undefined && !markWithGrace(object, grace, options, now)) return { action: 'leave' };
  const finalizersChanged = setPropagation(object, options.propagationPolicy ?? defaultPropagation(object, strategy));
  const held = isHeld(object, strategy);
  if (!held && !object.metadata.deletionGracePeriodSeconds) return { action: 'remove', object };
  if (object.metadata.deletionTimestamp === undefined) {
    mark(object, 0, now);
    strategy.markDeleting?.(object);
    return { action: 'mark', object };
  }
  return grace !== undefined || finalizersChanged ? { action: 'mark', object } : { action: 'leave' };
}

/** Whether the last thing that held an object being deleted is gone, so that its update removes it. */
export function isReleased<T extends KubeObject>(object: T, strategy: Strategy<T>): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  return deletionTimestamp !== undefined && !deletionGracePeriodSeconds && !isHeld(object, strategy);
}

function isHeld<T extends KubeObject>(object: T, strategy: Strategy<T>): boolean {
  return (object.metadata.finalizers?.length ?? 0) > 0 || strategy.isHeld?.(object) === true;
}

/** The message names the kind where others name the resource, as Kubernetes' does. */
function checkPreconditions(kind: Kind, { metadata }: KubeObject, { preconditions }: DeleteOptions): void {
  const subject = { ...kind, plural: kind.kind };
  const name = metadata.name ?? '';
  const { uid, resourceVersion } = preconditions ?? {};
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(subject, name, why);
  }
}

/** What was decided for the object before stands; without that, its kind decides. */
function defaultPropagation<T extends KubeObject>(
  { metadata }: T,
  strategy: Strategy<T>,
): DeleteOptions['propagationPolicy'] {
  const isDecided = metadata.finalizers?.some((finalizer) => finalizer === ORPHAN || finalizer === FOREGROUND);
  return isDecided ? undefined : strategy.defaultPropagation;
}

/** Makes the garbage collector's finalizers say what was asked for. Returns whether they changed. */
function setPropagation(object: KubeObject, policy: DeleteOptions['propagationPolicy']): boolean {
  if (policy === undefined) return false;
  const before = object.metadata.finalizers ?? [];
  const wanted = policy === 'Orphan' ? ORPHAN : policy === 'Foreground' ? FOREGROUND : undefined;
  const others = before.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  const after = wanted === undefined ? others : [...others, wanted];
  if (after.length === before.length && after.every((finalizer) => before.includes(finalizer))) return false;
  if (after.length > 0) object.metadata.finalizers = after;
  else delete object.metadata.finalizers;
  return true;
}

/** Marks the object, or brings its end forward. False when it is to end as soon as was asked for anyway. */
function markWithGrace(object: KubeObject, grace: number, options: DeleteOptions, now: Date): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds: before } = object.metadata;
  if (deletionTimestamp === undefined) {
    mark(object, grace, now);
    return true;
  }
  if (!before) return true;
  if (options.gracePeriodSeconds === undefined || grace >= before) return false;
  const end = Date.parse(deletionTimestamp) + (grace - before) * 1000;
  const isOver = end < now.getTime();
  object.metadata.deletionTimestamp = timestamp(isOver ? now : new Date(end));
  // Who asked for grace gets some, so that whoever ends the object hears of it.
  object.metadata.deletionGracePeriodSeconds = isOver && grace > 0 ? 1 : grace;
  return true;
}

function mark({ metadata }: KubeObject, grace: number, now: Date): void {
  metadata.deletionTimestamp = timestamp(new Date(now.getTime() + grace * 1000));
  metadata.deletionGracePeriodSeconds = grace;
  if (metadata.generation !== undefined && metadata.generation > 0) metadata.generation++;
}
