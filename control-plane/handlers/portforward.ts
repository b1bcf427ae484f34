/**
 * Connections to a pod's ports: SPDY, as it is or tunnelled in WebSocket, with a pair of streams for each connection; and
 * the older way of WebSocket clients, one connection for each port, on numbered channels.
 */
import { badRequest } from '../../api/errors.ts';
import { header } from '../http/exchange.ts';
import { nodeNameOf, readPod } from './pod-stream.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { acceptSocket, acceptTunnel, offeredProtocols } from './streams/accept-socket.ts';
import { channelPorts, forwardChannels, PORT_PROTOCOLS } from './streams/forward-channels.ts';
import { ForwardSession, type PortDialer } from './streams/forward-session.ts';
import { acceptSpdy, isSpdy, negotiateSpdy } from './streams/spdy.ts';

const FORWARD_PROTOCOL = 'portforward.k8s.io';
/** What clients call SPDY in WebSocket. */
const TUNNEL_PROTOCOL = `SPDY/3.1+${FORWARD_PROTOCOL}`;

export async function portForward(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const pod = await readPod(exchange);
  const nodeName = nodeNameOf(pod);
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const ended = new AbortController();
  const signal = AbortSignal.any([exchange.signal, exchange.stopping, ended.signal]);
  const dial: PortDialer = (port, end) =>
    options.tunnels.open(
      nodeName,
      { kind: 'portforward', namespace, pod: name, uid, port },
      AbortSignal.any([signal, end]),
    );
  try {
    await serve(exchange, options, { dial, signal, pod: `${namespace}/${name}` });
  } finally {
    ended.abort(new Error('the client has gone'));
  }
}

interface Forwarding {
  readonly dial: PortDialer;
  readonly signal: AbortSignal;
  readonly pod: string;
}

async function serve(exchange: ResourceExchange, { clock }: HandlerOptions, forwarding: Forwarding): Promise<void> {
  const { upgrade, request } = exchange;
  if (!upgrade) throw badRequest('Upgrade request required');
  if (isSpdy(exchange)) {
    const protocol = negotiateSpdy(exchange, [FORWARD_PROTOCOL]);
    const forward = new ForwardSession({ ...forwarding, clock });
    await forward.run(acceptSpdy(exchange, protocol, (stream) => forward.take(stream)));
    return;
  }
  const offered = offeredProtocols(request);
  if (header(request, 'upgrade').toLowerCase() === 'websocket' && offered.includes(TUNNEL_PROTOCOL)) {
    const forward = new ForwardSession({ ...forwarding, clock });
    const session = await acceptTunnel(upgrade, TUNNEL_PROTOCOL, (stream) => forward.take(stream));
    await forward.run(session);
    return;
  }
  if (!PORT_PROTOCOLS.some((name) => offered.includes(name))) {
    const served = [TUNNEL_PROTOCOL, ...PORT_PROTOCOLS].join(', ');
    throw badRequest(
      `none of the protocols [${offered.join(' ')}] is served; use SPDY/3.1, or WebSocket with ${served}`,
    );
  }
  const ports = channelPorts(exchange.info.query);
  await forwardChannels(await acceptSocket(upgrade, PORT_PROTOCOLS), ports, forwarding);
}
