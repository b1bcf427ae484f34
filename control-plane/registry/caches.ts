/** The watch caches of a server, one a kind. */
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { IndexFunction } from '../../lib/view.ts';
import { WatchCache } from '../cacher/cache.ts';
import { cacheMetrics } from '../cacher/metrics.ts';
import type { ResourceCache } from '../cacher/port.ts';
import type { Store } from '../storage/port.ts';
import type { DecodeStored } from './conversion.ts';
import { storagePrefix } from './keys.ts';

export interface CachesOptions {
  store: Store;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** The indexes that somebody asks a kind's view for. */
  indexesOf: (kind: Kind) => Record<string, IndexFunction<KubeObject>>;
}

export class Caches implements Component {
  readonly name = 'caches';
  private readonly options: CachesOptions;
  private readonly metricsOf: ReturnType<typeof cacheMetrics>;
  private readonly byKind = new Map<Kind, WatchCache<KubeObject>>();

  constructor(options: CachesOptions) {
    this.options = options;
    this.metricsOf = cacheMetrics(options.metrics);
    for (const kind of Object.values(kinds) as Kind[]) if (!kind.storedAs) this.byKind.set(kind, this.make(kind));
  }

  /** Of a kind that is stored, not of its other versions. */
  of<T extends KubeObject>(kind: Kind<T>): ResourceCache<T> {
    const cache = this.byKind.get(kind as Kind);
    if (!cache) throw new Error(`there is no cache of ${kind.plural}`);
    return cache as unknown as ResourceCache<T>;
  }

  /** A further cache, full once this has resolved. Rejects when it was dropped before. */
  async add(kind: Kind, decode: DecodeStored): Promise<ResourceCache<KubeObject>> {
    const cache = this.make(kind, decode);
    this.byKind.set(kind, cache);
    await cache.start();
    return cache;
  }

  /** The watches of it end. */
  async drop(kind: Kind): Promise<void> {
    const cache = this.byKind.get(kind);
    this.byKind.delete(kind);
    await cache?.stop();
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

  private make(kind: Kind, decode?: DecodeStored): WatchCache<KubeObject> {
    const { store, clock, log, indexesOf } = this.options;
    return new WatchCache({
      kind,
      store,
      prefix: storagePrefix(kind),
      clock,
      log,
      metrics: this.metricsOf(kind.plural),
      indexes: indexesOf(kind),
      ...(decode ? { decode } : {}),
    });
  }
}
