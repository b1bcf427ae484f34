/** Blocks of IPv4 addresses, as texts like `10.96.0.0/12`: brought to one form, and none twice. */

interface Block {
  readonly network: number;
  readonly bits: number;
}

const WIDTH = 32;

/** Those of `texts` that are no IPv4 blocks, or lie within others, are left out. */
export function distinctBlocks(texts: readonly string[]): string[] {
  const blocks = texts.flatMap((text) => parseBlock(text) ?? []);
  return blocks.filter((block, at) => isDistinct(block, at, blocks)).map(blockText);
}

function isDistinct(block: Block, at: number, blocks: readonly Block[]): boolean {
  return blocks.every((other, otherAt) => {
    const isWithin = other.bits <= block.bits && networkOf(block.network, other.bits) === other.network;
    const isSame = isWithin && other.bits === block.bits;
    return at === otherAt || !isWithin || (isSame && at < otherAt);
  });
}

function parseBlock(text: string): Block | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const bytes = match.slice(1, 5).map(Number);
  const bits = Number(match[5]);
  if (bits > WIDTH || bytes.some((byte) => byte > 255)) return undefined;
  const address = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return { network: networkOf(address, bits), bits };
}

function networkOf(address: number, bits: number): number {
  const size = 2 ** (WIDTH - bits);
  return Math.floor(address / size) * size;
}

function blockText({ network, bits }: Block): string {
  const address = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.');
  return `${address}/${bits}`;
}
