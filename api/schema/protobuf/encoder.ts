/** Decoded objects to protobuf messages, by the schema table. Only what the object has is written. */
import { SPECIAL } from '../table.ts';
import type { Field, InlineField, SchemaTable, ValueType } from '../table.ts';
import { BackwardWriter } from './backward-writer.ts';
import { UNIONS } from './decoder.ts';
import { SPECIAL_MESSAGES } from './special.ts';

type Json = Readonly<Record<string, unknown>>;

export class MessageEncoder {
  readonly #table: SchemaTable;
  /** One for all messages: encoding never waits. */
  readonly #writer = new BackwardWriter();
  readonly #members = new Map<string, readonly (Field | InlineField)[]>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  encode(typeName: string, value: unknown): Uint8Array {
    this.#writer.reset();
    this.#write(typeName, value);
    return this.#writer.finish();
  }

  #write(typeName: string, value: unknown): void {
    const special = SPECIAL_MESSAGES.get(typeName);
    if (special) special.write(this.#writer, value);
    else if (UNIONS.has(typeName)) this.#union(typeName, value);
    else for (const member of this.#lastToFirst(typeName)) this.#member(member, value as Json);
  }

  /** The numbers go up in the message, as in those of Kubernetes' own encoder. */
  #lastToFirst(typeName: string): readonly (Field | InlineField)[] {
    const known = this.#members.get(typeName);
    if (known) return known;
    const carried = this.#table.members(typeName).filter(({ pb }) => pb !== undefined);
    const members = carried.toSorted((a, b) => (b.pb ?? 0) - (a.pb ?? 0));
    this.#members.set(typeName, members);
    return members;
  }

  #member(member: Field | InlineField, object: Json): void {
    const field = member.pb ?? 0;
    if (!('inline' in member)) {
      const value = object[member.name];
      if (value !== undefined && value !== null) this.#value(field, member, value);
    } else if (member.ref !== undefined) this.#nested(field, member.ref, object);
  }

  #nested(field: number, typeName: string, value: unknown): void {
    const before = this.#writer.length;
    this.#write(typeName, value);
    this.#writer.lengthOf(field, this.#writer.length - before);
  }

  #value(field: number, type: ValueType, value: unknown): void {
    if (type.list && type.wrapped) {
      const before = this.#writer.length;
      this.#list(1, type.list, value as unknown[]);
      this.#writer.lengthOf(field, this.#writer.length - before);
    } else if (type.list) this.#list(field, type.list, value as unknown[]);
    else if (type.map) this.#map(field, type.map, value as Json);
    else if (type.ref !== undefined) this.#nested(field, type.ref, value);
    else this.#scalar(field, type, value);
  }

  #list(field: number, type: ValueType, items: readonly unknown[]): void {
    for (let index = items.length - 1; index >= 0; index -= 1) this.#value(field, type, items[index]);
  }

  /** Keys are sorted, as Kubernetes writes them, so that equal objects are equal bytes. */
  #map(field: number, type: ValueType, entries: Json): void {
    const keys = Object.keys(entries);
    if (keys.length > 1) keys.sort();
    for (let index = keys.length - 1; index >= 0; index -= 1) {
      const key = keys[index] ?? '';
      const before = this.#writer.length;
      this.#value(2, type, entries[key]);
      this.#writer.text(1, key);
      this.#writer.lengthOf(field, this.#writer.length - before);
    }
  }

  /** See {@link UNIONS}: a schema is the message, a list its repetition; a truth says whether anything is allowed. */
  #union(typeName: string, value: unknown): void {
    const isSchema = typeof value === 'object' && !Array.isArray(value);
    for (const member of this.#lastToFirst(typeName)) {
      const field = member.pb ?? 0;
      if (member.type === 'bool') this.#writer.integer(field, value === false ? 0 : 1);
      else if (member.ref !== undefined && isSchema) this.#nested(field, SPECIAL.schema, value);
      else if (member.list && Array.isArray(value)) this.#value(field, member, value);
    }
  }

  #scalar(field: number, { type }: ValueType, value: unknown): void {
    if (type === 'string') this.#writer.text(field, value as string);
    else if (type === 'bytes') this.#writer.bytes(field, Buffer.from(value as string, 'base64'));
    else if (type === 'double') this.#writer.double(field, value as number);
    else this.#writer.integer(field, Number(value));
  }
}
