/** What a request is about, read from its method and URL alone. */
import { badRequest, type StatusError } from '../../api/errors.ts';

export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  /** What no method asks for, but a part of a request does: to act in another's name, to decide about a certificate. */
  | 'impersonate'
  | 'approve'
  | 'sign'
  /** A method without a meaning here. */
  | 'unknown';

export interface ResourceRequest {
  readonly group: string;
  readonly version: string;
  /** '' when the path names none. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** '' for a collection. */
  readonly name: string;
}

export interface RequestInfo {
  /** In upper case. */
  readonly method: string;
  readonly verb: Verb;
  /** As it was sent, without the query. */
  readonly path: string;
  /** Decoded, without empty ones at the ends. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** undefined for what is no resource: discovery, health, … */
  readonly resource: ResourceRequest | undefined;
}

/** A map: over HTTP/2 a method may be any word, `constructor` as well. */
const METHODS: ReadonlyMap<string, Verb> = new Map([
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/** Under /api/v1/namespaces/NAME/ these are subresources of the namespace; everything else there is a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);
/** What follows belongs to whoever is reached through the proxy, and is passed on as it was sent. */
const PROXIED = /^\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy(?=\/|$)/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/** Throws BadRequest for what is no well-formed path or query. */
export function parseRequest(method: string, target: string): RequestInfo {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = parseQuery(mark < 0 ? '' : target.slice(mark + 1));
  const segments = parsePath(PROXIED.exec(path)?.[0] ?? path);
  const resource = parseResource(segments);
  return { method, verb: verbOf(method, query, resource), path, segments, query, resource };
}

function parsePath(path: string): string[] {
  if (!path.startsWith('/')) throw badRequest('the path of the request must begin with /');
  const raw = path.slice(1).split('/');
  if (raw.at(-1) === '') raw.pop();
  return raw.map((segment) => {
    const decoded = decode(segment);
    // A name that somebody left out must not make a request about one thing a request about all.
    if (decoded === '' || decoded === '.' || decoded === '..' || decoded.includes('/') || decoded.includes('\0')) {
      throw badRequest(`the path of the request holds an invalid segment: ${JSON.stringify(segment)}`);
    }
    return decoded;
  });
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw invalidEncoding(cause);
  }
}

function invalidEncoding(cause?: unknown): StatusError {
  return Object.assign(badRequest('the URL of the request is not encoded correctly'), { cause });
}

function parseQuery(text: string): URLSearchParams {
  if (BAD_ESCAPE.test(text)) throw invalidEncoding();
  return new URLSearchParams(text);
}

function parseResource(segments: readonly string[]): ResourceRequest | undefined {
  if (segments[0] === 'api' && segments.length > 2) {
    return resourceOf('', segments[1] ?? '', segments.slice(2));
  }
  if (segments[0] === 'apis' && segments.length > 3) {
    return resourceOf(segments[1] ?? '', segments[2] ?? '', segments.slice(3));
  }
  return undefined;
}

function resourceOf(group: string, version: string, rest: readonly string[]): ResourceRequest {
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '');
  const [resource = '', name = '', ...more] = inNamespace ? rest.slice(2) : rest;
  const namespace = rest[0] === 'namespaces' ? (rest[1] ?? '') : '';
  return { group, version, namespace, resource, name, subresource: more.join('/') };
}

function verbOf(method: string, query: URLSearchParams, resource: ResourceRequest | undefined): Verb {
  const verb = METHODS.get(method) ?? 'unknown';
  if (!resource || resource.name !== '') return verb;
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

/** How Kubernetes reads a boolean parameter: present and neither false nor 0 is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/** A GET of one object with watch=true: by its verb still a get, as Kubernetes authorizes it. */
export function isNamedWatch({ verb, query, resource }: RequestInfo): boolean {
  return verb === 'get' && resource?.subresource === '' && isTrue(query.get('watch'));
}

/** A request that lasts as long as somebody listens. */
export function isLongRunning(info: RequestInfo): boolean {
  if (info.verb === 'watch' || isNamedWatch(info)) return true;
  const { subresource } = info.resource ?? { subresource: '' };
  return ['log', 'exec', 'attach', 'portforward', 'proxy'].includes(subresource.split('/')[0] ?? '');
}
