/** A connection taken over from HTTP as a WebSocket. */
import { WebSocketServer, type WebSocket } from 'ws';
import { header, type HttpRequest, type Upgrade } from '../server/exchange.ts';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The subprotocols that the client offers. */
export function offeredProtocols(request: HttpRequest): readonly string[] {
  const names = header(request, 'sec-websocket-protocol').split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

/** Speaks the first of `protocols` that the client offers; none when it offers none of them. */
export function acceptSocket(upgrade: Upgrade, protocols: readonly string[]): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
  });
  return new Promise((resolve, reject) => {
    server.on('wsClientError', (error, socket) => {
      socket.destroy();
      reject(error);
    });
    server.handleUpgrade(upgrade.request, upgrade.take(), upgrade.head, resolve);
  });
}
