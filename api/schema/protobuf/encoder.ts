/** Decoded objects to protobuf messages, by the schema table. Only what the object has is written. */
import { SPECIAL } from '../table.ts';
import type { Field, InlineField, SchemaTable, ValueType } from '../table.ts';
import { UNIONS } from './decoder.ts';
import { SPECIAL_MESSAGES } from './special.ts';
import { Writer } from './wire.ts';

type Json = Readonly<Record<string, unknown>>;

export class MessageEncoder {
  readonly #table: SchemaTable;
  readonly #members = new Map<string, readonly (Field | InlineField)[]>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  encode(typeName: string, value: unknown): Uint8Array {
    const special = SPECIAL_MESSAGES.get(typeName);
    if (special) return special.write(value);
    const writer = new Writer();
    if (UNIONS.has(typeName)) this.#union(writer, typeName, value);
    else for (const member of this.#byNumber(typeName)) this.#member(writer, member, value as Json);
    return writer.finish();
  }

  /** In the order of Kubernetes' own encoder. */
  #byNumber(typeName: string): readonly (Field | InlineField)[] {
    const known = this.#members.get(typeName);
    if (known) return known;
    const members = this.#table.members(typeName).toSorted((a, b) => (a.pb ?? 0) - (b.pb ?? 0));
    this.#members.set(typeName, members);
    return members;
  }

  #member(writer: Writer, member: Field | InlineField, object: Json): void {
    if (member.pb === undefined) return;
    if (!('inline' in member)) {
      const value = object[member.name];
      if (value !== undefined && value !== null) this.#value(writer, member.pb, member, value);
    } else if (member.ref !== undefined) {
      writer.bytes(member.pb, this.encode(member.ref, object));
    }
  }

  #value(writer: Writer, field: number, type: ValueType, value: unknown): void {
    if (type.list && type.wrapped) {
      const inner = new Writer();
      for (const item of value as unknown[]) this.#value(inner, 1, type.list, item);
      writer.bytes(field, inner.finish());
    } else if (type.list) for (const item of value as unknown[]) this.#value(writer, field, type.list, item);
    else if (type.map) this.#map(writer, field, type.map, value as Json);
    else if (type.ref !== undefined) writer.bytes(field, this.encode(type.ref, value));
    else writeScalar(writer, field, type, value);
  }

  #map(writer: Writer, field: number, type: ValueType, entries: Json): void {
    // Sorted, as Kubernetes writes them, so that equal objects are equal bytes.
    for (const key of Object.keys(entries).toSorted()) {
      const value = entries[key];
      const entry = new Writer();
      entry.text(1, key);
      this.#value(entry, 2, type, value);
      writer.bytes(field, entry.finish());
    }
  }

  /** See {@link UNIONS}: a schema is the message, a list its repetition; a truth says whether anything is allowed. */
  #union(writer: Writer, typeName: string, value: unknown): void {
    const isSchema = typeof value === 'object' && !Array.isArray(value);
    for (const member of this.#table.members(typeName)) {
      const field = member.pb ?? 0;
      if (member.type === 'bool') writer.integer(field, value === false ? 0 : 1);
      else if (member.ref !== undefined && isSchema) writer.bytes(field, this.encode(SPECIAL.schema, value));
      else if (member.list && Array.isArray(value)) this.#value(writer, field, member, value);
    }
  }
}

function writeScalar(writer: Writer, field: number, { type }: ValueType, value: unknown): void {
  if (type === 'string') writer.text(field, value as string);
  else if (type === 'bytes') writer.bytes(field, Buffer.from(value as string, 'base64'));
  else if (type === 'double') writer.double(field, value as number);
  else writer.integer(field, Number(value));
}
