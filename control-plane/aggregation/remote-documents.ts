/** Asks one server what it serves: its discovery, and its OpenAPI in both versions. */
import { createHash } from 'node:crypto';
import type { APIVersionDiscovery } from '../../api/types/apidiscovery.v2.ts';
import { AGGREGATED } from '../../api/discovery.ts';
import { documentMessage } from '../../api/openapi/document-message.ts';
import { openApiV3From } from '../../api/openapi/from-v2.ts';
import { openApiPart, type OpenApiPart } from '../../api/openapi/merge-v2.ts';
import { fromAggregated, fromResourceList } from '../../api/remote-discovery.ts';
import type { RemoteApi } from './remote-apis.ts';
import type { Answer, RemoteReader } from './remote-reader.ts';

const JSON_TYPE = 'application/json';
const AGGREGATED_PARAMETERS = `g=${AGGREGATED.g};v=${AGGREGATED.v};as=${AGGREGATED.as}`;

const DISCOVERY = { milliseconds: 5_000, maxBytes: 4 * 1024 * 1024 };
const OPENAPI = { milliseconds: 30_000, maxBytes: 16 * 1024 * 1024 };

/** OpenAPI v3 of one version of one group. */
export type OpenApiV3Source =
  /** The other server has it, and is asked itself. */
  | { readonly from: 'server'; readonly hash: string }
  /** It knows version 2 alone; this was made of it. */
  | { readonly from: 'v2'; readonly document: object }
  | { readonly from: 'nowhere' };

export interface OpenApiV2Source {
  /** '' when the server has none. */
  readonly etag: string;
  /** Of the whole document. */
  readonly digest: string;
  readonly part: OpenApiPart | undefined;
}

/** Rejects when the server does not answer. Without resources when it does not know the version. */
export async function readDiscovery(reader: RemoteReader, api: RemoteApi): Promise<APIVersionDiscovery> {
  const { group = '', version = '' } = api.spec;
  const accept = `${JSON_TYPE};${AGGREGATED_PARAMETERS},${JSON_TYPE}`;
  const whole = await reader.ask(api, { path: '/apis', accept, ...DISCOVERY });
  if (whole.code === 200 && isAggregated(whole.contentType)) {
    return fromAggregated(jsonOf(whole), { group, version }) ?? { version, freshness: 'Current' };
  }
  if (whole.code === 503) throw new Error('/apis: 503');
  const path = `/apis/${group}/${version}`;
  const answer = await reader.ask(api, { path, accept: JSON_TYPE, ...DISCOVERY });
  const found = answer.code === 200 ? fromResourceList(jsonOf(answer), { group, version }) : undefined;
  if (!found) throw new Error(`${path} is answered by ${answer.code}, without an APIResourceList`);
  return found;
}

function isAggregated(contentType: string): boolean {
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  return type === JSON_TYPE && AGGREGATED_PARAMETERS.split(';').every((wanted) => parameters.includes(wanted));
}

/** What `known` says when nothing is new. Rejects when the server does not answer, or not as OpenAPI has it. */
export async function readOpenApiV2(
  reader: RemoteReader,
  api: RemoteApi,
  known: OpenApiV2Source | undefined,
): Promise<OpenApiV2Source> {
  const { group = '', version = '' } = api.spec;
  const question = { path: '/openapi/v2', accept: JSON_TYPE, etag: known?.etag ?? '', ...OPENAPI };
  const answer = await reader.ask(api, question);
  if (answer.code === 304 && known) return known;
  if (answer.code === 404) return { etag: '', digest: '', part: undefined };
  if (answer.code !== 200) throw new Error(`/openapi/v2 is answered by ${answer.code}`);
  const digest = createHash('sha256').update(answer.body).digest('base64');
  if (digest === known?.digest) return known;
  const part = openApiPart(jsonOf(answer), group, version);
  // What can't be written as a message must not keep everything else from being written.
  documentMessage({ paths: Object.fromEntries(part.paths), definitions: Object.fromEntries(part.definitions) });
  return { etag: answer.etag, digest, part };
}

/** As `readOpenApiV2`, of which it takes the answer. */
export async function readOpenApiV3(
  reader: RemoteReader,
  api: RemoteApi,
  part: OpenApiPart | undefined,
): Promise<OpenApiV3Source> {
  const { group = '', version = '' } = api.spec;
  const answer = await reader.ask(api, { path: '/openapi/v3', accept: JSON_TYPE, ...OPENAPI });
  if (answer.code === 404) return part ? { from: 'v2', document: openApiV3From(part) } : { from: 'nowhere' };
  if (answer.code !== 200) throw new Error(`/openapi/v3 is answered by ${answer.code}`);
  const { paths = {} } = jsonOf(answer) as { paths?: Record<string, { serverRelativeURL?: string }> };
  const path = `apis/${group}/${version}`;
  if (!Object.hasOwn(paths, path)) return { from: 'nowhere' };
  const url = new URL(paths[path]?.serverRelativeURL ?? '', 'https://nowhere');
  return { from: 'server', hash: url.searchParams.get('hash') ?? '' };
}

function jsonOf({ body }: Answer): unknown {
  return JSON.parse(body.toString());
}
