/** Who holds what: of each thing a server can give away there is one record, made only where there is none. */

export interface Owner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Which values are held. */
export interface Held {
  has(value: string): boolean;
}

export interface Claims {
  /** Whether the owner holds `value` now; `fresh` tells whether it did not before. */
  take(value: string, owner: Owner): Promise<{ held: boolean; fresh: boolean }>;
  /** Who holds `value`; undefined when nobody does. */
  holderOf(value: string): Promise<Owner | undefined>;
  /** Gives `value` back if its owner is the one with this uid. */
  giveBack(value: string, uid: string): Promise<void>;
  /** What is known to be held: what not to try. It may be behind. */
  known(): Held;
  /** The same as the store has it. */
  recorded(): Promise<Held>;
}
