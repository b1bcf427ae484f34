/** Plans for the roles and bindings that every cluster has: what is missing is added, nothing is taken away. */
import type { Kind } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import type {
  AggregationRule,
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  Subject,
} from '../../../api/types/rbac.v1.ts';
import { missingRights } from '../../../api/machinery/rights.ts';
import { AUTOUPDATE } from '../../auth/rbac/defaults/policy.ts';
import { type MergePatch, targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

const WHY = 'every cluster has it';

export function planRole<T extends Role | ClusterRole>(kind: Kind<T>, wanted: T, existing: T | undefined): Plan {
  return planDefault(kind, wanted, existing, (found) => {
    const rule = (wanted as ClusterRole).aggregationRule;
    // Its rules are gathered from other roles.
    if (rule) return { aggregationRule: withSelectors((found as ClusterRole).aggregationRule, rule) };
    const held = found.rules ?? [];
    const missing = wanted.rules.filter((each) => missingRights(held, [each]).length > 0);
    return missing.length > 0 ? { rules: [...held, ...missing] } : {};
  });
}

export function planBinding<T extends RoleBinding | ClusterRoleBinding>(
  kind: Kind<T>,
  wanted: T,
  existing: T | undefined,
): Plan {
  if (existing && !isKept(existing) && !sameJson(existing.roleRef, wanted.roleRef)) {
    const target = targetOf(kind as Kind, existing);
    const why = 'it gives another role than its name says';
    const again = { do: 'create', kind: kind as Kind, object: wanted, why } as const;
    return { actions: [{ do: 'delete', target, why }, again], reasons: [] };
  }
  return planDefault(kind, wanted, existing, (found) => {
    const held = found.subjects ?? [];
    const missing = (wanted.subjects ?? []).filter((subject) => !held.some((each) => isSame(each, subject)));
    return missing.length > 0 ? { subjects: [...held, ...missing] } : {};
  });
}

function planDefault<T extends KubeObject>(
  kind: Kind<T>,
  wanted: T,
  existing: T | undefined,
  changes: (existing: T) => MergePatch,
): Plan {
  if (!existing) {
    return { actions: [{ do: 'create', kind: kind as unknown as Kind, object: wanted, why: WHY }], reasons: [] };
  }
  if (isKept(existing)) return { ...NOTHING, reasons: [`its annotation ${AUTOUPDATE} says that it stays as it is`] };
  const { labels, annotations } = existing.metadata;
  const patch = {
    metadata: {
      labels: { ...wanted.metadata.labels, ...labels },
      annotations: { ...wanted.metadata.annotations, ...annotations },
    },
    ...changes(existing),
  };
  const isThere = Object.entries(patch).every(([field, value]) =>
    field === 'metadata'
      ? sameJson(value, { labels: labels ?? {}, annotations: annotations ?? {} })
      : sameJson(value, (existing as unknown as Record<string, unknown>)[field]),
  );
  if (isThere) return NOTHING;
  const target = targetOf(kind as unknown as Kind, existing);
  return { actions: [{ do: 'patch', target, patch, why: 'it lacks a part of what every cluster has' }], reasons: [] };
}

function isKept({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[AUTOUPDATE] === 'false';
}

function withSelectors(found: AggregationRule | undefined, wanted: AggregationRule): AggregationRule {
  const held = found?.clusterRoleSelectors ?? [];
  const missing = (wanted.clusterRoleSelectors ?? []).filter((each) => !held.some((other) => sameJson(each, other)));
  return { clusterRoleSelectors: [...held, ...missing] };
}

function isSame(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}
