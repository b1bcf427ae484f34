/** A tar archive, read as it comes: POSIX ustar and pax, and GNU's long names. */

export interface ArchiveEntry {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly path: string;
  readonly mode: number;
  /** Bytes that follow; they are to be read before the next entry is asked for. */
  readonly size: number;
}

const BLOCK = 512;
/** Names and pax records are small; whoever sends more means no good. */
const MAX_NAME_BYTES = 64 * 1024;
const PERMISSIONS = 0o777;

export class Untar {
  private readonly source: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);
  /** Bytes of the present entry that nobody has read, with its padding. */
  private left = 0;
  private padding = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** Undefined at the end. Throws for what is no archive. */
  async next(): Promise<ArchiveEntry | undefined> {
    let longName: string | undefined;
    for (;;) {
      for await (const _skipped of this.content());
      await this.take(this.padding);
      this.padding = 0;
      const header = await this.take(BLOCK, true);
      if (header === undefined || header.every((byte) => byte === 0)) return undefined;
      checkSum(header);
      const size = octal(header, 124, 12);
      this.left = size;
      this.padding = (BLOCK - (size % BLOCK)) % BLOCK;
      const type = String.fromCharCode(header[156] ?? 0);
      if (type === 'L' || type === 'x' || type === 'g') {
        if (size > MAX_NAME_BYTES) throw new Error('the archive has a name that is too long');
        const text = (await collect(this.content())).toString();
        if (type === 'L') longName = text.replace(/\0.*$/s, '');
        if (type === 'x') longName = paxPath(text) ?? longName;
        continue;
      }
      return { type: typeOf(type), path: longName ?? nameOf(header), mode: octal(header, 100, 8) & PERMISSIONS, size };
    }
  }

  /** The bytes of the entry that {@link next} gave last. */
  async *content(): AsyncGenerator<Buffer> {
    while (this.left > 0) {
      if (this.rest.length === 0) await this.fill();
      const piece = this.rest.subarray(0, this.left);
      this.rest = this.rest.subarray(piece.length);
      this.left -= piece.length;
      yield piece;
    }
  }

  private async fill(): Promise<void> {
    const { done, value } = await this.source.next();
    if (done) throw new Error('the archive ends too early');
    this.rest = value;
  }

  private async take(length: number): Promise<Buffer>;
  private async take(length: number, mayEnd: true): Promise<Buffer | undefined>;
  private async take(length: number, mayEnd = false): Promise<Buffer | undefined> {
    while (this.rest.length < length) {
      const { done, value } = await this.source.next();
      if (done && mayEnd && this.rest.length === 0) return undefined;
      if (done) throw new Error('the archive ends too early');
      this.rest = Buffer.concat([this.rest, value]);
    }
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }
}

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function typeOf(flag: string): ArchiveEntry['type'] {
  if (flag === '0' || flag === '\0' || flag === '7') return 'file';
  if (flag === '5') return 'directory';
  return flag === '1' || flag === '2' ? 'link' : 'other';
}

function checkSum(header: Buffer): void {
  const own = header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (own !== octal(header, 148, 8)) throw new Error('it is no tar archive');
}

function text(header: Buffer, at: number, length: number): string {
  return header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
}

function octal(header: Buffer, at: number, length: number): number {
  // Sizes of 8 GiB and more are binary, which the first bit says.
  if (((header[at] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(at + length - 8));
  const value = Number.parseInt(text(header, at, length).trim() || '0', 8);
  if (!Number.isSafeInteger(value)) throw new Error('it is no tar archive');
  return value;
}

function nameOf(header: Buffer): string {
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of the form `<length> <key>=<value>\n`. */
function paxPath(records: string): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)/.exec(records)?.[1];
}
