/** Whether an object fits into a quota, and what the quota says once it is in. */
import type { Kind } from '../../api/kinds.ts';
import { compareQuantities } from '../../api/machinery/quantity.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Pod, ResourceQuota } from '../../api/types/core.v1.ts';
import { addAmounts, type Amounts, amountsOf, amountsText, increase, listOf, only } from './amounts.ts';
import { matchesScopes } from './scopes.ts';
import { computeUsage, concerns, usageOf } from './usage.ts';

/** If a quota counts one of these, each container has to say how much of it it wants. */
const EXPLICIT: ReadonlySet<string> = new Set(
  ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
);

export interface Change {
  readonly kind: Kind;
  readonly object: KubeObject;
  /** What was there before; undefined for a new one. */
  readonly previous: KubeObject | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type Charge =
  | { readonly outcome: 'fits'; readonly used: Record<string, string> }
  | { readonly outcome: 'unconcerned' }
  | { readonly outcome: 'refused'; readonly why: string };

const UNCONCERNED: Charge = { outcome: 'unconcerned' };

export function charge(quota: ResourceQuota, change: Change): Charge {
  const { kind, object } = change;
  const hard = amountsOf(quota.status.hard);
  const used = amountsOf(quota.status.used);
  const names = new Set([...hard.keys()].filter((name) => concerns(kind, name)));
  if (names.size === 0 || !matchesScopes(quota, kind, object)) return UNCONCERNED;
  const { name = '' } = quota.metadata;
  const unsaid = kind.kind === 'Pod' && kind.group === '' ? whatIsUnsaid(object as unknown as Pod, names) : '';
  if (unsaid !== '') return { outcome: 'refused', why: `failed quota: ${name}: must specify ${unsaid}` };
  if ([...names].some((each) => !used.has(each))) {
    const resources = [...names].toSorted().join(',');
    return { outcome: 'refused', why: `status unknown for quota: ${name}, resources: ${resources}` };
  }
  const requested = only(requestedBy(quota, change), hard);
  if (requested.size === 0) return UNCONCERNED;
  const next = addAmounts(used, requested);
  const exceeded = new Set(
    [...requested.keys()].filter((each) => compareQuantities(next.get(each)!, hard.get(each)!) > 0),
  );
  if (exceeded.size === 0) return { outcome: 'fits', used: listOf(next) };
  const [wanted, before, most] = [requested, used, hard].map((amounts) => amountsText(only(amounts, exceeded)));
  return {
    outcome: 'refused',
    why: `exceeded quota: ${name}, requested: ${wanted}, used: ${before}, limited: ${most}`,
  };
}

/** Of an update, what it adds; all of it if the quota did not speak of the object before. */
function requestedBy(quota: ResourceQuota, { kind, object, previous, now }: Change): Amounts {
  const usage = usageOf(kind, object, now);
  const before = previous && matchesScopes(quota, kind, previous) ? usageOf(kind, previous, now) : new Map();
  return increase(usage, before);
}

/** `cpu for: a,b; memory for: a`, or ''. */
function whatIsUnsaid({ spec }: Pod, names: ReadonlySet<string>): string {
  const wanted = [...names].filter((name) => EXPLICIT.has(name)).toSorted();
  if (wanted.length === 0) return '';
  const containers = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name, resources }) => ({
    name,
    said: computeUsage(amountsOf(resources?.requests), amountsOf(resources?.limits)),
  }));
  return wanted
    .map((name) => ({ name, silent: containers.filter(({ said }) => !said.has(name)) }))
    .filter(({ silent }) => silent.length > 0)
    .map(
      ({ name, silent }) =>
        `${name} for: ${silent
          .map((each) => each.name)
          .toSorted()
          .join(',')}`,
    )
    .join('; ');
}
