/** Blocks of IPv4 addresses, as texts like `10.96.0.0/12`: brought to one form, and none twice. */
import { contains, isIPv4Cidr, networkAddress } from './address.ts';

/** Those of `texts` that are no IPv4 blocks, or lie within others, are left out. */
export function distinctBlocks(texts: readonly string[]): string[] {
  const blocks = [...new Set(texts.filter(isIPv4Cidr).map(canonical))];
  return blocks.filter((block) => !blocks.some((other) => isWithin(block, other)));
}

function canonical(text: string): string {
  return `${networkAddress(text)}/${bitsOf(text)}`;
}

/** Whether the other one is larger and has it as a part. */
function isWithin(block: string, other: string): boolean {
  return bitsOf(other) < bitsOf(block) && contains(other, networkAddress(block));
}

function bitsOf(cidr: string): number {
  return Number(cidr.split('/')[1]);
}
