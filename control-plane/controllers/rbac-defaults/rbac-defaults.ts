/**
 * The default roles and bindings, looked at once by each new leader: what somebody deletes or changes on purpose stays so
 * until a server takes the lead again.
 */
import { kinds } from '../../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import {
  DEFAULT_CLUSTER_ROLE_BINDINGS,
  DEFAULT_CLUSTER_ROLES,
  DEFAULT_ROLE_BINDINGS,
  DEFAULT_ROLES,
} from '../../auth/rbac/defaults/policy.ts';
import type { Registry } from '../../registry/port.ts';
import { NOTHING, type Controller, type Plan } from '../controller.ts';
import { planBinding, planRole } from './plan.ts';

interface Default {
  readonly namespace: string;
  plan(): Plan;
}

export class RbacDefaults implements Controller {
  readonly name = 'rbac-defaults';
  private readonly registry: Registry;
  private readonly defaults: ReadonlyMap<string, Default>;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
    const { clusterroles, clusterrolebindings, roles, rolebindings } = kinds;
    const viewOf = registry.resource.bind(registry);
    this.defaults = new Map([
      ...entries(DEFAULT_CLUSTER_ROLES, (wanted, key) =>
        planRole(clusterroles, wanted, viewOf(clusterroles).view.get(key)),
      ),
      ...entries(DEFAULT_CLUSTER_ROLE_BINDINGS, (wanted, key) =>
        planBinding(clusterrolebindings, wanted, viewOf(clusterrolebindings).view.get(key)),
      ),
      ...entries(DEFAULT_ROLES, (wanted, key) => planRole(roles, wanted, viewOf(roles).view.get(key))),
      ...entries(DEFAULT_ROLE_BINDINGS, (wanted, key) =>
        planBinding(rolebindings, wanted, viewOf(rolebindings).view.get(key)),
      ),
    ]);
  }

  watch(enqueue: (key: string) => void): () => void {
    for (const key of this.defaults.keys()) enqueue(key);
    return this.registry.resource(kinds.namespaces).view.subscribe(({ type, key: name }) => {
      if (type !== 'added') return;
      for (const [key, { namespace }] of this.defaults) if (namespace === name) enqueue(key);
    });
  }

  plan(key: string): Plan {
    const found = this.defaults.get(key);
    if (!found) return NOTHING;
    const { namespace } = found;
    if (namespace !== '' && !this.registry.resource(kinds.namespaces).view.get(namespace)) {
      return { ...NOTHING, reasons: [`waiting for the namespace ${namespace}`] };
    }
    return found.plan();
  }
}

function entries<T extends KubeObject & { kind?: string }>(
  objects: readonly T[],
  plan: (wanted: T, key: string) => Plan,
): [string, Default][] {
  return objects.map((wanted) => {
    const { namespace = '', name = '' } = wanted.metadata;
    const key = objectKey(namespace, name);
    return [`${wanted.kind} ${key}`, { namespace, plan: () => plan(wanted, key) }];
  });
}
