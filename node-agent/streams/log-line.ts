/** One line of a CRI log file: `2026-01-01T00:00:00.123456789Z stdout F text`, where P marks a part of a longer line. */

export interface LogLine {
  /** As it stands in the file: RFC 3339 with nanoseconds. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** The next line of the same stream goes on with it. */
  partial: boolean;
  text: Buffer;
}

const SPACE = 0x20;

/** undefined for what is no line of a CRI log: a file that was cut, or written by someone else. `line` has no newline. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  if (first <= 0 || second < 0) return undefined;
  const stream = line.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const third = line.indexOf(SPACE, second + 1);
  const tags = line.toString('latin1', second + 1, third < 0 ? line.length : third).split(':');
  if (tags[0] !== 'P' && tags[0] !== 'F') return undefined;
  return {
    time: line.toString('latin1', 0, first),
    stream,
    partial: tags[0] === 'P',
    text: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  };
}
