/** Progress for people: the newest step in place on a terminal, a line each elsewhere. */
import type { Writable } from 'node:stream';

const ERASE_LINE = '\r\u001B[K';

export class Steps {
  private readonly output: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  private last = '';

  constructor(output: Writable & { readonly isTTY?: boolean; readonly columns?: number }) {
    this.output = output;
  }

  show(text: string): void {
    if (text === this.last) return;
    this.last = text;
    if (this.output.isTTY) this.output.write(`${ERASE_LINE}${text.slice(0, (this.output.columns ?? 80) - 1)}`);
    else this.output.write(`${text}\n`);
  }

  /** Leaves the line free for what is not progress. */
  clear(): void {
    if (this.output.isTTY) this.output.write(ERASE_LINE);
    this.last = '';
  }
}
