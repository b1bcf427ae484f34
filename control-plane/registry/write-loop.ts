/**
 * Read, decide, write guarded, and again when somebody else wrote in between. The first try decides on what the cache
 * knows, which is right nearly always and costs no read; every later one on the committed state.
 */
import { conflict, isStatusError, modified, notFound } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { type KubeObject, objectKey } from '../../api/object.ts';
import type { ServedCache } from '../cacher/port.ts';
import type { ObjectStore, Stored } from './object-store.ts';

/** Tries before a writer that keeps losing is told so. */
const MAX_TRIES = 16;

export type Decision<T> =
  | { readonly action: 'put'; readonly object: T; undo?(): Promise<void> }
  | { readonly action: 'remove'; readonly object: T }
  | { readonly action: 'leave' };

export interface Outcome<T> {
  readonly action: Decision<T>['action'];
  /** As it now is; as it was last, when removed. */
  readonly object: T;
  readonly previous: T;
}

export interface WriteLoopOptions<T extends KubeObject> {
  kind: Kind<T>;
  cache: ServedCache<T>;
  objects: ObjectStore<T>;
  ttlSeconds: number | undefined;
}

export class WriteLoop<T extends KubeObject> {
  private readonly options: WriteLoopOptions<T>;

  constructor(options: WriteLoopOptions<T>) {
    this.options = options;
  }

  /**
   * `decide` may run several times. What it throws is final only once it was decided on the committed state. Rejects with
   * Conflict when the store has the key `absent`.
   */
  async run(
    namespace: string,
    name: string,
    decide: (current: T) => Promise<Decision<T>>,
    dryRun: boolean,
    absent?: string,
  ): Promise<Outcome<T>> {
    const cached = await this.options.cache.get(objectKey(namespace, name));
    let current: Stored<T> = cached ?? (await this.read(namespace, name));
    let committed = cached === undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const decision = await this.decide(decide, current, committed);
      if (decision && decision.action !== 'leave') {
        if (dryRun) return { action: decision.action, object: decision.object, previous: current.object };
        const result = await this.write(decision, current.revision, absent);
        if (result.ok) return { action: decision.action, object: result.object, previous: current.object };
        if (!result.current) throw notFound(this.options.kind, name);
        if (result.current.revision === current.revision) {
          throw conflict(this.options.kind, name, `the store holds ${absent}, which must be gone first`);
        }
        current = result.current;
      } else if (decision && committed) {
        return { action: 'leave', object: current.object, previous: current.object };
      } else {
        const stored = await this.read(namespace, name);
        if (decision && stored.revision === current.revision) {
          return { action: 'leave', object: current.object, previous: current.object };
        }
        current = stored;
      }
      committed = true;
    }
    throw modified(this.options.kind, name);
  }

  /** Undefined when deciding failed on a state that may be old. */
  private async decide(
    decide: (current: T) => Promise<Decision<T>>,
    current: Stored<T>,
    committed: boolean,
  ): Promise<Decision<T> | undefined> {
    try {
      return await decide(current.object);
    } catch (error) {
      if (committed) throw error;
      return undefined;
    }
  }

  private async write(decision: Exclude<Decision<T>, { action: 'leave' }>, expected: number, absent?: string) {
    const { objects, ttlSeconds } = this.options;
    if (decision.action === 'remove') return objects.remove(decision.object, expected, absent);
    try {
      const result = await objects.put(decision.object, expected, { ttlSeconds, absent });
      if (!result.ok) await decision.undo?.();
      return result;
    } catch (error) {
      // After a timeout the write may still have happened: then what it claimed stays, and the repair sorts it out.
      if (!isStatusError(error, 'Timeout')) await decision.undo?.();
      throw error;
    }
  }

  private async read(namespace: string, name: string): Promise<Stored<T>> {
    const stored = await this.options.objects.read(namespace, name);
    if (!stored) throw notFound(this.options.kind, name);
    return stored;
  }
}
