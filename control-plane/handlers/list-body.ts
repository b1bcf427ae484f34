/** A list's body: what stands around its items, and the items one by one. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { formatYaml } from '../../api/machinery/yaml-text.ts';
import { envelopeAround, itemHead } from '../../api/schema/protobuf/framing.ts';
import type { ListMeta } from '../../api/types/meta.v1.ts';
import type { Cached } from '../cacher/port.ts';
import type { Pieces } from '../http/pour.ts';
import type { HandlerOptions } from './port.ts';
import { messageOf, metadataOf, rowOf, tableHead, typeNameOf, type Representation } from './represent.ts';

const COMMA = Buffer.from(',');
/** Of every list's message. */
const ITEMS_FIELD = 2;
/** How many messages are made before others get their turn. */
const SLICE = 128;
/** How many entries say how long the others are. */
const SAMPLE = 100;
/** A row of a table is about so many bytes. */
const ROW_BYTES = 500;

type Entry = Cached<KubeObject>;

export interface ListParts {
  readonly kind: Kind;
  readonly form: Representation;
  readonly entries: readonly Entry[];
  readonly metadata: ListMeta;
}

/** Stored bytes are joined where they are what is asked for; all else is made item by item as it is sent. */
export function listBody(parts: ListParts, options: HandlerOptions): Promise<Pieces> | Pieces {
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
  const at = (index: number): Buffer => entries[index]!.bytes;
  return { ...jsonAround(head, 'items'), count: entries.length, at, size: sizeOf(entries) };
}

/** About how many bytes they are, by the first of them: to look at all takes as long as a tenth of sending them. */
function sizeOf(entries: readonly Entry[]): number {
  const first = entries.slice(0, SAMPLE);
  const bytes = first.reduce((sum, entry) => sum + entry.bytes.length, 0);
  return Math.round((bytes / Math.max(1, first.length)) * entries.length);
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
): Pieces {
  const { length: count } = entries;
  const items = { count, size: count * ROW_BYTES };
  if (form.encoding === 'yaml') {
    const start = Buffer.from(`${formatYaml(head)}${member}:${count === 0 ? ' []' : ''}\n`);
    return { ...items, start, at: (index) => Buffer.from(formatYaml([valueOf(entries[index]!)])) };
  }
  const at = (index: number): Buffer => Buffer.from(JSON.stringify(valueOf(entries[index]!)));
  return { ...items, ...jsonAround(head, member), at };
}

function jsonAround(head: object, member: string): Pick<Pieces, 'start' | 'separator' | 'end'> {
  return {
    start: Buffer.from(`${JSON.stringify(head).slice(0, -1)},"${member}":[`),
    separator: COMMA,
    end: Buffer.from(']}\n'),
  };
}

/** A message begins with its length, so all items are made before the first of them is sent; they stay with the cache. */
async function messageBody(parts: ListParts, options: HandlerOptions): Promise<Pieces> {
  const { kind, form, entries, metadata } = parts;
  const { protobuf } = options;
  const typeName = typeNameOf(kind, form);
  const list = protobuf.message(`${typeName}List`, { metadata, items: [] });
  /** Each message after its head. */
  const messages: Uint8Array[] = [];
  let size = list.length;
  for (const [index, entry] of entries.entries()) {
    const message =
      form.as === 'object'
        ? messageOf(kind, options, entry)
        : protobuf.message(typeName, metadataOf(entry.object, form.version));
    const itsHead = itemHead(ITEMS_FIELD, message.length);
    size += itsHead.length + message.length;
    messages.push(itsHead, message);
    if (index % SLICE === SLICE - 1) await nextTurn();
  }
  const { head, end } = envelopeAround(listType(kind, form), size);
  return { start: Buffer.concat([head, list]), count: messages.length, at: (index) => messages[index]!, end, size };
}
