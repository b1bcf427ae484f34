/** What a quota should say of itself, by what there is in its namespace. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import type { Quantity } from '../../../api/machinery/quantity.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { ResourceQuota } from '../../../api/types/core.v1.ts';
import { addAmounts, type Amounts, amountsOf, countOf, listOf, only, sameAmounts } from '../../quota/amounts.ts';
import { matchesScopes } from '../../quota/scopes.ts';
import { concerns, usageOf } from '../../quota/usage.ts';
import { targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

export interface QuotaSnapshot {
  readonly quota: ResourceQuota;
  /** By kind, what there is in the namespace of the kinds that the quota speaks of. */
  readonly objects: ReadonlyMap<Kind, Iterable<KubeObject>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function planQuota({ quota, objects, now }: QuotaSnapshot): Plan {
  const hard = quota.spec.hard ?? {};
  const limits = amountsOf(hard);
  let used: Amounts = new Map<string, Quantity>([...limits.keys()].map((name) => [name, countOf(0)]));
  for (const [kind, all] of objects) {
    for (const object of all) {
      if (matchesScopes(quota, kind, object)) used = addAmounts(used, only(usageOf(kind, object, now), limits));
    }
  }
  const isSame = sameJson(quota.status.hard ?? {}, hard) && sameAmounts(amountsOf(quota.status.used), used);
  if (isSame) return NOTHING;
  const target = targetOf(kinds.resourcequotas as Kind, quota);
  const why = 'it says what there is in its namespace';
  return { actions: [{ do: 'set-status', target, status: { hard, used: listOf(used) }, why }], reasons: [] };
}

/** Whether objects of the kind have anything to do with the quota. */
export function isConcerned({ spec }: ResourceQuota, kind: Kind): boolean {
  return Object.keys(spec.hard ?? {}).some((name) => concerns(kind, name));
}
