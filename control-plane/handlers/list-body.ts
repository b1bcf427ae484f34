/** The pieces of a list's body: what stands around its items, and the items one by one. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { formatYaml } from '../../api/machinery/yaml-text.ts';
import { envelopeAround, itemHead } from '../../api/schema/protobuf/framing.ts';
import type { ListMeta } from '../../api/types/meta.v1.ts';
import type { Cached } from '../cacher/port.ts';
import type { HandlerOptions } from './port.ts';
import { messageOf, metadataOf, rowOf, tableHead, typeNameOf, type Representation } from './represent.ts';

const COMMA = Buffer.from(',');
/** Of every list's message. */
const ITEMS_FIELD = 2;
/** How many messages are made before others get their turn. */
const SLICE = 128;
/** A row of a table is about so many bytes. */
const ROW_BYTES = 500;

type Entry = Cached<KubeObject>;

export interface ListParts {
  readonly kind: Kind;
  readonly form: Representation;
  readonly entries: readonly Entry[];
  readonly metadata: ListMeta;
}

export interface ListBody {
  readonly pieces: Iterable<Uint8Array>;
  /** About how many bytes it will be. */
  readonly size: number;
}

/** Stored bytes are joined where they are what is asked for; all else is made item by item as it is sent. */
export function listBody(parts: ListParts, options: HandlerOptions): Promise<ListBody> | ListBody {
  if (parts.form.encoding === 'protobuf') return messageBody(parts, options);
  const { kind, form, entries, metadata } = parts;
  const { version } = form;
  if (form.as === 'table') {
    const now = options.clock.date();
    const head = tableHead(kind, options, form, metadata);
    return textBody(parts, head, 'rows', ({ object }) => rowOf(kind, options, form, object, now));
  }
  if (form.as === 'metadata') {
    return textBody(parts, { ...listType(kind, form), metadata }, 'items', ({ object }) => metadataOf(object, version));
  }
  if (form.encoding === 'yaml') {
    return textBody(parts, { ...listType(kind, form), metadata }, 'items', ({ object }) => object);
  }
  const head = { ...listType(kind, form), metadata };
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { pieces: jsonPieces(head, 'items', entries, ({ bytes }) => bytes), size };
}

/** What the list says it is. */
export function listType(kind: Kind, form: Representation): { kind: string; apiVersion: string } {
  return form.as === 'metadata'
    ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}` }
    : { kind: kind.listKind, apiVersion: apiVersionOf(kind) };
}

function textBody(
  { entries, form }: ListParts,
  head: object,
  member: string,
  valueOf: (entry: Entry) => object,
): ListBody {
  const size = entries.length * ROW_BYTES;
  if (form.encoding === 'yaml') return { pieces: yamlPieces(head, member, entries, valueOf), size };
  const encode = (entry: Entry): Buffer => Buffer.from(JSON.stringify(valueOf(entry)));
  return { pieces: jsonPieces(head, member, entries, encode), size };
}

function* jsonPieces(
  head: object,
  member: string,
  entries: readonly Entry[],
  encode: (entry: Entry) => Buffer,
): Generator<Buffer> {
  yield Buffer.from(`${JSON.stringify(head).slice(0, -1)},"${member}":[`);
  for (const [index, entry] of entries.entries()) {
    if (index > 0) yield COMMA;
    yield encode(entry);
  }
  yield Buffer.from(']}\n');
}

function* yamlPieces(
  head: object,
  member: string,
  entries: readonly Entry[],
  valueOf: (entry: Entry) => object,
): Generator<Buffer> {
  yield Buffer.from(`${formatYaml(head)}${member}:${entries.length === 0 ? ' []' : ''}\n`);
  for (const entry of entries) yield Buffer.from(formatYaml([valueOf(entry)]));
}

/** A message begins with its length, so all items are made before the first of them is sent; they stay with the cache. */
async function messageBody(parts: ListParts, options: HandlerOptions): Promise<ListBody> {
  const { kind, form, entries, metadata } = parts;
  const { protobuf } = options;
  const typeName = typeNameOf(kind, form);
  const list = protobuf.message(`${typeName}List`, { metadata, items: [] });
  const messages: Uint8Array[] = [];
  let size = list.length;
  for (const [index, entry] of entries.entries()) {
    const message =
      form.as === 'object'
        ? messageOf(kind, options, entry)
        : protobuf.message(typeName, metadataOf(entry.object, form.version));
    size += itemHead(ITEMS_FIELD, message.length).length + message.length;
    messages.push(message);
    if (index % SLICE === SLICE - 1) await nextTurn();
  }
  const { head, end } = envelopeAround(listType(kind, form), size);
  return { pieces: messagePieces(Buffer.concat([head, list]), messages, end), size };
}

function* messagePieces(head: Buffer, messages: readonly Uint8Array[], end: Buffer): Generator<Uint8Array> {
  yield head;
  for (const message of messages) {
    yield itemHead(ITEMS_FIELD, message.length);
    yield message;
  }
  yield end;
}
