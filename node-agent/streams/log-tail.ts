/** Finds where the last lines of a log begin by reading it from its end. */
import type { FileHandle } from 'node:fs/promises';
import { parseLogLine, type LogLine } from './log-line.ts';

const BLOCK = 64 << 10;
const NEWLINE = 0x0a;

/**
 * The offset at which the last `lines` lines begin, of those that `wanted` takes. A line that was written in parts counts
 * once. Reads no more of the file than holds them.
 */
export async function tailOffset(
  file: FileHandle,
  size: number,
  lines: number,
  wanted: (line: LogLine) => boolean,
): Promise<number> {
  if (lines <= 0) return size;
  let seen = 0;
  /** What was read of the line whose beginning is still to come. */
  let rest: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - BLOCK);
    const block = await readAt(file, start, end - start);
    let stop = block.length;
    for (let at = block.lastIndexOf(NEWLINE); at >= 0; at = at > 0 ? block.lastIndexOf(NEWLINE, at - 1) : -1) {
      rest = Buffer.concat([block.subarray(at + 1, stop), rest]);
      if (endsWanted(rest, wanted)) {
        seen += 1;
        // This line is one too many: what is wanted begins behind it.
        if (seen > lines) return start + at + 1 + rest.length + 1;
      }
      rest = Buffer.alloc(0);
      stop = at;
    }
    rest = Buffer.concat([block.subarray(0, stop), rest]);
    end = start;
  }
  return endsWanted(rest, wanted) && seen + 1 > lines ? rest.length + 1 : 0;
}

function endsWanted(bytes: Buffer, wanted: (line: LogLine) => boolean): boolean {
  const line = parseLogLine(bytes);
  return line !== undefined && !line.partial && wanted(line);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
