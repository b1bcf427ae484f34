/** Carries channels between a client and an agent's tunnel; each side waits for the slower one. */
import { internalError, StatusError } from '../../../api/errors.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { CHANNEL } from '../../../api/streams.ts';
import type { Tunnel } from '../../nodes/port.ts';
import type { StreamClient } from './client.ts';

/** Resolves when the command has ended and the client has been told all of it, or when the client has gone. */
export async function bridge(client: StreamClient, tunnel: Tunnel, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => client.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  // Whatever breaks the way up ends the command: nobody is left to run it for, and the way down says why.
  up(client, tunnel).catch(() => tunnel.close());
  try {
    await Promise.race([down(client, tunnel), client.closed]);
    await client.close();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function up(client: StreamClient, tunnel: Tunnel): Promise<void> {
  for await (const { channel, data, end } of client.frames) {
    if (channel !== CHANNEL.stdin && channel !== CHANNEL.resize) continue;
    if (data.length > 0) await tunnel.send(channel, data);
    if (end) await tunnel.end(channel);
  }
}

/** Whatever goes wrong here is told on the error channel, the only place left for it. */
async function down(client: StreamClient, tunnel: Tunnel): Promise<void> {
  try {
    for await (const { channel, data, end } of tunnel.frames) {
      if (channel === CHANNEL.error) await client.finish(JSON.parse(data.toString()) as Status);
      else if (data.length > 0) await client.send(channel, data);
      if (end && channel !== CHANNEL.error) await client.end(channel);
    }
  } catch (error) {
    const status = error instanceof StatusError ? error : internalError(error);
    await client.finish(status.toStatus());
  }
}
