/** The changes that actions make to an object; pure. */
import { conflict } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { applyMergePatch } from '../../api/patch/merge.ts';
import type { Secret, ServiceAccount, Taint } from '../../api/types/core.v1.ts';
import type { ActionOf, Condition, MergePatch, Target } from './actions.ts';
import { withCondition } from './conditions.ts';
import { ACCOUNT_UID, base64 } from './token-secrets/plan.ts';

export interface Conditioned extends KubeObject {
  status?: { conditions?: Condition[] };
}

interface Tainted extends KubeObject {
  spec: { taints?: Taint[] };
}

export function merged(object: KubeObject, patch: MergePatch): KubeObject {
  return applyMergePatch(object, patch) as unknown as KubeObject;
}

/** Throws a Conflict when the object is not any more as whoever planned saw it. */
export function unchanged(target: Target, object: KubeObject, resourceVersion: string | undefined): KubeObject {
  if (resourceVersion === undefined || object.metadata.resourceVersion === resourceVersion) return object;
  throw conflict(target.kind, target.name, 'it was written since');
}

/** A list that has become empty is absent, as everywhere in the API. */
export function withMetadata<Field extends 'ownerReferences' | 'finalizers'>(
  object: KubeObject,
  field: Field,
  list: KubeObject['metadata'][Field] & object,
): KubeObject {
  const { [field]: _former, ...metadata } = object.metadata;
  return { ...object, metadata: list.length > 0 ? { ...metadata, [field]: list } : metadata };
}

export function withoutFinalizer(object: KubeObject, finalizer: string): KubeObject | undefined {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return undefined;
  return withMetadata(
    object,
    'finalizers',
    finalizers.filter((name) => name !== finalizer),
  );
}

export function withConditions(object: Conditioned, next: readonly Condition[], at: string): KubeObject {
  const conditions = next.reduce<readonly Condition[]>(
    (list, condition) => withCondition(list, condition, at),
    object.status?.conditions ?? [],
  );
  return { ...object, status: { ...object.status, conditions } } as Conditioned;
}

/** A token that somebody else has put there meanwhile stays. */
export function filled(secret: Secret, account: ServiceAccount, token: string, certificate: string): Secret {
  const { namespace = '', annotations } = secret.metadata;
  const data = {
    ...secret.data,
    token: secret.data?.['token'] ?? base64(token),
    namespace: base64(namespace),
    'ca.crt': base64(certificate),
  };
  const named = { ...annotations, [ACCOUNT_UID]: account.metadata.uid ?? '' };
  return { ...secret, metadata: { ...secret.metadata, annotations: named }, data };
}

export function withTaints(object: KubeObject, { add, remove: unwanted }: ActionOf<'change-taints'>): KubeObject {
  const node = object as Tainted;
  const isOneOf = (list: readonly Pick<Taint, 'key' | 'effect'>[], taint: Taint): boolean =>
    list.some(({ key, effect }) => key === taint.key && effect === taint.effect);
  const kept = (node.spec.taints ?? []).filter((taint) => !isOneOf(unwanted, taint));
  const taints = [...kept, ...add.filter((taint) => !isOneOf(kept, taint))];
  const spec = { ...node.spec, taints };
  return { ...node, spec } as KubeObject;
}
