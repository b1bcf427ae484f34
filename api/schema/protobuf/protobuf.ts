/** Bodies of type `application/vnd.kubernetes.protobuf`: an envelope that names the kind, and the object's message. */
import { badRequest } from '../../errors.ts';
import type { SchemaTable } from '../table.ts';
import { MessageDecoder } from './decoder.ts';
import { MessageEncoder } from './encoder.ts';
import { enveloped, MAGIC, type TypeMeta } from './framing.ts';
import { Reader, WireError } from './wire.ts';

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object's message. */
  readonly raw: Uint8Array;
}

export class Protobuf {
  readonly #table: SchemaTable;
  readonly #decoder: MessageDecoder;
  readonly #encoder: MessageEncoder;

  constructor(options: { table: SchemaTable }) {
    this.#table = options.table;
    this.#decoder = new MessageDecoder(options.table);
    this.#encoder = new MessageEncoder(options.table);
  }

  /** Whether the type has a message at all; custom resources don't. */
  has(typeName: string): boolean {
    return this.#table.has(typeName);
  }

  /** Throws BadRequest. */
  open(body: Uint8Array): Envelope {
    if (Buffer.compare(body.subarray(0, MAGIC.length), MAGIC) !== 0) {
      throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
    }
    return orBadRequest(() => openEnvelope(body.subarray(MAGIC.length)));
  }

  /** The object as JSON has it, still to be decoded by the codec. Throws BadRequest. */
  decode(typeName: string, { apiVersion, kind, raw }: Envelope): unknown {
    return orBadRequest(() => ({ kind, apiVersion, ...(this.#decoder.decode(typeName, raw) as object) }));
  }

  /** `object` must have come out of the codec. */
  encode(typeName: string, object: TypeMeta): Buffer {
    return enveloped(object, this.message(typeName, object));
  }

  /** The object's message without an envelope. */
  message(typeName: string, object: object): Uint8Array {
    return this.#encoder.encode(typeName, object);
  }
}

function openEnvelope(bytes: Uint8Array): Envelope {
  const fields = bytesFields(bytes);
  const typeMeta = bytesFields(fields.get(1) ?? new Uint8Array());
  const textOf = (field: number): string => Buffer.from(typeMeta.get(field) ?? []).toString('utf8');
  return { apiVersion: textOf(1), kind: textOf(2), raw: fields.get(2) ?? new Uint8Array() };
}

function bytesFields(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new Reader(bytes);
  const fields = new Map<number, Uint8Array>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (wire === 2) fields.set(field, reader.bytes());
    else reader.skip(wire);
  }
  return fields;
}

function orBadRequest<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof WireError) throw badRequest(`proto: ${error.message}`);
    throw error;
  }
}
