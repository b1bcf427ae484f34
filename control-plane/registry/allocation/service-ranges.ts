/** The ranges that cluster addresses of services may come from now. */
import type { ServiceCIDR } from '../../../api/types/networking.v1.ts';
import { AddressRange } from './address-range.ts';

/** The name of the range that the cluster was made with. */
export const FIRST_RANGE = 'kubernetes';

/** `cidr` is the cluster's first, which counts also before there is an object of it. The first comes first. */
export function usableRanges(ranges: readonly ServiceCIDR[], cidr: string): AddressRange[] {
  const hasFirst = ranges.some(({ metadata }) => metadata.name === FIRST_RANGE);
  const named = (range: ServiceCIDR): string =>
    range.metadata.name === FIRST_RANGE ? '' : (range.metadata.name ?? '');
  const usable = ranges
    .filter((range) => range.metadata.deletionTimestamp === undefined && isReady(range))
    .toSorted((one, other) => (named(one) < named(other) ? -1 : 1))
    .flatMap(({ spec }) => spec.cidrs ?? []);
  return [...new Set(hasFirst ? usable : [cidr, ...usable])].flatMap((each) => AddressRange.of(each) ?? []);
}

/** One of which nobody has said anything yet is. */
function isReady({ status }: ServiceCIDR): boolean {
  return status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False';
}
