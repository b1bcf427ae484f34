/** A tar archive (POSIX ustar) that is the same for the same entries: no times, no owners but root. */

export type TarEntry =
  | { type: 'directory'; path: string; mode?: number }
  | { type: 'file'; path: string; mode?: number; content: Buffer }
  | { type: 'symlink'; path: string; target: string };

/** An entry without what is in it. */
export type TarHead = Exclude<TarEntry, { type: 'file' }> | { type: 'file'; path: string; mode?: number };

const BLOCK = 512;
const NAME_BYTES = 100;
export const ARCHIVE_END = Buffer.alloc(2 * BLOCK);
const TYPE_FLAGS = { file: '0', symlink: '2', directory: '5' };

export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.type === 'file' ? entry.content : Buffer.alloc(0);
    return [tarHeader(entry, content.length), content, tarPadding(content.length)];
  });
  return Buffer.concat([...blocks, ARCHIVE_END]);
}

/** `size` is that of the content, which follows with its padding. Names that are too long come before, as GNU's tar has it. */
export function tarHeader(entry: TarHead, size: number): Buffer {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.type === 'symlink' ? entry.target : '';
  return Buffer.concat([...longText('L', name), ...longText('K', target), header(entry, { name, target, size })]);
}

function longText(flag: 'L' | 'K', text: string): Buffer[] {
  const bytes = Buffer.from(`${text}\0`);
  if (bytes.length <= NAME_BYTES + 1) return [];
  return [rawHeader({ name: '././@LongLink', mode: 0, size: bytes.length, flag }), bytes, tarPadding(bytes.length)];
}

function header(entry: TarHead, { name, target, size }: { name: string; target: string; size: number }): Buffer {
  const mode = entry.type === 'symlink' ? 0o777 : (entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644));
  return rawHeader({ name, mode, size, flag: TYPE_FLAGS[entry.type], target });
}

interface RawHeader {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
  readonly target?: string;
}

function rawHeader({ name, mode, size, flag, target = '' }: RawHeader): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, NAME_BYTES);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  // The checksum is taken with its own field full of spaces.
  block.write(' '.repeat(8), 148);
  block.write(flag, 156);
  block.write(target, 157, NAME_BYTES);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
