/** An edge: opens a TCP connection and closes it. Rejects with what kept it from opening. */
import net from 'node:net';
import { describeDial } from './http-request.ts';

export function tcpConnect(host: string, port: number, timeoutMilliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(timeoutMilliseconds, () => {
      socket.destroy();
      reject(new Error(`dial tcp ${host}:${port}: i/o timeout`));
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => reject(new Error(describeDial(error), { cause: error })));
  });
}
