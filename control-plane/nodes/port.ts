/** How the handlers reach a node: through the stream that its agent opened, never by dialling it. */
import type { StreamWanted } from '../../api/streams.ts';

export interface TunnelFrame {
  /** One of CHANNEL in api/streams.ts. */
  readonly channel: number;
  readonly data: Buffer;
  /** Nothing more comes on this channel. */
  readonly end: boolean;
}

/** One log, exec, attach, port-forward or usage stream to one agent. */
export interface Tunnel {
  /**
   * What the agent sends, to be iterated once. Backpressure: a frame is taken from the connection only when asked for.
   * Ends when the agent has sent everything; throws a StatusError when the connection broke before.
   * A frame on the error channel (a Status as JSON) is the last one.
   */
  readonly frames: AsyncIterable<TunnelFrame>;
  /** Resolves when there is room for more; rejects with a StatusError when the tunnel is closed. */
  send(channel: number, data: Buffer): Promise<void>;
  /** Nothing more comes on this channel from this side. */
  end(channel: number): Promise<void>;
  /** Frees both ends. Harmless when closed already. */
  close(): void;
}

export interface NodeTunnels {
  /**
   * Asks the node's agent for a stream and resolves once the agent has opened it. Rejects with a StatusError:
   * ServiceUnavailable when the node has no session here, Timeout when its agent did not answer in time.
   * Aborting the signal closes the tunnel, opened or not.
   */
  open(nodeName: string, wanted: StreamWanted, signal: AbortSignal): Promise<Tunnel>;
}
