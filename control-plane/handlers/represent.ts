/** The forms an object can be sent in: as it is, as a row of a table, or its metadata alone; and their encodings. */
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { enveloped } from '../../api/schema/protobuf/framing.ts';
import type { ListMeta, Table, TableRow } from '../../api/types/meta.v1.ts';
import { badRequest } from '../../api/errors.ts';
import { encodeAs } from '../http/answer-encoder.ts';
import { MEDIA_TYPES, negotiate, resourceOffer, watchOffer, type Form } from '../http/negotiate.ts';
import { writeBytes } from '../http/respond.ts';
import { type Exchange, header } from '../http/exchange.ts';
import type { Cached } from '../cacher/port.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

type Include = 'None' | 'Metadata' | 'Object';

export interface Representation extends Form {
  /** How much of the object a table's rows carry. */
  readonly includeObject: Include;
}

/** Throws NotAcceptable, and BadRequest for a table option that is none. */
export function representationOf(
  exchange: ResourceExchange,
  { protobuf }: HandlerOptions,
  kind = exchange.resource.kind,
): Representation {
  return representationFor(exchange, { protobuf }, kind);
}

/** The same of a kind that is not stored. */
export function representationFor(
  exchange: Exchange,
  { protobuf }: Pick<HandlerOptions, 'protobuf'>,
  kind: Kind,
): Representation {
  const offer = resourceOffer(hasMessages(kind, protobuf));
  return included(exchange, negotiate(header(exchange.request, 'accept'), offer));
}

/** The same for the events of a watch. */
export function eventRepresentationOf(exchange: ResourceExchange, { protobuf }: HandlerOptions): Representation {
  const offer = watchOffer(hasMessages(exchange.resource.kind, protobuf));
  return included(exchange, negotiate(header(exchange.request, 'accept'), offer));
}

/** Only types of the table have field numbers. */
function hasMessages({ form, schema }: Kind, protobuf: HandlerOptions['protobuf']): boolean {
  return form === undefined && protobuf.has(schema);
}

function included({ info }: Exchange, form: Form): Representation {
  const include = info.query.get('includeObject') ?? '';
  if (!['', 'None', 'Metadata', 'Object'].includes(include)) {
    throw badRequest(`unrecognized includeObject value: ${JSON.stringify(include)}`);
  }
  return { ...form, includeObject: include === '' ? 'Metadata' : (include as Include) };
}

/** Answers with one object, of another kind than the resource's where a subresource has one. */
export async function sendObject(
  exchange: ResourceExchange,
  options: HandlerOptions,
  code: number,
  object: KubeObject,
  kind = exchange.resource.kind,
): Promise<void> {
  const form = representationOf(exchange, options, kind);
  const isAsStored = form.as === 'object' && form.encoding === 'json';
  const bytes = isAsStored ? exchange.resource.cache.bytesOf?.(object) : undefined;
  if (bytes) await writeBytes(exchange, code, bytes, MEDIA_TYPES.json);
  else await sendRepresented(exchange, options, { kind, form, code }, object);
}

export async function sendRepresented(
  exchange: Exchange,
  options: HandlerOptions,
  { kind, form, code }: { kind: Kind; form: Representation; code: number },
  object: KubeObject,
): Promise<void> {
  const shown = represent(kind, options, form, object);
  const bytes = encodeAs(form.encoding, options.protobuf, typeNameOf(kind, form), shown);
  await writeBytes(exchange, code, bytes, MEDIA_TYPES[form.encoding]);
}

/** As `sendObject`, without encoding it again where it can be sent as it is. */
export async function sendCached(
  exchange: ResourceExchange,
  options: HandlerOptions,
  cached: Cached<KubeObject>,
): Promise<void> {
  const { as, encoding } = representationOf(exchange, options);
  if (as !== 'object' || encoding === 'yaml') await sendObject(exchange, options, 200, cached.object);
  else if (encoding === 'json') await writeBytes(exchange, 200, cached.bytes, MEDIA_TYPES.json);
  else {
    const { kind } = exchange.resource;
    const bytes = enveloped({ kind: kind.kind, apiVersion: apiVersionOf(kind) }, messageOf(kind, options, cached));
    await writeBytes(exchange, 200, bytes, MEDIA_TYPES.protobuf);
  }
}

/** The object's message without its envelope, made once for as long as it is cached. */
export function messageOf(kind: Kind, { protobuf }: HandlerOptions, cached: Cached<KubeObject>): Uint8Array {
  return cached.message((object) => protobuf.message(kind.schema, object));
}

/** The type that objects of the kind are sent as. */
export function typeNameOf(kind: Kind, { as }: Form): string {
  if (as === 'object') return kind.schema;
  return as === 'table' ? `${META}.Table` : `${META}.PartialObjectMetadata`;
}

export function represent(kind: Kind, options: HandlerOptions, form: Representation, object: KubeObject): object {
  if (form.as === 'table') {
    const { resourceVersion } = object.metadata;
    const metadata: ListMeta = resourceVersion === undefined ? {} : { resourceVersion };
    return tableOf(kind, options, form, [object], metadata);
  }
  return form.as === 'metadata' ? metadataOf(object, form.version) : object;
}

export function tableOf(
  kind: Kind,
  options: HandlerOptions,
  form: Representation,
  objects: readonly KubeObject[],
  metadata: ListMeta,
): Table {
  const now = options.clock.date();
  const rows = objects.map((object) => rowOf(kind, options, form, object, now)) as unknown as TableRow[];
  return { ...tableHead(kind, options, form, metadata), rows };
}

/** A table without its rows. */
export function tableHead(
  kind: Kind,
  { printer }: HandlerOptions,
  { version }: Form,
  metadata: ListMeta,
): Omit<Table, 'rows'> {
  const columnDefinitions = [...printer.columns(kind)];
  return { kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions };
}

export function rowOf(
  kind: Kind,
  { printer }: HandlerOptions,
  form: Representation,
  object: KubeObject,
  now: Date,
): object {
  return { cells: printer.cells(kind, object, now), ...rowObject(form, object) };
}

function rowObject(form: Representation, object: KubeObject): { object?: unknown } {
  if (form.includeObject === 'None') return {};
  return { object: form.includeObject === 'Object' ? object : metadataOf(object, form.version) };
}

export function metadataOf({ metadata }: KubeObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}
