/** The forms an object can be sent in: as it is, as a row of a table, or its metadata alone. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ListMeta, Table, TableRow } from '../../api/schema/types/meta.v1.ts';
import { badRequest } from '../../api/errors.ts';
import { negotiate, type Form } from '../server/negotiate.ts';
import { writeBytes, writeJson } from '../server/respond.ts';
import { header } from '../server/exchange.ts';
import type { Cached } from '../cacher/port.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';

type Include = 'None' | 'Metadata' | 'Object';

export interface Representation extends Form {
  /** How much of the object a table's rows carry. */
  readonly includeObject: Include;
}

/** Throws NotAcceptable, and BadRequest for a table option that is none. */
export function representationOf(exchange: ResourceExchange): Representation {
  const form = negotiate(header(exchange.request, 'accept'));
  const include = exchange.info.query.get('includeObject') ?? '';
  if (!['', 'None', 'Metadata', 'Object'].includes(include)) {
    throw badRequest(`unrecognized includeObject value: ${JSON.stringify(include)}`);
  }
  return { ...form, includeObject: include === '' ? 'Metadata' : (include as Include) };
}

/** Answers with one object. */
export async function sendObject(
  exchange: ResourceExchange,
  options: HandlerOptions,
  code: number,
  object: KubeObject,
): Promise<void> {
  const representation = representationOf(exchange);
  await writeJson(exchange, code, represent(exchange.resource.kind, options, representation, object));
}

/** As `sendObject`, without encoding it again where it can be sent as it is. */
export async function sendCached(
  exchange: ResourceExchange,
  options: HandlerOptions,
  cached: Cached<KubeObject>,
): Promise<void> {
  const { as } = representationOf(exchange);
  if (as === 'object') await writeBytes(exchange, 200, cached.bytes, 'application/json');
  else await sendObject(exchange, options, 200, cached.object);
}

export function represent(kind: Kind, options: HandlerOptions, form: Representation, object: KubeObject): unknown {
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
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    columnDefinitions: [...options.printer.columns(kind)],
    rows: objects.map((object) => ({
      cells: options.printer.cells(kind, object, now),
      ...rowObject(form, object),
    })) as unknown as TableRow[],
  };
}

function rowObject(form: Representation, object: KubeObject): { object?: unknown } {
  if (form.includeObject === 'None') return {};
  return { object: form.includeObject === 'Object' ? object : metadataOf(object, form.version) };
}

export function metadataOf(object: KubeObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
