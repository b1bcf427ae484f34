/** Plans for a range of service addresses: it is ready, and stays as long as addresses would be left outside of any range. */
import ipaddr from 'ipaddr.js';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { IPAddress, ServiceCIDR } from '../../../api/types/networking.v1.ts';
import { type Action, type Condition, targetOf } from '../actions.ts';
import { type Moment, NOTHING, type Plan } from '../controller.ts';

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
/** So long servers may not have seen that it is going, and still allocate from it. */
const GRACE_MILLISECONDS = 10_000;
const READY: Condition = { type: 'Ready', status: 'True', message: 'Kubernetes Service CIDR is ready' };
const HELD: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

export interface RangeSnapshot {
  readonly range: ServiceCIDR;
  /** All others; those that are going away hold addresses as well. */
  readonly others: readonly ServiceCIDR[];
  /** Those that services hold; asked for only when they matter. */
  readonly addresses: () => Iterable<IPAddress>;
}

export function planRange(snapshot: RangeSnapshot, { date }: Moment): Plan {
  const { range } = snapshot;
  const target = targetOf(kinds.servicecidrs as Kind, range);
  const hasFinalizer = range.metadata.finalizers?.includes(FINALIZER) === true;
  if (range.metadata.deletionTimestamp === undefined) {
    return {
      actions: [...(hasFinalizer ? [] : [protect(range)]), ...saying(snapshot, READY, date, 'it can be used')],
      reasons: [],
    };
  }
  if (!hasFinalizer) return { ...NOTHING, reasons: ['others hold it'] };
  if (isNeeded(snapshot)) {
    return { actions: saying(snapshot, HELD, date, 'services need it'), reasons: ['services have addresses of it'] };
  }
  const after = Date.parse(range.metadata.deletionTimestamp) + GRACE_MILLISECONDS - date.getTime();
  if (after > 0) return { ...NOTHING, after, reasons: ['servers may still allocate from it'] };
  return {
    actions: [{ do: 'remove-finalizer', target, finalizer: FINALIZER, why: 'no service needs it' }],
    reasons: [],
  };
}

/** Guarded by the revision: somebody else may add a finalizer of his own. */
function protect(range: ServiceCIDR): Action {
  const { finalizers = [], resourceVersion = '' } = range.metadata;
  const target = targetOf(kinds.servicecidrs as Kind, range);
  const patch = { metadata: { finalizers: [...finalizers, FINALIZER] } };
  return { do: 'patch', target, patch, resourceVersion, why: 'services may come to depend on it' };
}

function saying({ range }: RangeSnapshot, condition: Condition, date: Date, why: string): Action[] {
  const now = range.status.conditions?.find(({ type }) => type === condition.type);
  if (now?.status === condition.status && now.message === condition.message) return [];
  const target = targetOf(kinds.servicecidrs as Kind, range);
  return [{ do: 'set-conditions', target, conditions: [condition], at: formatTime(date.getTime()), why }];
}

/** Whether an address is in it and in no other. */
function isNeeded({ range, others, addresses }: RangeSnapshot): boolean {
  const own = prefixesOf([range]);
  const rest = prefixesOf(others);
  if (own.every((prefix) => rest.some((other) => includes(other, prefix)))) return false;
  for (const { metadata } of addresses()) {
    const address = ipaddr.parse(metadata.name ?? '');
    const isIn = ([network, bits]: Prefix): boolean =>
      network.kind() === address.kind() && address.match([network, bits] as never);
    if (own.some(isIn) && !rest.some(isIn)) return true;
  }
  return false;
}

type Prefix = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

function prefixesOf(ranges: readonly ServiceCIDR[]): Prefix[] {
  return ranges.flatMap(({ spec }) => spec.cidrs ?? []).map((cidr) => ipaddr.parseCIDR(cidr));
}

function includes([network, bits]: Prefix, [inner, innerBits]: Prefix): boolean {
  return network.kind() === inner.kind() && innerBits >= bits && inner.match([network, bits] as never);
}
