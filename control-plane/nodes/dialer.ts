/**
 * TCP connections to pods, wherever they are, and to what is outside of the cluster. A server needs no route to a pod: the
 * agent of the pod's node, which has one, dials it.
 */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { guardedLookup, refuseSpecial } from './guard.ts';
import { dialNode } from './dial.ts';
import type { NodeTunnels } from './port.ts';

export interface DialTarget {
  /** An address, or the name of a host outside of the cluster. */
  readonly address: string;
  readonly port: number;
  /** The node that has the pod; absent for what is outside of the cluster. */
  readonly nodeName?: string;
  /**
   * Somebody chose the address who may not reach what listens on this machine: loopback, link-local and the like are
   * refused.
   */
  readonly guarded?: boolean;
}

export interface Dialer {
  /** Rejects when the connection can't be made, or the signal is aborted before it is. What comes then is not its concern. */
  dial(target: DialTarget, signal: AbortSignal): Promise<Duplex>;
}

export class NodeDialer implements Dialer {
  private readonly tunnels: NodeTunnels;

  constructor({ tunnels }: { tunnels: NodeTunnels }) {
    this.tunnels = tunnels;
  }

  async dial(target: DialTarget, signal: AbortSignal): Promise<Duplex> {
    const { address, port, nodeName } = target;
    if (nodeName === undefined) return connectTo(target, signal);
    // The connection lives on after the dialling, until one of its ends closes it.
    const life = new AbortController();
    const onAbort = (): void => life.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      return await dialNode(this.tunnels, { node: nodeName, address, port }, life.signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function connectTo({ address: host, port, guarded }: DialTarget, signal: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  if (guarded) refuseSpecial(host);
  const socket = connect({ host, port, ...(guarded ? { lookup: guardedLookup } : {}) });
  const onAbort = (): void => void socket.destroy(new Error('the connection was not made in time'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('error', reject);
  socket.once('connect', () => {
    signal.removeEventListener('abort', onAbort);
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}
