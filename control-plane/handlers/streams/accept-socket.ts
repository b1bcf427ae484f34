/** A connection taken over from HTTP as a WebSocket. */
import type { IncomingMessage } from 'node:http';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import { SpdySession, type SpdySessionOptions } from '../../../lib/spdy/session.ts';
import { header, type HttpRequest, type Upgrade } from '../../http/exchange.ts';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const PROTOCOL_HEADER = 'sec-websocket-protocol';
/** Stands for a protocol whose true name `ws` takes for malformed. */
const LEGAL_NAME = 'tunnel';

/** The subprotocols that the client offers. */
export function offeredProtocols(request: HttpRequest): readonly string[] {
  const names = header(request, PROTOCOL_HEADER).split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

/** Speaks the first of `protocols` that the client offers; none when it offers none of them. */
export function acceptSocket(upgrade: Upgrade, protocols: readonly string[]): Promise<WebSocket> {
  return accept(upgrade, upgrade.request, protocols);
}

/**
 * A SPDY session in the messages of a WebSocket. The protocol's name holds a slash, which is no character of a token
 * (RFC 6455, 4.1), so that `ws` would refuse it: it is shown another name, and the client the true one.
 */
export async function acceptTunnel(
  upgrade: Upgrade,
  protocol: string,
  onStream: NonNullable<SpdySessionOptions['onStream']>,
): Promise<SpdySession> {
  const { request } = upgrade;
  request.headers[PROTOCOL_HEADER] = LEGAL_NAME;
  const socket = await accept(upgrade, request, [LEGAL_NAME], (lines) => {
    const at = lines.findIndex((line) => line.toLowerCase().startsWith(`${PROTOCOL_HEADER}:`));
    if (at >= 0) lines[at] = `Sec-WebSocket-Protocol: ${protocol}`;
  });
  return new SpdySession({ connection: createWebSocketStream(socket), role: 'server', onStream });
}

function accept(
  upgrade: Upgrade,
  request: IncomingMessage,
  protocols: readonly string[],
  editHead?: (lines: string[]) => void,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
  });
  if (editHead) server.on('headers', editHead);
  return new Promise((resolve, reject) => {
    server.on('wsClientError', (error, socket) => {
      socket.destroy();
      reject(error);
    });
    server.handleUpgrade(request, upgrade.take(), upgrade.head, resolve);
  });
}
