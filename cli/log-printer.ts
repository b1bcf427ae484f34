/** Lines of a log, each with the name of where it is from. Without a prefix bytes pass as they come. */
const NEWLINE = 0x0a;
/** Longer lines are printed in pieces. */
const MAX_PENDING_BYTES = 1024 * 1024;

export class LogPrinter {
  private readonly prefix: string;
  private readonly write: (data: Uint8Array) => void;
  private pending = Buffer.alloc(0);

  constructor(options: { readonly prefix: string; readonly write: (data: Uint8Array) => void }) {
    this.prefix = options.prefix;
    this.write = options.write;
  }

  add(chunk: Buffer): void {
    if (this.prefix === '') return this.write(chunk);
    this.pending = Buffer.concat([this.pending, chunk]);
    for (let end = this.pending.indexOf(NEWLINE); end >= 0; end = this.pending.indexOf(NEWLINE)) {
      this.print(this.pending.subarray(0, end + 1));
      this.pending = this.pending.subarray(end + 1);
    }
    if (this.pending.length > MAX_PENDING_BYTES) this.end();
  }

  /** What is left of a line that was not ended. */
  end(): void {
    if (this.pending.length > 0) this.print(Buffer.concat([this.pending, Buffer.of(NEWLINE)]));
    this.pending = Buffer.alloc(0);
  }

  private print(line: Uint8Array): void {
    this.write(Buffer.concat([Buffer.from(this.prefix), line]));
  }
}
