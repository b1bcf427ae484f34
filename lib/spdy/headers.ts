/** Header blocks of SPDY/3: name and value pairs, compressed in one stream for all blocks of a direction. */
import { createInflate } from 'node:zlib';
import type { Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './dictionary.ts';
import { SpdyProtocolError } from './frames.ts';

/** Names are lower case; several values of one name are joined by NUL. */
export type Headers = Record<string, string>;

/** How large a block may get by being decompressed. */
export const MAX_HEADER_BLOCK = 64 << 10;
const LARGEST_STORED_BLOCK = 0xffff;
const ZLIB_START = Buffer.from([0x78, 0x01]);
/** An empty stored block: without it the reader at the other end waits for more. */
const FLUSH = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/** Reads the blocks of one direction, strictly one after the other. */
export class HeaderReader {
  private readonly inflate: Inflate = createInflate({ dictionary: HEADER_DICTIONARY });
  private chunks: Buffer[] = [];
  private size = 0;
  private failure: Error | undefined;
  private onFailure: ((error: Error) => void) | undefined;

  constructor() {
    this.inflate.on('data', (chunk: Buffer) => this.take(chunk));
    this.inflate.on('error', (error) => this.fail(error));
  }

  /** Rejects with {@link SpdyProtocolError} when the block is damaged or too large; nothing can be read after that. */
  async read(block: Buffer): Promise<Headers> {
    if (this.failure) throw this.failure;
    await new Promise<void>((resolve, reject) => {
      this.onFailure = reject;
      this.inflate.write(block, () => (this.failure ? reject(this.failure) : resolve()));
    });
    const text = Buffer.concat(this.chunks);
    this.chunks = [];
    this.size = 0;
    return decodeHeaders(text);
  }

  close(): void {
    this.inflate.destroy();
  }

  private take(chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > MAX_HEADER_BLOCK) this.fail(new Error(`more than ${MAX_HEADER_BLOCK} bytes`));
    else this.chunks.push(chunk);
  }

  private fail(cause: Error): void {
    this.failure ??= new SpdyProtocolError(`headers can't be read: ${cause.message}`, { cause });
    this.inflate.destroy();
    this.onFailure?.(this.failure);
  }
}

/** Writes blocks that any zlib reader understands, without compressing: they are few and small. */
export class HeaderWriter {
  private begun = false;

  write(headers: Headers): Buffer {
    const text = encodeHeaders(headers);
    if (text.length > LARGEST_STORED_BLOCK) throw new RangeError(`headers of ${text.length} bytes`);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(text.length, 1);
    stored.writeUInt16LE(~text.length & 0xffff, 3);
    const start = this.begun ? [] : [ZLIB_START];
    this.begun = true;
    return Buffer.concat([...start, stored, text, FLUSH]);
  }
}

function encodeHeaders(headers: Headers): Buffer {
  const pairs = Object.entries(headers);
  return Buffer.concat([
    length(pairs.length),
    ...pairs.flatMap(([name, value]) => [...text(name.toLowerCase()), ...text(value)]),
  ]);
}

function text(value: string): Buffer[] {
  const bytes = Buffer.from(value);
  return [length(bytes.length), bytes];
}

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function decodeHeaders(block: Buffer): Headers {
  let at = 0;
  const number = (): number => {
    if (at + 4 > block.length) throw new SpdyProtocolError('headers end early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const string = (): string => {
    const size = number();
    if (at + size > block.length) throw new SpdyProtocolError('headers end early');
    at += size;
    return block.toString('utf8', at - size, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left -= 1) {
    const name = string();
    headers.set(name.toLowerCase(), string());
  }
  return Object.fromEntries(headers);
}
