/** The watch caches of a server, one a kind. */
import { type Kind, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { Component } from '../lib/component.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { WatchCache } from './cacher/cache.ts';
import { cacheMetrics } from './cacher/metrics.ts';
import type { ResourceCache } from './cacher/port.ts';
import { indexesOf } from './controllers/indexes.ts';
import { storagePrefix } from './registry/keys.ts';
import type { Store } from './storage/port.ts';

export class Caches implements Component {
  readonly name = 'caches';
  private readonly byKind: Map<Kind, WatchCache<KubeObject>>;

  constructor({ store, clock, log, metrics }: { store: Store; clock: Clock; log: Log; metrics: Metrics }) {
    const metricsOf = cacheMetrics(metrics);
    const make = (kind: Kind): WatchCache<KubeObject> =>
      new WatchCache({
        kind,
        store,
        prefix: storagePrefix(kind),
        clock,
        log,
        metrics: metricsOf(kind.plural),
        indexes: indexesOf(kind),
      });
    this.byKind = new Map((Object.values(kinds) as Kind[]).map((kind) => [kind, make(kind)]));
  }

  of<T extends KubeObject>(kind: Kind<T>): ResourceCache<T> {
    const cache = this.byKind.get(kind as Kind);
    if (!cache) throw new Error(`there is no cache of ${kind.plural}`);
    return cache as unknown as ResourceCache<T>;
  }

  /** Resolves once every cache holds what the store held at the time of the call. */
  async whenFresh(): Promise<void> {
    await Promise.all([...this.byKind.values()].map((cache) => cache.whenFresh()));
  }

  async start(): Promise<void> {
    await Promise.all([...this.byKind.values()].map((cache) => cache.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.byKind.values()].map((cache) => cache.stop()));
  }
}
