/** What the service proxy asks of the kernel: atomic transactions on one nftables table, and forgetting tracked flows. */

/** A step of a transaction. Keys and values are in nft's words: `10.96.0.1 . tcp . 80`, `goto services_3`. */
export type NftStep =
  | { step: 'add-table' }
  /** Nothing happens when there is no such table. */
  | { step: 'remove-table' }
  /** `hook` makes it a base chain, as in `type nat hook prerouting priority -100`. */
  | { step: 'add-chain'; chain: string; hook?: string }
  | { step: 'remove-chain'; chain: string }
  | { step: 'add-rule'; chain: string; rule: string }
  /** `type` as nft writes it: `type ipv4_addr . ipv4_addr`, or `typeof … : verdict` for a map. */
  | { step: 'add-set'; set: string; type: string }
  | { step: 'add-element'; set: string; key: string; value?: string }
  | { step: 'remove-element'; set: string; key: string };

export interface TableState {
  chains: Set<string>;
  /** By set or map, then by key; the value of a set's element is ''. Without those that rules fill themselves. */
  elements: Map<string, Map<string, string>>;
}

/** One table of the `ip` family. Calls may overlap; they are carried out in order. */
export interface Nft {
  /** What the kernel holds; undefined when there is no such table. */
  read(): Promise<TableState | undefined>;
  /** All or nothing. Rejects with {@link NftError}. Adding an element again with the same value changes nothing. */
  commit(steps: readonly NftStep[]): Promise<void>;
  /** Calls `listener` when rules of the table went away that no commit removed. Returns the function that ends it. */
  onDisturbed(listener: () => void): () => void;
  /** Ends its processes and leaves the table as it is. */
  stop(): Promise<void>;
}

export class NftError extends Error {
  override readonly name = 'NftError';
}

/** Tracked UDP flows that would go on to a backend which is no longer there. */
export interface StaleFlow {
  /** Undefined for every local address (a node port). */
  address: string | undefined;
  port: number;
  /** Undefined for all flows of this destination. */
  backend: string | undefined;
}

export interface Conntrack {
  forgetUdp(flow: StaleFlow): Promise<void>;
  /**
   * TCP connections that are being attempted to these addresses, and have not been answered: the client's next attempt of
   * the same connection is then sent to a backend that is there.
   */
  forgetAttempts(backends: readonly string[]): Promise<void>;
}
