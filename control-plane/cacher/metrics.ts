import type { Metrics } from '../../lib/metrics.ts';

/** What a cache reports, for one resource; named as the Kubernetes API server names it. */
export interface CacheMetrics {
  received(events: number): void;
  watchers(change: 1 | -1): void;
  terminated(): void;
  relisted(): void;
  objects(count: number): void;
}

/** One set of metrics for all caches of a server; call what it returns with each resource's plural. */
export function cacheMetrics(metrics: Metrics): (resource: string) => CacheMetrics {
  const labels = ['resource'] as const;
  const received = metrics.counter('apiserver_watch_cache_events_received_total', 'Events from the store', labels);
  const watchers = metrics.gauge('apiserver_registered_watchers', 'Watchers of a resource', labels);
  const terminated = metrics.counter('apiserver_watch_cache_ended_watchers_total', 'Watchers the cache ended', labels);
  const relisted = metrics.counter('apiserver_watch_cache_initializations_total', 'Lists to fill the cache', labels);
  const objects = metrics.gauge('apiserver_storage_objects', 'Stored objects', labels);
  return (resource) => ({
    received: (events) => received.add({ resource }, events),
    watchers: (change) => watchers.add({ resource }, change),
    terminated: () => terminated.add({ resource }),
    relisted: () => relisted.add({ resource }),
    objects: (count) => objects.set({ resource }, count),
  });
}
