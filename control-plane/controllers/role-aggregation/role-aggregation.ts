/** Cluster roles with an aggregation rule: their rules are those of the roles that it selects. */
import { kinds } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { ClusterRole, PolicyRule } from '../../../api/types/rbac.v1.ts';
import type { Registry } from '../../registry/port.ts';
import { targetOf } from '../actions.ts';
import { NOTHING, type Controller, type Plan } from '../controller.ts';

export class RoleAggregationController implements Controller {
  readonly name = 'clusterrole-aggregation';
  private readonly registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { view } = this.registry.resource(kinds.clusterroles);
    const enqueueAll = (): void => {
      for (const { metadata, aggregationRule } of view.list()) if (aggregationRule) enqueue(metadata.name ?? '');
    };
    enqueueAll();
    return view.subscribe(enqueueAll);
  }

  plan(key: string): Plan {
    const { view } = this.registry.resource(kinds.clusterroles);
    const role = view.get(key);
    return role ? planAggregation(role, view.list()) : NOTHING;
  }
}

export function planAggregation(role: ClusterRole, roles: Iterable<ClusterRole>): Plan {
  if (!role.aggregationRule) return NOTHING;
  const selectors = (role.aggregationRule.clusterRoleSelectors ?? []).map((selector) => selectorFromObject(selector));
  const parts = [...roles].filter(
    ({ metadata }) => metadata.name !== role.metadata.name && selectors.some(({ matches }) => matches(metadata.labels)),
  );
  const sorted = parts.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules = unique(sorted.flatMap((part) => part.rules ?? []));
  if (sameJson(rules, role.rules ?? [])) return NOTHING;
  const target = targetOf(kinds.clusterroles, role);
  const why = 'the roles it is gathered from have other rules';
  return { actions: [{ do: 'patch', target, patch: { rules }, why }], reasons: [] };
}

function unique(rules: readonly PolicyRule[]): PolicyRule[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}
