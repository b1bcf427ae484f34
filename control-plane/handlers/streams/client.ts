/** A client at the other end of exec or attach, whatever it speaks. */
import type { Status } from '../../../api/types/meta.v1.ts';
import type { TunnelFrame } from '../../nodes/port.ts';

export interface StreamClient {
  /** What the client sends, to be iterated once; no more is taken from its connection than is asked for. Ends with it. */
  readonly frames: AsyncIterable<TunnelFrame>;
  /** Resolves when there is room for more, or the client has gone. */
  send(channel: number, data: Buffer): Promise<void>;
  /** Nothing more comes on this channel. */
  end(channel: number): Promise<void>;
  /** Tells how it ended, in the way of the client's protocol. */
  finish(status: Status): Promise<void>;
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>;
  /** An orderly end: what was sent still arrives. Resolves when the connection is over. */
  close(): Promise<void>;
  /** At once. */
  destroy(): void;
}
