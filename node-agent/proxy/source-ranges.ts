/** Who may reach a service through its load balancer's addresses: `loadBalancerSourceRanges`, as elements of two sets. */
import type { Service } from '../../api/types/core.v1.ts';
import { distinctBlocks } from '../network/blocks.ts';
import { balancerAddresses, PROTOCOLS } from './frontends.ts';
import { listedBlock } from './nft-text.ts';
import type { Member } from './table-plan.ts';

export function guardsOf(service: Service): Member[] {
  const { spec } = service;
  const ranges = distinctBlocks((spec?.loadBalancerSourceRanges ?? []).map((text) => text.trim()));
  if (ranges.length === 0 || ranges.includes('0.0.0.0/0')) return [];
  const keys = balancerAddresses(service).flatMap((address) =>
    (spec?.ports ?? []).flatMap(({ port, protocol = 'TCP' }) => {
      const known = PROTOCOLS.find((each) => each === protocol.toLowerCase());
      return known ? [`${address} . ${known} . ${port}`] : [];
    }),
  );
  return keys.flatMap((key) => [
    { set: 'restricted' as const, key },
    ...ranges.map((range) => ({ set: 'allowed' as const, key: `${key} . ${listedBlock(range)}` })),
  ]);
}
