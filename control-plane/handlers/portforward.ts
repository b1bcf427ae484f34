import { StatusError } from '../../api/errors.ts';
import { podTarget } from './pod-stream.ts';
import type { ResourceExchange } from './port.ts';

/** Connections to a pod's ports. The agents' streams carry them; what clients speak (SPDY/3.1 in WebSocket) is to come. */
export async function portForward(exchange: ResourceExchange): Promise<void> {
  await podTarget(exchange);
  throw new StatusError({ code: 501, reason: 'NotImplemented', message: 'port-forward is not served yet' });
}
