import type { KubeObject } from '../../api/object.ts';
import type { WatchRequest } from '../cacher/port.ts';
import { isGone, type HttpResponse } from '../http/exchange.ts';
import { write } from '../http/respond.ts';
import { parseListOptions, parseRevision, type ListOptions } from './list-options.ts';
import type { HandlerOptions, ResourceExchange, ServedResource } from './port.ts';
import { eventRepresentationOf, type Representation } from './represent.ts';
import { keyOf, parseSelection, selectName, type Selection } from './selection.ts';
import { WatchFrames } from './watch-frames.ts';

/** A watch without a timeout ends after this and up to as much again, so that not all end together. */
const MIN_TIMEOUT_SECONDS = 1800;
/** A watcher that leaves more than this unread is cut; it resumes from where it was. */
export const WATCH_BUFFER_BYTES = 4 * 1024 * 1024;

/** GET of a collection with watch=true: one event after the other, until the time is up or somebody ends it. */
export async function watch(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { resource } = exchange;
  const parameters = parseListOptions(exchange.info.query, true);
  const form = eventRepresentationOf(exchange, options);
  const selection = selectionOf(exchange, resource, parameters);
  const after = await startOf(exchange, parameters);
  const frames = new WatchFrames({ kind: resource.kind, form, handlers: options });
  await new WatchStream({ exchange, options, parameters, form, frames, selection, after }).run();
}

/** Throws BadRequest. */
function selectionOf(
  { target: { name } }: ResourceExchange,
  { kind }: ServedResource,
  { labelSelector, fieldSelector }: ListOptions,
): Selection {
  return name === '' ? parseSelection(kind, labelSelector, fieldSelector) : selectName(kind, name, fieldSelector);
}

/** The revision after which events are sent; undefined to begin with the present state, once that is new enough. */
async function startOf(
  { resource: { cache }, signal }: ResourceExchange,
  { resourceVersion, sendInitialEvents }: ListOptions,
): Promise<number | undefined> {
  const revision = parseRevision(resourceVersion);
  if (revision !== undefined && revision > cache.revision) await cache.waitFor(revision, signal);
  else if (resourceVersion === '') await cache.whenFresh(signal);
  // Without a revision a watch has always begun with the state, unless it is told not to.
  if (sendInitialEvents ?? revision === undefined) return undefined;
  return revision ?? cache.revision;
}

interface WatchStreamOptions {
  readonly exchange: ResourceExchange;
  readonly options: HandlerOptions;
  readonly parameters: ListOptions;
  readonly form: Representation;
  readonly frames: WatchFrames;
  readonly selection: Selection;
  readonly after: number | undefined;
}

/** What is watched. A custom resource whose definition changes is followed by another. */
interface Watched {
  readonly resource: ServedResource;
  readonly frames: WatchFrames;
  readonly selection: Selection;
  readonly after: number | undefined;
}

class WatchStream {
  private readonly given: WatchStreamOptions;
  private readonly response: HttpResponse;
  private watching: { close(): void } | undefined;
  /** Up to here everything has been told, by the last bookmark. */
  private reached: number | undefined;
  private readonly ended = Promise.withResolvers<void>();
  private readonly labels;

  constructor(given: WatchStreamOptions) {
    const { kind } = given.exchange.resource;
    this.given = given;
    this.response = given.exchange.response;
    this.labels = { group: kind.group, version: kind.version, kind: kind.kind };
  }

  async run(): Promise<void> {
    const { exchange, options } = this.given;
    this.begin();
    const end = (): void => this.ended.resolve();
    exchange.signal.addEventListener('abort', end, { once: true });
    exchange.stopping.addEventListener('abort', end, { once: true });
    const timer = options.clock.after(this.timeoutSeconds() * 1000, end);
    this.follow({ ...this.given, resource: exchange.resource });
    // Otherwise when the state has been sent.
    if (this.given.after !== undefined) exchange.begun?.();
    if (exchange.signal.aborted || exchange.stopping.aborted) end();
    await this.ended.promise;
    this.watching?.close();
    timer.cancel();
    exchange.stopping.removeEventListener('abort', end);
    if (!isGone(this.response)) this.response.end();
  }

  /** The headers go out at once: a client waits for them, and there may be nothing else for a long time. */
  private begin(): void {
    this.response.statusCode = 200;
    this.given.exchange.trail?.started();
    this.response.setHeader('content-type', this.given.frames.contentType);
    if ('flushHeaders' in this.response) this.response.flushHeaders();
  }

  private follow(watched: Watched): void {
    this.watching = watched.resource.cache.watch(this.request(watched));
  }

  private request({ resource, frames, selection, after }: Watched): WatchRequest<KubeObject> {
    const { exchange, parameters } = this.given;
    const bookmark = (revision: number, endsInitialEvents: boolean): void => {
      if (parameters.allowWatchBookmarks) this.send(frames.bookmark(revision, endsInitialEvents));
    };
    const { namespace } = exchange.target;
    return {
      after,
      namespace: namespace === '' ? undefined : namespace,
      key: keyOf(resource.kind, namespace, selection),
      matches: (object) => selection.matches(object),
      onEvent: (event) => this.send(frames.event(event)),
      onStateSent: (revision) => {
        exchange.begun?.();
        bookmark(revision, true);
      },
      onBookmark: (revision) => {
        this.reached = revision;
        bookmark(revision, false);
      },
      onEnd: (error) => this.end(resource, error),
      ready: () => this.drained(),
    };
  }

  private end(resource: ServedResource, error: Error | undefined): void {
    const next = error ? undefined : this.successorOf(resource);
    if (next) return this.follow(next);
    if (error) this.send(this.given.frames.error(error));
    this.ended.resolve();
  }

  /** undefined when the watch can't go on where it was. */
  private successorOf({ successor }: ServedResource): Watched | undefined {
    const { exchange, parameters, form, options } = this.given;
    // A cache that ends tells all but those who are still catching up how far they are.
    if (!successor || this.reached === undefined || exchange.stopping.aborted) return undefined;
    try {
      const selection = selectionOf(exchange, successor, parameters);
      const frames = new WatchFrames({ kind: successor.kind, form, handlers: options });
      return { resource: successor, frames, selection, after: this.reached };
    } catch (error) {
      // A field that can't be selected by any more: whoever watches again is told so.
      options.log.debug({ err: error, id: exchange.id }, 'a watch does not fit the changed definition');
      return undefined;
    }
  }

  private send(frame: Buffer): void {
    const { log, watchMetrics } = this.given.options;
    if (isGone(this.response) || this.response.writableEnded) return;
    watchMetrics.events.add(this.labels);
    write(this.response, frame);
    if (this.response.writableLength <= WATCH_BUFFER_BYTES) return;
    log.info({ id: this.given.exchange.id, path: this.given.exchange.info.path }, 'cut a watcher that is too slow');
    watchMetrics.terminated.add(this.labels);
    this.response.destroy();
    this.ended.resolve();
  }

  private drained(): Promise<void> {
    if (!this.response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.response.once('drain', resolve);
      void this.ended.promise.then(resolve);
    });
  }

  private timeoutSeconds(): number {
    const { parameters, options } = this.given;
    return parameters.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + options.random());
  }
}
