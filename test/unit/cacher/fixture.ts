import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { WatchCache, type WatchCacheOptions } from '../../../control-plane/cacher/cache.ts';
import type { WatchEvent, WatchRequest } from '../../../control-plane/cacher/port.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

export const PREFIX = '/registry/core/configmaps/';

export interface Item extends KubeObject {
  data?: Record<string, string>;
}

export interface Fixture {
  clock: FakeClock;
  store: MemoryStore;
  cache: WatchCache<Item>;
}

export function build(options: Partial<WatchCacheOptions<Item>> = {}): Fixture {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const cache = new WatchCache<Item>({
    kind: kinds.configmaps,
    store,
    prefix: PREFIX,
    clock,
    log: silentLog,
    ...options,
  });
  return { clock, store, cache };
}

export async function started(options: Partial<WatchCacheOptions<Item>> = {}): Promise<Fixture> {
  const fixture = build(options);
  await fixture.cache.start();
  return fixture;
}

export function json(key: string, value: string, color = 'red'): Buffer {
  const [namespace, name] = key.split('/');
  return Buffer.from(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, labels: { color } },
      data: { value },
    }),
  );
}

/** Writes the object, or deletes it when `value` is null, whatever is there. Returns the revision. */
export async function write(store: MemoryStore, key: string, value: string | null, color?: string): Promise<number> {
  const expected = (await store.get(PREFIX + key))?.revision ?? 0;
  const result = await store.write({
    key: PREFIX + key,
    expected,
    value: value === null ? null : json(key, value, color),
  });
  assert.ok(result.ok);
  return result.revision;
}

/** Watches and keeps what it is told. */
export class Watcher {
  readonly events: WatchEvent<Item>[] = [];
  readonly bookmarks: number[] = [];
  ended: { error: Error | undefined } | undefined;
  readonly handle: { close(): void };

  constructor(cache: WatchCache<Item>, request: Partial<WatchRequest<Item>> = {}) {
    this.handle = cache.watch({
      after: undefined,
      namespace: undefined,
      matches: () => true,
      onEvent: (event) => void this.events.push(event),
      onBookmark: (revision) => void this.bookmarks.push(revision),
      onEnd: (error) => {
        this.ended = { error };
      },
      ...request,
    });
  }

  /** Such as `ADDED a/x=1`. */
  get told(): string[] {
    return this.events.map(({ type, entry }) => `${type} ${entry.key}=${entry.object.data?.['value']}`);
  }
}

/** Lets everything that waits for no clock and no store happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
