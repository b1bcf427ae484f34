/** What a server may ask of an agent over a stream of its own (`StreamRequest.wanted` in proto/agent.proto). */

export type StreamWanted =
  | {
      kind: 'logs';
      namespace: string;
      pod: string;
      uid: string;
      container: string;
      follow?: boolean;
      previous?: boolean;
      timestamps?: boolean;
      tailLines?: number;
      limitBytes?: number;
      sinceSeconds?: number;
      /** RFC 3339. */
      sinceTime?: string;
      stream?: 'All' | 'Stdout' | 'Stderr';
    }
  | {
      kind: 'exec' | 'attach';
      namespace: string;
      pod: string;
      uid: string;
      container: string;
      /** Empty for attach. */
      command: string[];
      stdin: boolean;
      stdout: boolean;
      stderr: boolean;
      tty: boolean;
    }
  | { kind: 'portforward'; namespace: string; pod: string; uid: string; port: number }
  /**
   * A connection to a port of an address that this node holds: of a pod, or its own. '' is the agent itself, what it
   * serves of metrics and health. Bytes go up on channel 0 and down on channel 1.
   */
  | { kind: 'dial'; address: string; port: number }
  /** CPU and memory of the node and its pods; the answer is one JSON document ({@link NodeUsage}) on channel 1. */
  | { kind: 'usage' };

export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export interface Usage {
  /** Cores, as a fraction: 0.25 is 250m. */
  cpu: number;
  /** Bytes of the working set. */
  memory: number;
}

export interface NodeUsage {
  /** RFC 3339. */
  timestamp: string;
  /** Seconds over which cpu was averaged. */
  window: number;
  node: Usage;
  pods: { namespace: string; name: string; containers: ({ name: string } & Usage)[] }[];
}
