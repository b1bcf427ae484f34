/** Which blocks cluster addresses of services come from. */
import type { ServiceCIDR } from '../../api/types/networking.v1.ts';
import { distinctBlocks } from './blocks.ts';

/** The object of the range that the cluster was made with. */
const FIRST_RANGE = 'kubernetes';

/**
 * All that there are objects of, in order: one that is going away has services until it is gone. `first`, with which the
 * cluster was made, counts also before its object is there.
 */
export function serviceBlocks(first: string, ranges: Iterable<ServiceCIDR>): string[] {
  const byName = [...ranges].toSorted((one, other) =>
    (one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1,
  );
  const hasFirst = byName.some(({ metadata }) => metadata.name === FIRST_RANGE);
  const cidrs = byName.flatMap(({ spec }) => spec?.cidrs ?? []);
  return distinctBlocks(hasFirst ? cidrs : [first, ...cidrs]);
}
