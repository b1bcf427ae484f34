/** One watch: the lines of one answer as events, until the server or the caller ends it. */
import { ApiError, ConnectionError, type FailureStatus } from './errors.ts';
import type { CallOptions, RestClient } from './rest.ts';

/** What an informer needs to know of an object. */
export interface Versioned {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** Of a bookmark only the resourceVersion means something. */
  readonly object: T;
}

/** Longer lines are no events: an object is limited to a few megabytes. */
const LINE_LIMIT_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Ends when the server ends the watch in an orderly way. Throws ApiError for an error event (410: list again) and for a
 * refusal, ConnectionError when the connection breaks.
 */
export async function* watch<T>(client: RestClient, path: string, options: CallOptions): AsyncGenerator<WatchEvent<T>> {
  const query = { ...options.query, watch: true, allowWatchBookmarks: true };
  const { body } = await client.open(path, { ...options, query });
  try {
    for await (const line of linesOf(body as AsyncIterable<Buffer>)) {
      const event = JSON.parse(line.toString()) as WatchEvent<T> | { type: 'ERROR'; object: FailureStatus };
      if (event.type === 'ERROR') throw new ApiError(event.object.code ?? 500, event.object);
      yield event;
    }
  } finally {
    body.destroy();
  }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of unbroken(body)) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      rest.push(chunk.subarray(from, end));
      const line = Buffer.concat(rest);
      rest = [];
      size = 0;
      from = end + 1;
      if (line.length > 0) yield line;
    }
    rest.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > LINE_LIMIT_BYTES) throw new ConnectionError('an event of the watch is too long');
  }
}

async function* unbroken(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw new ConnectionError((error as Error).message, { cause: error });
  }
}
