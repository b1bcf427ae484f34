/** Follows every kind: who owns what, what is gone, and what waits for what. */
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { OwnerReference } from '../../../api/types/meta.v1.ts';
import type { Change } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import type { Target } from '../actions.ts';
import type { Controller, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import type { Dependent, Owner } from './plan.ts';
import { FOREGROUND, ORPHAN, WRONG_SCOPE, isWaiting, planCollection } from './plan.ts';

/** A key of this controller: the kind's group and plural, and the object's key. */
function workKey(kind: Kind, key: string): string {
  return `${kind.group}|${kind.plural}|${key}`;
}

function concerns({ metadata }: KubeObject): boolean {
  if ((metadata.ownerReferences?.length ?? 0) > 0) return true;
  const pending = metadata.finalizers?.some((name) => name === FOREGROUND || name === ORPHAN);
  return metadata.deletionTimestamp !== undefined && pending === true;
}

export class GarbageCollector implements Controller {
  readonly name = 'garbage-collector';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    return this.registry.followKinds((kind) => {
      const { view } = this.registry.resource(kind);
      for (const object of view.list()) if (concerns(object)) enqueue(workKey(kind, keyOf(object)));
      return view.subscribe((change) => this.changed(kind, change, enqueue));
    });
  }

  plan(key: string): Plan {
    const [group, plural, objectName = ''] = key.split('|');
    const kind = [...this.registry.kinds()].find((row) => row.group === group && row.plural === plural);
    const object = kind && this.registry.resource(kind).view.get(objectName);
    if (!kind || !object || !concerns(object)) return NOTHING;
    const owners = (object.metadata.ownerReferences ?? []).map((reference) => this.find(kind, object, reference));
    return planCollection({ kind, object, owners, dependents: this.dependentsOf(object) });
  }

  private changed(
    kind: Kind,
    { type, key, object, previous }: Change<KubeObject>,
    enqueue: (key: string) => void,
  ): void {
    if (type !== 'deleted' && concerns(object)) enqueue(workKey(kind, key));
    const replaced = type === 'updated' && previous?.metadata.uid !== object.metadata.uid;
    if (type === 'deleted' || replaced) this.enqueueDependents(previous ?? object, enqueue);
    else if (isWaiting(object)) this.enqueueDependents(object, enqueue);
    // An owner may be waiting for this one to go, or to be released.
    for (const reference of (previous ?? object).metadata.ownerReferences ?? []) {
      const owner = this.find(kind, object, reference);
      if (owner.is === 'waiting')
        enqueue(workKey(owner.target.kind, objectKey(owner.target.namespace, owner.target.name)));
    }
  }

  private enqueueDependents(owner: KubeObject, enqueue: (key: string) => void): void {
    for (const { kind, object } of this.dependentsOf(owner)) enqueue(workKey(kind, keyOf(object)));
  }

  private dependentsOf({ metadata }: KubeObject): readonly Dependent[] {
    const found: Dependent[] = [];
    for (const kind of this.registry.kinds()) {
      const { view } = this.registry.resource(kind);
      for (const object of view.byIndex('owner', metadata.uid ?? '')) found.push({ kind, object });
    }
    return found;
  }

  /** An owner is looked for in the object's own namespace; one elsewhere does not count as there. */
  private find(kind: Kind, { metadata }: KubeObject, reference: OwnerReference): Owner {
    const ownerKind = this.registry.kindOf(reference.apiVersion, reference.kind);
    if (!ownerKind) return { is: 'unknown', reference, why: 'its kind is not served' };
    if (ownerKind.namespaced && !kind.namespaced) return { is: 'unknown', reference, why: WRONG_SCOPE };
    const namespace = ownerKind.namespaced ? (metadata.namespace ?? '') : '';
    const target: Target = { kind: ownerKind, namespace, name: reference.name, uid: reference.uid };
    const owner = this.registry.resource(ownerKind).view.get(objectKey(namespace, reference.name));
    if (owner?.metadata.uid !== reference.uid) return { is: 'absent', reference, target };
    return { is: isWaiting(owner) ? 'waiting' : 'present', reference, target };
  }
}
