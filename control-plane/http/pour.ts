/** Writes many pieces as few larger ones, at the pace at which they are taken. */

/** Pieces are joined to at most so many bytes: a write costs more than copying what it holds. */
const CHUNK_BYTES = 64 * 1024;
/** One is filled while the other is taken. */
const CHUNKS = 2;
/** Room for what stands around the pieces of a short answer. */
const AROUND_BYTES = 1024;

export interface Pieces {
  readonly start: Uint8Array;
  readonly count: number;
  /** Asked for once each, in their order. */
  at(index: number): Uint8Array;
  /** Stands between each two of them. */
  readonly separator?: Uint8Array;
  readonly end?: Uint8Array;
  /** About how many bytes it will be in all. */
  readonly size: number;
}

export interface Sink {
  /** Calls `taken` when it needs the bytes no more. */
  write(bytes: Uint8Array, taken: () => void): unknown;
  end(bytes: Uint8Array): unknown;
}

export interface PourOptions {
  readonly signal: AbortSignal;
  /** Is shown all that is written, in order. */
  readonly onPiece?: ((piece: Uint8Array) => void) | undefined;
}

/** Writes the pieces and ends the sink. Rejects with the signal's reason when it is aborted before all is written. */
export async function pour(pieces: Pieces, sink: Sink, { signal, onPiece }: PourOptions): Promise<void> {
  const { start, count, separator, end } = pieces;
  const chunks = new Chunks({ sink, size: Math.min(CHUNK_BYTES, pieces.size + AROUND_BYTES), signal });
  const add = (piece: Uint8Array): Promise<void> | undefined => {
    onPiece?.(piece);
    return chunks.add(piece);
  };
  const onAbort = (): void => chunks.giveUp(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await add(start);
    for (let index = 0; index < count; index += 1) {
      // To wait where there is no need would cost more than all the rest.
      const before = separator && index > 0 ? add(separator) : undefined;
      if (before) await before;
      const full = add(pieces.at(index));
      if (full) await full;
    }
    if (end) await add(end);
    chunks.end();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Memory that is filled again once what it held has been taken, so that a long answer leaves no garbage. */
class Chunks {
  private readonly sink: Sink;
  private readonly signal: AbortSignal;
  private readonly free: Uint8Array[];
  private waiting: PromiseWithResolvers<Uint8Array> | undefined;
  private chunk: Uint8Array;
  private filled = 0;

  constructor({ sink, size, signal }: { sink: Sink; size: number; signal: AbortSignal }) {
    this.sink = sink;
    this.signal = signal;
    this.chunk = Buffer.allocUnsafeSlow(size);
    // Only what does not fit into one needs another.
    this.free = Array.from({ length: size < CHUNK_BYTES ? 0 : CHUNKS - 1 }, () => Buffer.allocUnsafeSlow(size));
  }

  /** Undefined when the next piece can be added at once, otherwise resolves when it can. */
  add(piece: Uint8Array): Promise<void> | undefined {
    const { chunk, filled } = this;
    if (filled + piece.length > chunk.length) return this.addToNext(piece);
    // For the one byte of a separator `set` is a detour.
    if (piece.length === 1) chunk[filled] = piece[0]!;
    else chunk.set(piece, filled);
    this.filled += piece.length;
    return undefined;
  }

  end(): void {
    this.sink.end(this.chunk.subarray(0, this.filled));
  }

  giveUp(reason: Error): void {
    this.waiting?.reject(reason);
  }

  private async addToNext(piece: Uint8Array): Promise<void> {
    if (this.filled > 0) await this.write(this.chunk.subarray(0, this.filled));
    // What is larger than a chunk is written as it is, in the turn of one.
    if (piece.length > this.chunk.length) await this.write(piece);
    else await this.add(piece);
  }

  private async write(bytes: Uint8Array): Promise<void> {
    const { chunk } = this;
    this.sink.write(bytes, () => this.release(chunk));
    this.signal.throwIfAborted();
    this.chunk = this.free.pop() ?? (await this.whenReleased());
    this.filled = 0;
  }

  private whenReleased(): Promise<Uint8Array> {
    this.waiting = Promise.withResolvers();
    return this.waiting.promise;
  }

  private release(chunk: Uint8Array): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting.resolve(chunk);
    else this.free.push(chunk);
  }
}
