/** A container's log as `kubectl logs` wants it: from the CRI log file to plain lines. */
import type { StreamWanted } from '../../api/streams.ts';
import type { LogLine } from './log-line.ts';
import { parseLogLine } from './log-line.ts';
import { tailOffset } from './log-tail.ts';
import { LogFile } from './log-file.ts';

export type LogsWanted = Extract<StreamWanted, { kind: 'logs' }>;

export interface LogSource {
  /** Absolute path. */
  path: string;
  /** Resolves when nothing more will be written; only asked for when the log is followed. */
  ended: Promise<void>;
}

const NEWLINE = 0x0a;
/** containerd cuts lines at 16 KiB; whatever is much longer is no log of containerd. */
const LONGEST_LINE = 1 << 20;

/** Yields pieces of text, each some lines long. Rejects with ENOENT when there is no log. `now`: milliseconds since 1970. */
export async function* readLogs(
  wanted: LogsWanted,
  source: LogSource,
  now: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const log = await LogFile.open(source.path);
  try {
    const format = new LogFormat(wanted, now);
    if (wanted.tailLines !== undefined) {
      log.seek(await tailOffset(log.file, await log.size(), wanted.tailLines, (line) => format.isWanted(line)));
    }
    const chunks = wanted.follow ? log.follow({ ended: source.ended, signal }) : log.readToEnd();
    for await (const chunk of chunks) {
      const text = format.push(chunk);
      if (text.length > 0) yield text;
      if (format.isFull || signal.aborted) return;
    }
  } finally {
    await log.close();
  }
}

/** From bytes of the file to bytes for the user. */
export class LogFormat {
  private readonly wanted: LogsWanted;
  private readonly since: number | undefined;
  private rest: Buffer = Buffer.alloc(0);
  /** Of which stream a line was begun and not ended yet. */
  private open: LogLine['stream'] | undefined;
  private left: number;

  constructor(wanted: LogsWanted, now: number) {
    this.wanted = wanted;
    this.left = wanted.limitBytes ?? Infinity;
    if (wanted.sinceTime !== undefined) this.since = Date.parse(wanted.sinceTime);
    else if (wanted.sinceSeconds !== undefined) this.since = now - wanted.sinceSeconds * 1000;
  }

  /** The user has got as many bytes as they asked for. */
  get isFull(): boolean {
    return this.left <= 0;
  }

  isWanted(line: LogLine): boolean {
    const { stream } = this.wanted;
    if (stream !== undefined && stream !== 'All' && stream.toLowerCase() !== line.stream) return false;
    return this.since === undefined || Date.parse(line.time) >= this.since;
  }

  push(chunk: Buffer): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const pieces: Buffer[] = [];
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
      this.format(bytes.subarray(start, at), pieces);
      start = at + 1;
    }
    // A copy: the chunk's memory is used again.
    const rest = Buffer.from(bytes.subarray(start));
    this.rest = rest.length > LONGEST_LINE ? Buffer.alloc(0) : rest;
    return this.cut(Buffer.concat(pieces));
  }

  private format(bytes: Buffer, pieces: Buffer[]): void {
    const line = parseLogLine(bytes);
    if (!line || !this.isWanted(line)) return;
    if (this.wanted.timestamps && this.open !== line.stream) pieces.push(Buffer.from(`${line.time} `));
    pieces.push(line.text);
    if (!line.partial) pieces.push(Buffer.from('\n'));
    this.open = line.partial ? line.stream : undefined;
  }

  private cut(text: Buffer): Buffer {
    const kept = text.length > this.left ? text.subarray(0, this.left) : text;
    this.left -= kept.length;
    return kept;
  }
}
