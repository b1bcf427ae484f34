/** One connection of a port-forward: a pair of streams in a session with the runtime, which dials inside of the pod. */
import { buffer } from 'node:stream/consumers';
import { CHANNEL } from '../../api/streams.ts';
import type { SpdyStream } from '../../lib/spdy/stream.ts';
import type { Runtime } from '../runtime/port.ts';
import { sendAll, write } from './exec.ts';
import type { StreamEnd } from './port.ts';
import { SUCCESS, failure } from './status.ts';
import { openSession } from './upgrade.ts';

const PROTOCOL = 'portforward.k8s.io';

/** Bytes for the port come on channel 0 and leave on channel 1; what went wrong is the Status at the end. */
export async function serveForward(runtime: Runtime, sandboxId: string, port: number, end: StreamEnd): Promise<void> {
  const session = await openSession(await runtime.portForwardUrl(sandboxId), PROTOCOL, end.signal);
  const abort = (): void => session.close();
  end.signal.addEventListener('abort', abort);
  try {
    const headers = { port: String(port), requestid: '0' };
    const errors = session.open({ ...headers, streamtype: 'error' });
    errors.end();
    const data = session.open({ ...headers, streamtype: 'data' });
    feed(end, data).catch(abort);
    await sendAll(data, end, CHANNEL.stdout);
    // The runtime waits a second for our end before it closes the pair anyway.
    data.end();
    const complaint = String(await buffer(errors));
    await end.send(CHANNEL.error, complaint === '' ? SUCCESS : failure(complaint));
  } finally {
    end.signal.removeEventListener('abort', abort);
    session.close();
  }
}

async function feed(end: StreamEnd, data: SpdyStream): Promise<void> {
  for await (const frame of end.frames) {
    if (frame.channel !== CHANNEL.stdin || data.writableEnded) continue;
    if (frame.data.length > 0) await write(data, frame.data);
    if (frame.end) data.end();
  }
  data.end();
}
