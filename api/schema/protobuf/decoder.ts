/** Protobuf messages to JSON-shaped values, by the schema table. What comes out still goes through the {@link Codec}. */
import { MAX_DEPTH } from '../../machinery/path.ts';
import { setOwn } from '../../machinery/json.ts';
import { SPECIAL } from '../table.ts';
import type { Field, InlineField, SchemaTable, ValueType } from '../table.ts';
import { SPECIAL_MESSAGES } from './special.ts';
import { Reader, WIRE, WireError } from './wire.ts';

type Json = Record<string, unknown>;
type Member = Field | InlineField;

/** Written in JSON as one of their members, not as an object of them. */
export const UNIONS: ReadonlySet<string> = new Set([
  SPECIAL.schemaOrArray,
  SPECIAL.schemaOrBool,
  SPECIAL.schemaOrStrings,
]);

export class MessageDecoder {
  readonly #table: SchemaTable;
  readonly #members = new Map<string, ReadonlyMap<number, Member>>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** Throws {@link WireError}. */
  decode(typeName: string, bytes: Uint8Array, depth = 0): unknown {
    if (depth > MAX_DEPTH) throw new WireError('exceeded max depth');
    const special = SPECIAL_MESSAGES.get(typeName);
    if (special) return special.read(bytes);
    const members = this.#membersOf(typeName);
    const reader = new Reader(bytes);
    const object: Json = {};
    let union: unknown;
    while (!reader.done) {
      const { field, wire } = reader.tag();
      const member = members.get(field);
      if (!member) reader.skip(wire);
      else if (UNIONS.has(typeName)) union = this.#unionMember(union, member, reader, wire, depth);
      else this.#member(object, member, reader, wire, depth);
    }
    return UNIONS.has(typeName) ? union : object;
  }

  #membersOf(typeName: string): ReadonlyMap<number, Member> {
    const known = this.#members.get(typeName);
    if (known) return known;
    const members = new Map<number, Member>();
    for (const member of this.#table.members(typeName)) if (member.pb !== undefined) members.set(member.pb, member);
    this.#members.set(typeName, members);
    return members;
  }

  #member(object: Json, member: Member, reader: Reader, wire: number, depth: number): void {
    if (!('inline' in member)) {
      object[member.name] = this.#accumulated(object[member.name], member, reader, wire, depth);
    } else if (member.ref !== undefined) {
      Object.assign(object, this.decode(member.ref, lengthDelimited(reader, wire), depth + 1));
    } else reader.skip(wire);
  }

  /** Of a union the truth is read whatever comes beside it, and anything else takes its place. */
  #unionMember(union: unknown, member: Member, reader: Reader, wire: number, depth: number): unknown {
    const value = this.#accumulated(Array.isArray(union) ? union : undefined, member, reader, wire, depth);
    return member.type === 'bool' && union !== undefined ? union : value;
  }

  #accumulated(current: unknown, value: ValueType, reader: Reader, wire: number, depth: number): unknown {
    if (value.wrapped) return this.#wrapped(value, lengthDelimited(reader, wire), depth);
    if (value.list) return this.#appended((current ?? []) as unknown[], value.list, reader, wire, depth);
    if (value.map) return this.#entered((current ?? {}) as Json, value.map, lengthDelimited(reader, wire), depth);
    return this.#value(value, reader, wire, depth);
  }

  #appended(list: unknown[], element: ValueType, reader: Reader, wire: number, depth: number): unknown[] {
    const isPacked = wire === WIRE.bytes && isNumeric(element);
    if (!isPacked) list.push(this.#value(element, reader, wire, depth));
    else {
      const packed = new Reader(reader.bytes());
      const elementWire = element.type === 'double' ? WIRE.fixed64 : WIRE.varint;
      while (!packed.done) list.push(this.#value(element, packed, elementWire, depth));
    }
    return list;
  }

  #entered(map: Json, element: ValueType, bytes: Uint8Array, depth: number): Json {
    const reader = new Reader(bytes);
    let key = '';
    let value: unknown;
    while (!reader.done) {
      const { field, wire } = reader.tag();
      if (field === 1) key = text(lengthDelimited(reader, wire));
      else if (field === 2) value = this.#accumulated(undefined, element, reader, wire, depth);
      else reader.skip(wire);
    }
    setOwn(map, key, value ?? null);
    return map;
  }

  #wrapped(value: ValueType, bytes: Uint8Array, depth: number): unknown[] {
    const reader = new Reader(bytes);
    const list: unknown[] = [];
    while (!reader.done) {
      const { field, wire } = reader.tag();
      if (field === 1 && value.list) this.#appended(list, value.list, reader, wire, depth);
      else reader.skip(wire);
    }
    return list;
  }

  #value(value: ValueType, reader: Reader, wire: number, depth: number): unknown {
    if (value.ref !== undefined) return this.decode(value.ref, lengthDelimited(reader, wire), depth + 1);
    switch (value.type) {
      case 'string':
        return text(lengthDelimited(reader, wire));
      case 'bytes':
        return Buffer.from(lengthDelimited(reader, wire)).toString('base64');
      case 'double':
        if (wire !== WIRE.fixed64) throw new WireError(`wrong wireType = ${wire}`);
        return reader.double();
      default:
        if (wire !== WIRE.varint) throw new WireError(`wrong wireType = ${wire}`);
        return value.type === 'bool' ? reader.varint() !== 0 : reader.varint();
    }
  }
}

function isNumeric({ type, ref }: ValueType): boolean {
  return ref === undefined && type !== 'string' && type !== 'bytes';
}

function lengthDelimited(reader: Reader, wire: number): Uint8Array {
  if (wire !== WIRE.bytes) throw new WireError(`wrong wireType = ${wire}`);
  return reader.bytes();
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
