/** The documents by which clients learn what is served: discovery and OpenAPI, each made when it is first asked for. */
import { createHash } from 'node:crypto';
import {
  AGGREGATED,
  aggregatedDiscovery,
  apiGroup,
  apiGroups,
  apiResources,
  apiVersions,
  type ServedVersion,
  servedVersions,
  type VersionsOptions,
} from '../../api/discovery.ts';
import { StatusError } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { Descriptions, readInstalledModels } from '../../api/openapi/descriptions.ts';
import { documentMessage } from '../../api/openapi/document-message.ts';
import { OpenApiV2 } from '../../api/openapi/v2.ts';
import { type OpenApiPart, withParts } from '../../api/openapi/merge-v2.ts';
import { type OpenApiDocument, OpenApiV3 } from '../../api/openapi/v3.ts';
import type { SchemaTable } from '../../api/schema/table.ts';
import { COMPONENT_STATUS } from '../handlers/component-status.ts';
import { USAGE_KINDS } from '../handlers/usage.ts';
import { Document } from './document.ts';
import type { EndpointsOptions } from './endpoints.ts';
import { header, type Exchange } from '../http/exchange.ts';
import { negotiate, ONLY_JSON, parseAccept } from '../http/negotiate.ts';

const JSON_TYPE = 'application/json';
const AGGREGATED_TYPE = `${JSON_TYPE};g=${AGGREGATED.g};v=${AGGREGATED.v};as=${AGGREGATED.as}`;

/** OpenAPI v2 as a message, by the name that clients have been asking with and by the one that RFC 6838 allows. */
const MESSAGE_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const MESSAGE_TYPES = [MESSAGE_TYPE, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'];
const JSON_RANGES = [JSON_TYPE, 'application/*', '*/*'];

export interface DocumentsOptions {
  /** Those in the store, as they are now; what is computed is added here. */
  readonly kinds: () => Iterable<Kind>;
  /** Calls the listener whenever `kinds` would answer differently. */
  readonly onChange: (listener: () => void) => void;
  /** What is answered and not stored. */
  readonly answered: readonly Kind[];
  readonly table: SchemaTable;
  /** What other servers serve behind this one. */
  readonly elsewhere: DocumentsElsewhere;
  /** Where clients reach the server, such as 10.0.0.1:6443. */
  readonly address: () => string;
}

export interface DocumentsElsewhere {
  versions(): NonNullable<VersionsOptions['elsewhere']>;
  priorityOf: NonNullable<VersionsOptions['priorityOf']>;
  openApiV2(): readonly OpenApiPart[];
  /** By path below `/openapi/v3/`. */
  openApiV3(): ReadonlyMap<
    string,
    { readonly hash: string } | { readonly document: object } | { readonly from: string }
  >;
  /** Calls the listener whenever any of these would answer differently. */
  onChange(listener: () => void): void;
}

/** By the first segment of their paths. */
export function apiDocuments(options: DocumentsOptions): EndpointsOptions['documents'] {
  const { kinds, onChange, answered, table, address, elsewhere } = options;
  const servedNow = (): Kind[] => [...kinds(), ...answered, COMPONENT_STATUS, ...USAGE_KINDS];
  const descriptions = new Descriptions({ read: readInstalledModels() });
  let all = servedNow();
  const v3 = new OpenApiV3({ table, descriptions, kinds: all });
  const v2 = new OpenApiV2({ table, descriptions, kinds: all });
  const made = new Map<string, Document>();
  const described = new WeakMap<OpenApiDocument, Document>();
  const asDocument = (own: OpenApiDocument): Document => {
    const known = described.get(own) ?? openApiDocument(own);
    described.set(own, known);
    return known;
  };
  let versions: readonly ServedVersion[] | undefined;
  const forget = (): void => {
    versions = undefined;
    made.clear();
  };
  onChange(() => {
    all = servedNow();
    forget();
    v3.replace(all);
    v2.replace(all);
  });
  elsewhere.onChange(forget);
  const served = (): readonly ServedVersion[] => {
    versions ??= servedVersions({
      kinds: all,
      elsewhere: elsewhere.versions(),
      priorityOf: (group, version) => elsewhere.priorityOf(group, version),
    });
    return versions;
  };
  /** `make` is called once a key; there are only as many keys as documents. */
  const once = (key: string, make: () => object | undefined, contentType = JSON_TYPE): Document => {
    const known = made.get(key);
    if (known) return known;
    const value = make();
    if (!value) throw unknownPath();
    const document = documentOf(value, contentType);
    made.set(key, document);
    return document;
  };

  const api = (exchange: Exchange): Document => {
    const [, version, ...rest] = exchange.info.segments;
    if (rest.length > 0) throw unknownPath();
    if (version !== undefined) return once(`api/${version}`, () => apiResources(all, '', version));
    if (wantsAggregated(exchange))
      return once('api aggregated', () => aggregatedDiscovery(served(), 'api'), AGGREGATED_TYPE);
    return once('api', () => apiVersions(address()));
  };
  const apis = (exchange: Exchange): Document => {
    const [, group, version] = exchange.info.segments;
    if (group !== undefined && version !== undefined) {
      return once(`apis/${group}/${version}`, () => (group === '' ? undefined : apiResources(all, group, version)));
    }
    if (group !== undefined) return once(`apis/${group}`, () => apiGroup(served(), group));
    if (wantsAggregated(exchange)) {
      return once('apis aggregated', () => aggregatedDiscovery(served(), 'apis'), AGGREGATED_TYPE);
    }
    return once('apis', () => apiGroups(served()));
  };
  const openapi = (exchange: Exchange): Document => {
    const [, version, ...path] = exchange.info.segments;
    if (version === 'v2' && path.length === 0) {
      const parts = elsewhere.openApiV2();
      const own = v2.document();
      const whole =
        parts.length === 0 ? asDocument(own) : once('openapi/v2', () => withParts(parsed(own.bytes), parts));
      return wantsMessage(exchange) ? messageOf(whole, made) : whole;
    }
    negotiate(header(exchange.request, 'accept'), ONLY_JSON);
    if (version !== 'v3') throw unknownPath();
    if (path.length === 0) return once('openapi/v3', () => wholeIndex(v3.index(), elsewhere.openApiV3()));
    const name = path.join('/');
    const other = elsewhere.openApiV3().get(name);
    if (other && 'document' in other) return once(`openapi/v3/${name}`, () => other.document);
    const document = v3.document(name);
    if (!document) throw unknownPath();
    return asDocument(document);
  };
  const root = (): Document => once('root', () => ({ paths: rootPaths(served()) }));
  return { '': root, api, apis, openapi };
}

function wantsAggregated(exchange: Exchange): boolean {
  const ranges = parseAccept(header(exchange.request, 'accept'));
  const [first] = ranges.filter(({ type, parameters }) => {
    const isJson = type === JSON_TYPE || type === '*/*' || type === 'application/*';
    return isJson && (!parameters.has('as') || isAggregated(parameters));
  });
  // Nothing that is served is asked for: the refusal is the same as for any other document.
  if (!first) negotiate(header(exchange.request, 'accept'), ONLY_JSON);
  return first !== undefined && isAggregated(first.parameters);
}

function isAggregated(parameters: ReadonlyMap<string, string>): boolean {
  return Object.entries(AGGREGATED).every(([name, value]) => parameters.get(name) === value);
}

function rootPaths(versions: readonly ServedVersion[]): string[] {
  const groups = versions.filter(({ group }) => group !== '');
  const paths = groups.flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]);
  const fixed = [
    '/.well-known/openid-configuration',
    '/api',
    '/api/v1',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
  ];
  return [...new Set([...fixed, ...paths, '/version'])].toSorted();
}

