/** Kubernetes' frames around messages: the envelope of a body, the length of a watch event. */
import { Writer } from './wire.ts';

/** What every enveloped body begins with. */
export const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
/** The content's encoding and type, which Kubernetes writes though they are empty. */
const ENVELOPE_END = Buffer.from([0x1a, 0, 0x22, 0]);
const EVENT_LENGTH_BYTES = 4;

export interface TypeMeta {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** What stands before and after a message of `size` bytes to make a body of it. */
export function envelopeAround({ apiVersion = '', kind = '' }: TypeMeta, size: number): { head: Buffer; end: Buffer } {
  const typeMeta = new Writer();
  typeMeta.text(1, apiVersion);
  typeMeta.text(2, kind);
  const head = new Writer();
  head.bytes(1, typeMeta.finish());
  head.lengthOf(2, size);
  return { head: Buffer.concat([MAGIC, head.finish()]), end: ENVELOPE_END };
}

export function enveloped(type: TypeMeta, message: Uint8Array): Buffer {
  const { head, end } = envelopeAround(type, message.length);
  return Buffer.concat([head, message, end]);
}

/** A watch event about an enveloped object, with its length before it as the stream has it. */
export function eventFrame(type: string, object: Uint8Array): Buffer {
  const raw = new Writer();
  raw.lengthOf(1, object.length);
  const head = new Writer();
  head.text(1, type);
  head.lengthOf(2, raw.finish().length + object.length);
  const parts = [head.finish(), raw.finish(), object];
  const length = Buffer.alloc(EVENT_LENGTH_BYTES);
  length.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([length, ...parts]);
}

/** What stands before one of a repeated field's messages of `size` bytes. */
export function itemHead(field: number, size: number): Uint8Array {
  const head = new Writer();
  head.lengthOf(field, size);
  return head.finish();
}
