/** Which pods may not run now because they must never run twice, as those who look after the pods see it. */
export interface PodFence {
  /** This pod must not run twice. */
  add(uid: string): void;
  /** Nothing is left of it. */
  remove(uid: string): void;
  /** Whether nothing may be done for the pod now: it is frozen, or may not run. */
  holds(uid: string): boolean;
  /** Calls `listener` when that changes. Returns what ends it. */
  subscribe(listener: (uid: string) => void): () => void;
}

/** Where every pod may run. */
export const noFence: PodFence = {
  add: () => undefined,
  remove: () => undefined,
  holds: () => false,
  subscribe: () => () => undefined,
};
