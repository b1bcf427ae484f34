/** The API's verbs on paths. It knows nothing of kinds: whoever calls it gives the paths and says what comes back. */
import type { Clock } from '../clock.ts';
import type { ClusterAccess } from './cluster.ts';
import { Connection, readAll, type Response } from './connection.ts';
import { errorOf } from './errors.ts';

const ANSWER_LIMIT_BYTES = 1024 * 1024 * 1024;
const ERROR_LIMIT_BYTES = 1024 * 1024;
/** A page of a list that is read as a whole. */
const PAGE = 500;

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** What is wanted; JSON when absent. */
  readonly accept?: string;
}

export type PatchType = 'json-patch' | 'merge-patch' | 'strategic-merge-patch';

export interface ListOf<T> {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: T[];
}

/** What the server had to say besides its answer. */
export type WarningListener = (text: string) => void;

export interface RestClientOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** How the program names itself, such as `dure/0.1.0`. */
  readonly userAgent: string;
  readonly onWarning?: WarningListener;
}

/** Every call rejects with ApiError (the server refused) or ConnectionError (no answer), or with its signal's reason. */
export class RestClient {
  private readonly connection: Connection;
  private readonly options: RestClientOptions;

  constructor(options: RestClientOptions) {
    this.options = options;
    this.connection = new Connection(options);
  }

  /** Ends everything that is under way. */
  close(): void {
    this.connection.close();
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.json<T>('GET', path, undefined, options);
  }

  /** The whole collection, read in pages of one revision. */
  async list<T>(path: string, options: CallOptions = {}): Promise<ListOf<T>> {
    let page = await this.get<ListOf<T>>(path, { ...options, query: { ...options.query, limit: PAGE } });
    if (!page.metadata.continue) return page;
    const { metadata } = page;
    const items = [...page.items];
    while (page.metadata.continue) {
      const { resourceVersion: _first, resourceVersionMatch: _match, ...query } = options.query ?? {};
      page = await this.get<ListOf<T>>(path, {
        ...options,
        query: { ...query, limit: PAGE, continue: page.metadata.continue },
      });
      items.push(...page.items);
    }
    return { ...page, metadata: { ...page.metadata, ...onlyVersion(metadata.resourceVersion) }, items };
  }

  create<T>(path: string, object: unknown, options: CallOptions = {}): Promise<T> {
    return this.json<T>('POST', path, { type: 'application/json', value: object }, options);
  }

  update<T>(path: string, object: unknown, options: CallOptions = {}): Promise<T> {
    return this.json<T>('PUT', path, { type: 'application/json', value: object }, options);
  }

  patch<T>(path: string, type: PatchType, patch: unknown, options: CallOptions = {}): Promise<T> {
    return this.json<T>('PATCH', path, { type: `application/${type}+json`, value: patch }, options);
  }

  /** Server-side apply; the query names the field manager. */
  apply<T>(path: string, object: unknown, options: CallOptions = {}): Promise<T> {
    // JSON is YAML too.
    return this.json<T>('PATCH', path, { type: 'application/apply-patch+yaml', value: object }, options);
  }

  /** `how` is DeleteOptions. */
  delete<T>(path: string, how?: unknown, options: CallOptions = {}): Promise<T> {
    const body = how === undefined ? undefined : { type: 'application/json', value: how };
    return this.json<T>('DELETE', path, body, options);
  }

  /** An answer that is read piece by piece, such as a log. Breaking off the iteration ends the request. */
  async *stream(path: string, options: CallOptions = {}): AsyncGenerator<Buffer> {
    const { body } = await this.open(path, options);
    yield* body as AsyncIterable<Buffer>;
  }

  /** A GET whose body the caller reads or destroys. */
  async open(path: string, options: CallOptions): Promise<Response> {
    return this.call('GET', path, undefined, options);
  }

  /** Any method with any body, sent as it is; the answer is read piece by piece. */
  async *send(method: string, path: string, bytes?: Buffer): AsyncGenerator<Buffer> {
    const sent = bytes?.length ? { type: 'application/json', bytes } : undefined;
    yield* (await this.call(method, path, sent, {})).body as AsyncIterable<Buffer>;
  }

  private async json<T>(
    method: string,
    path: string,
    body: { type: string; value: unknown } | undefined,
    options: CallOptions,
  ): Promise<T> {
    const sent = body && { type: body.type, bytes: Buffer.from(JSON.stringify(body.value)) };
    const response = await this.call(method, path, sent, options);
    return JSON.parse((await readAll(response.body, ANSWER_LIMIT_BYTES)).toString()) as T;
  }

  private async call(
    method: string,
    path: string,
    body: { type: string; bytes: Buffer } | undefined,
    { query, signal, accept }: CallOptions,
  ): Promise<Response> {
    const response = await this.connection.request({
      method,
      path: path + queryText(query),
      headers: {
        accept: accept ?? 'application/json',
        'user-agent': this.options.userAgent,
        ...(body ? { 'content-type': body.type } : {}),
      },
      ...(body ? { body: body.bytes } : {}),
      ...(signal ? { signal } : {}),
    });
    this.warn(response);
    if (response.code >= 200 && response.code < 300) return response;
    throw errorOf(response.code, await readAll(response.body, ERROR_LIMIT_BYTES));
  }

  private warn({ headers }: Response): void {
    const { onWarning } = this.options;
    if (!onWarning) return;
    const text = String(headers['warning'] ?? '');
    for (const [, quoted = ''] of text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      onWarning(quoted.replaceAll(/\\(.)/g, '$1'));
    }
  }
}

function onlyVersion(resourceVersion: string | undefined): { resourceVersion?: string } {
  return resourceVersion === undefined ? {} : { resourceVersion };
}

function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? (value as readonly string[]) : [value]) {
      parameters.append(name, String(each));
    }
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
