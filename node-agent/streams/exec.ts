/** exec and attach: the channels of the server's stream to the streams of containerd's session, and back. */
import { buffer } from 'node:stream/consumers';
import { CHANNEL } from '../../api/streams.ts';
import type { StreamWanted } from '../../api/streams.ts';
import type { SpdyStream } from '../../lib/spdy/stream.ts';
import type { Runtime } from '../runtime/port.ts';
import type { StreamEnd } from './port.ts';
import { SUCCESS, failure } from './status.ts';
import { openSession } from './upgrade.ts';

const PROTOCOL = 'v4.channel.k8s.io';
const LARGEST_STATUS = 64 << 10;

export type ExecWanted = Extract<StreamWanted, { kind: 'exec' | 'attach' }>;

/** Runs until the command has ended and everything it said was sent. Rejects when it can't be reached. */
export async function serveExec(runtime: Runtime, id: string, wanted: ExecWanted, end: StreamEnd): Promise<void> {
  // On a terminal there is only one output.
  const streams = { stdin: wanted.stdin, stdout: wanted.stdout, stderr: wanted.stderr && !wanted.tty, tty: wanted.tty };
  const url = await (wanted.kind === 'exec'
    ? runtime.execUrl(id, { ...streams, command: wanted.command })
    : runtime.attachUrl(id, streams));
  const session = await openSession(url, PROTOCOL, end.signal);
  const abort = (): void => session.close();
  end.signal.addEventListener('abort', abort);
  try {
    const open = (type: string): SpdyStream => session.open({ streamtype: type });
    const errors = open('error');
    errors.end();
    const inputs = new Map<number, SpdyStream>();
    if (streams.stdin) inputs.set(CHANNEL.stdin, open('stdin'));
    const outputs: Promise<void>[] = [];
    if (streams.stdout) outputs.push(sendAll(open('stdout'), end, CHANNEL.stdout));
    if (streams.stderr) outputs.push(sendAll(open('stderr'), end, CHANNEL.stderr));
    if (streams.tty) inputs.set(CHANNEL.resize, open('resize'));
    // Without the server's frames there is nobody left to run it for.
    feed(end, inputs).catch(abort);
    const [status] = await Promise.all([readStatus(errors), ...outputs]);
    await end.send(CHANNEL.error, status);
  } finally {
    end.signal.removeEventListener('abort', abort);
    session.close();
  }
}

/** Sends on a channel what a stream gives, and its end. */
export async function sendAll(stream: SpdyStream, end: StreamEnd, channel: number): Promise<void> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) await end.send(channel, chunk as Buffer);
  await end.end(channel);
}

/** Writes what comes on each channel to its stream, waiting where the stream is slow, until nothing more comes. */
async function feed(end: StreamEnd, inputs: ReadonlyMap<number, SpdyStream>): Promise<void> {
  for await (const { channel, data, end: last } of end.frames) {
    const stream = inputs.get(channel);
    if (!stream || stream.writableEnded) continue;
    if (data.length > 0) await write(stream, data);
    if (last) stream.end();
  }
  for (const stream of inputs.values()) stream.end();
}

/** Resolves when the stream has taken it, or is gone. */
export function write(stream: SpdyStream, data: Buffer): Promise<void> {
  return new Promise((resolve) => stream.write(data, () => resolve()));
}

/** What the error stream says in the end: a Status, or nothing when the command ended well. */
async function readStatus(errors: SpdyStream): Promise<Buffer> {
  const text = await buffer(errors);
  if (errors.failure && text.length === 0) throw errors.failure;
  if (text.length === 0) return SUCCESS;
  if (text.length > LARGEST_STATUS) return failure(text.toString('utf8', 0, LARGEST_STATUS));
  return isStatus(text) ? text : failure(String(text));
}

function isStatus(text: Buffer): boolean {
  try {
    const value = JSON.parse(String(text)) as { status?: unknown } | null;
    return typeof value?.status === 'string';
  } catch {
    // Plain words, as older protocols have them.
    return false;
  }
}
