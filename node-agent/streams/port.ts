/** The ends between which streams are carried, and what is asked of the pods for them. */

export interface StreamFrame {
  /** One of CHANNEL in api/streams.ts. */
  readonly channel: number;
  readonly data: Buffer;
  /** Nothing more comes on this channel. */
  readonly end: boolean;
}

/** The agent's end of one stream to a server. */
export interface StreamEnd {
  /** What the server sends, to be iterated once; a frame is taken from the connection only when asked for. */
  readonly frames: AsyncIterable<StreamFrame>;
  /** Resolves when there is room for more. Rejects when the stream is closed. */
  send(channel: number, data: Buffer): Promise<void>;
  /** Nothing more comes on this channel from this side. */
  end(channel: number): Promise<void>;
  /** Aborted when the server, or whoever asked it, has gone. */
  readonly signal: AbortSignal;
}

export interface ContainerPlace {
  id: string;
  /** Absolute path of the log that is written now. */
  logPath: string;
  running: boolean;
  /** No process of its pod goes on, nor would one that is started. */
  isFrozen: boolean;
}

/** Where pods are; the pod manager answers. A uid of '' stands for whichever pod has the name. */
export interface PodLookup {
  /** undefined when there is no such pod or container, or it has not been created yet. `previous`: the one before. */
  container(
    pod: { namespace: string; name: string; uid: string },
    container: string,
    previous: boolean,
  ): Promise<ContainerPlace | undefined>;
  /** undefined when there is no such pod, or it has no sandbox that runs. */
  sandboxId(pod: { namespace: string; name: string; uid: string }): Promise<string | undefined>;
  /** Whether a pod of this node has the address. */
  holds(address: string): boolean;
  /** Which pod a sandbox belongs to, for usage; undefined for sandboxes that are nobody's. */
  podOf(sandboxId: string): { namespace: string; name: string } | undefined;
}