type OpenApiIndex = ReturnType<OpenApiV3['index']>;

function documentOf(value: object, contentType: string): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  const etag = `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`;
  return new Document({ bytes, contentType, etag });
}

function openApiDocument({ bytes, hash }: OpenApiDocument): Document {
  return new Document({ bytes, contentType: JSON_TYPE, etag: `"${hash}"` });
}

function parsed(json: Buffer): Record<string, unknown> {
  return JSON.parse(json.toString()) as Record<string, unknown>;
}

/** Whether OpenAPI v2 is asked for as a message, before JSON or without it. Throws NotAcceptable. */
function wantsMessage(exchange: Exchange): boolean {
  const accept = header(exchange.request, 'accept');
  const [first] = parseAccept(accept).filter(({ type }) => MESSAGE_TYPES.includes(type) || JSON_RANGES.includes(type));
  if (first && MESSAGE_TYPES.includes(first.type)) return true;
  negotiate(accept, { ...ONLY_JSON, types: [JSON_TYPE, MESSAGE_TYPE] });
  return false;
}

function wholeIndex(own: OpenApiIndex, elsewhere: ReturnType<DocumentsElsewhere['openApiV3']>): OpenApiIndex {
  const others = [...elsewhere].map(([path, source]) => {
    const hash = 'hash' in source ? source.hash : createHash('sha512').update(JSON.stringify(source)).digest('hex');
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${encodeURIComponent(hash)}` }] as const;
  });
  return { paths: { ...own.paths, ...Object.fromEntries(others) } };
}

/** Made when first asked for, as few clients do; the version in JSON has another etag. */
function messageOf({ bytes: json, etag }: Document, made: Map<string, Document>): Document {
  const known = made.get(MESSAGE_TYPE);
  if (known) return known;
  const bytes = Buffer.from(documentMessage(parsed(json)));
  const document = new Document({ bytes, contentType: MESSAGE_TYPE, etag: `${etag.slice(0, -1)}.PB"` });
  made.set(MESSAGE_TYPE, document);
  return document;
}

function unknownPath(): StatusError {
  const message = 'the server could not find the requested resource';
  return new StatusError({ code: 404, reason: 'NotFound', message, details: {} });
}
