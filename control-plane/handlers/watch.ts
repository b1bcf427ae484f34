import { StatusError, internalError } from '../../api/errors.ts';
import { apiVersionOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { WatchEvent, WatchRequest } from '../cacher/port.ts';
import { isGone, type HttpResponse } from '../server/exchange.ts';
import { write } from '../server/respond.ts';
import { parseListOptions, parseRevision, type ListOptions } from './list-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { represent, representationOf, type Representation } from './represent.ts';
import { parseSelection, selectName, type Selection } from './selection.ts';

/** A watch without a timeout ends after this and up to as much again, so that not all end together. */
const MIN_TIMEOUT_SECONDS = 1800;
/** A watcher that leaves more than this unread is cut; it resumes from where it was. */
export const WATCH_BUFFER_BYTES = 4 * 1024 * 1024;

/** GET of a collection with watch=true: one JSON object a line, until the time is up or somebody ends it. */
export async function watch(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { kind, cache } = exchange.resource;
  const { name } = exchange.target;
  const parameters = parseListOptions(exchange.info.query, true);
  const representation = representationOf(exchange);
  const selection =
    name === ''
      ? parseSelection(kind, parameters.labelSelector, parameters.fieldSelector)
      : selectName(kind, name, parameters.fieldSelector);
  const after = parseRevision(parameters.resourceVersion);
  if (after !== undefined && after > cache.revision) await cache.waitFor(after, exchange.signal);
  else if (parameters.resourceVersion === '') await cache.whenFresh(exchange.signal);
  await new WatchStream({ exchange, options, parameters, representation, selection, after }).run();
}

interface WatchStreamOptions {
  readonly exchange: ResourceExchange;
  readonly options: HandlerOptions;
  readonly parameters: ListOptions;
  readonly representation: Representation;
  readonly selection: Selection;
  readonly after: number | undefined;
}

class WatchStream {
  private readonly given: WatchStreamOptions;
  private readonly response: HttpResponse;
  private readonly ended = Promise.withResolvers<void>();
  private readonly labels;
  private isFirst = true;

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
    const watching = exchange.resource.cache.watch(this.request());
    if (exchange.signal.aborted || exchange.stopping.aborted) end();
    await this.ended.promise;
    watching.close();
    timer.cancel();
    exchange.stopping.removeEventListener('abort', end);
    if (!isGone(this.response)) this.response.end();
  }

  /** The headers go out at once: a client waits for them, and there may be nothing else for a long time. */
  private begin(): void {
    this.response.statusCode = 200;
    this.response.setHeader('content-type', 'application/json');
    if ('flushHeaders' in this.response) this.response.flushHeaders();
  }

  private request(): WatchRequest<KubeObject> {
    const { exchange, parameters, selection, after } = this.given;
    const { namespace } = exchange.target;
    return {
      after,
      namespace: namespace === '' ? undefined : namespace,
      matches: (object) => selection.matches(object),
      onEvent: (event) => this.send(this.frameOf(event)),
      onBookmark: (revision) => {
        if (parameters.allowWatchBookmarks) this.send(this.bookmark(revision));
      },
      onEnd: (error) => {
        if (error) this.send(errorFrame(error));
        this.ended.resolve();
      },
      ready: () => this.drained(),
    };
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

  private frameOf(event: WatchEvent<KubeObject>): Buffer {
    if (this.given.representation.as === 'object') return event.frame();
    return this.transformed(event.type, event.entry.object);
  }

  private bookmark(revision: number): Buffer {
    const { kind } = this.given.exchange.resource;
    const object: KubeObject = {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: { resourceVersion: String(revision) },
    };
    if (this.given.representation.as !== 'object') return this.transformed('BOOKMARK', object);
    return line({ type: 'BOOKMARK', object });
  }

  /** Columns are defined by the first event; the later ones are rows alone. */
  private transformed(type: string, object: KubeObject): Buffer {
    const { exchange, options, representation } = this.given;
    const shown = represent(exchange.resource.kind, options, representation, object) as Record<string, unknown>;
    if (representation.as === 'table') {
      if (!this.isFirst) shown['columnDefinitions'] = [];
      if (type === 'BOOKMARK') shown['rows'] = [];
      else this.isFirst = false;
    }
    return line({ type, object: shown });
  }

  private timeoutSeconds(): number {
    const { parameters, options } = this.given;
    return parameters.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + options.random());
  }
}

function errorFrame(error: Error): Buffer {
  const status = error instanceof StatusError ? error : internalError(error);
  return line({ type: 'ERROR', object: status.toStatus() });
}

function line(event: object): Buffer {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}
