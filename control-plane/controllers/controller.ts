/** What a controller is: something that says which keys concern it, and what to do about one. The runner does the rest. */
import type { StatusError } from '../../api/errors.ts';
import type { Action } from './actions.ts';

/** Time and fresh names, for planners, which may take neither from the world. */
export interface Moment {
  /** Milliseconds on the monotonic clock. */
  readonly now: number;
  /** Wall-clock time. */
  readonly date: Date;
  /** A new name suffix of five characters each time. */
  readonly nextId: () => string;
}

/** What to do about a key, and why nothing else is done. An empty plan means that all is as it should be. */
export interface Plan {
  readonly actions: readonly Action[];
  /** Why something that might be expected is not being done, in words that a user can read. */
  readonly reasons: readonly string[];
  /** Plan this key again after so many milliseconds, whatever happens. */
  readonly after?: number;
  /** The key can't be helped until its object changes. */
  readonly hopeless?: string;
}

export const NOTHING: Plan = { actions: [], reasons: [] };

export interface Failure {
  readonly action: Action;
  readonly error: StatusError;
}

export interface Controller {
  readonly name: string;
  /** What its events are said to come from; otherwise its name with `-controller`. */
  readonly component?: string;
  /** Calls `enqueue` for every key there is now, and later for every key that a change concerns. Returns what ends that. */
  watch(enqueue: (key: string) => void): () => void;
  /** Reads the views and decides; no IO. */
  plan(key: string, moment: Moment): Plan;
  /** What to report when carrying out a plan failed, such as a condition and an event. */
  planFailure?(key: string, failure: Failure, moment: Moment): readonly Action[];
}

/** What became of one key. Only the runner acts on it. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'after'; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'hopeless'; readonly why: string };
