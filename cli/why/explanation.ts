/** What `why` has found out. */

export interface Explanation {
  /** One sentence: what it is, and what it waits for. */
  readonly headline: string;
  readonly isFine: boolean;
  /** What is known about it, most telling first. */
  readonly facts: readonly string[];
  /** Which node was refused for what. */
  readonly nodes: readonly { readonly name: string; readonly reason: string }[];
  /** What would help; things to do. */
  readonly help: readonly string[];
}

export const nothing = { facts: [], nodes: [], help: [] } as const;
