/** What is asked of the store before an action that would be wrong if a view had lagged behind. */
import { conflict, isStatusError } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import type { OwnerReference } from '../../api/types/meta.v1.ts';
import type { Registry } from '../registry/port.ts';
import type { Target } from './actions.ts';

/** Views may lag behind; what is deleted for another's absence is deleted on the store's word. */
export async function confirmGone(registry: Registry, target: Target, owners: readonly Target[]): Promise<void> {
  for (const owner of owners) {
    if (await exists(registry, owner)) {
      throw conflict(target.kind, target.name, `its ${owner.kind.kind} ${owner.name} is still there`);
    }
  }
}

/** What is adopted by an owner that is gone or leaving goes with it, also if somebody has just set it free to keep it. */
export async function confirmStays(
  registry: Registry,
  { kind, namespace, name }: Target,
  ownerKind: Kind,
  owner: OwnerReference,
): Promise<void> {
  const { metadata } = await registry.resource(ownerKind).get(namespace, owner.name);
  if (metadata.uid === owner.uid && metadata.deletionTimestamp === undefined) return;
  throw conflict(kind, name, `its new owner ${owner.kind} ${owner.name} is being deleted or was replaced`);
}

export async function isGone(registry: Registry, target: Target, error: unknown): Promise<boolean> {
  if (isStatusError(error, 'NotFound')) return true;
  return isStatusError(error, 'Conflict') && !(await exists(registry, target));
}

async function exists(registry: Registry, { kind, namespace, name, uid }: Target): Promise<boolean> {
  try {
    const object = await registry.resource(kind).get(namespace, name);
    return uid === '' || object.metadata.uid === uid;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return false;
    throw error;
  }
}

/** The kind of something that is left in a namespace. */
export function firstIn(registry: Registry, namespace: string): string | undefined {
  for (const kind of registry.kinds()) {
    if (!kind.namespaced) continue;
    for (const _ of registry.resource(kind).view.byIndex('namespace', namespace)) return kind.kind;
  }
  return undefined;
}
