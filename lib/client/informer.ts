/**
 * A view of a collection, kept as new as the server: listed once, watched from there, resumed when a watch ends, listed
 * again when the place to resume at is gone.
 *
 *   listing ──list──▶ watching ──ended──▶ watching (from the last revision seen)
 *      ▲                  │
 *      └──── 410 ─────────┘        errors wait, longer each time
 */
import { backoffDelay, type BackoffOptions } from '../backoff.ts';
import { sleep, type Clock } from '../clock.ts';
import type { Component } from '../component.ts';
import { MapView, type IndexFunction, type Listener, type View } from '../view.ts';
import { ApiError } from './errors.ts';
import type { Query, RestClient } from './rest.ts';
import { watch, type Versioned, type WatchEvent } from './watch.ts';

const BACKOFF: BackoffOptions = { initial: 100, max: 10_000, factor: 2 };
const GONE = 410;

export interface InformerOptions<T> {
  readonly client: RestClient;
  /** Of the collection, such as /api/v1/pods. */
  readonly path: string;
  /** Selectors. */
  readonly query?: Query;
  readonly indexes?: Record<string, IndexFunction<T>>;
  readonly clock: Clock;
  /** Called with each failure; the informer tries again by itself. */
  readonly onError?: (error: unknown) => void;
}

export class Informer<T extends Versioned> implements View<T>, Component {
  readonly name: string;
  private readonly options: InformerOptions<T>;
  private readonly objects: MapView<T>;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(options: InformerOptions<T>) {
    this.name = `informer of ${options.path}`;
    this.options = options;
    this.objects = new MapView(options.indexes);
  }

  /** Resolves with the first list, however often that has to be tried. */
  async start(): Promise<void> {
    this.running = this.run();
    await Promise.race([this.whenSynced(), this.running]);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the informer was stopped'));
    await this.running;
  }

  get synced(): boolean {
    return this.objects.synced;
  }

  get size(): number {
    return this.objects.size;
  }

  whenSynced(): Promise<void> {
    return this.objects.whenSynced();
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  list(): Iterable<T> {
    return this.objects.list();
  }

  byIndex(index: string, value: string): Iterable<T> {
    return this.objects.byIndex(index, value);
  }

  subscribe(listener: Listener<T>): () => void {
    return this.objects.subscribe(listener);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let revision: string | undefined;
    for (let failures = 0; !signal.aborted;) {
      try {
        revision ??= await this.relist();
        for await (const event of this.events(revision)) {
          failures = 0;
          revision = event.object.metadata.resourceVersion ?? revision;
          this.take(event);
        }
        // A server that ends every watch at once must not be asked again at once.
        await this.pause(BACKOFF.initial);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.code === GONE) revision = undefined;
        this.options.onError?.(error);
        await this.pause(backoffDelay(BACKOFF, failures++));
      }
    }
  }

  private events(revision: string): AsyncGenerator<WatchEvent<T>> {
    const { client, path, query } = this.options;
    const { signal } = this.stopping;
    return watch<T>(client, path, { query: { ...query, resourceVersion: revision }, signal });
  }

  private async relist(): Promise<string> {
    const { client, path, query } = this.options;
    const { signal } = this.stopping;
    const { items, metadata } = await client.list<T>(path, { signal, ...(query ? { query } : {}) });
    const next = new Map(items.map((object) => [keyOf(object), object]));
    this.objects.replace(next, (before, now) => before.metadata.resourceVersion === now.metadata.resourceVersion);
    this.objects.markSynced();
    return metadata.resourceVersion ?? '0';
  }

  private take({ type, object }: WatchEvent<T>): void {
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.objects.delete(keyOf(object));
    else this.objects.set(keyOf(object), object);
  }

  private async pause(milliseconds: number): Promise<void> {
    try {
      await sleep(this.options.clock, milliseconds, this.stopping.signal);
    } catch {
      // Stopped meanwhile: the loop sees it.
    }
  }
}

function keyOf({ metadata }: Versioned): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '');
}
