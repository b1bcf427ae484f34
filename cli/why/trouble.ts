/** What may be wrong with a container, and what is seen of its pod. */
import type { Event, Pod } from '../../api/types/core.v1.ts';

export interface Trouble {
  /** A clause, such as `container web crashes again and again`. */
  readonly clause: string;
  readonly facts: readonly string[];
  readonly help: readonly string[];
}

export interface Seen {
  readonly pod: Pod;
  /** Newest last. */
  readonly events: readonly Event[];
  /** The last lines of the logs of containers that have ended, by their names. */
  readonly lastLines: ReadonlyMap<string, readonly string[]>;
  readonly now: Date;
}
