/** The protobuf wire format: varints, fixed 64-bit values and byte strings, each behind a field number. */

/** Thrown for bytes that are no such message. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const HIGH = 2 ** 32;

export class Reader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.length;
  }

  tag(): { field: number; wire: number } {
    const tag = this.varint();
    return { field: Math.floor(tag / 8), wire: tag % 8 };
  }

  /** A signed 64-bit integer; beyond 2^53 it is rounded. */
  varint(): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw new WireError('unexpected EOF');
      this.#position += 1;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high |= bits >> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) return (high | 0) * HIGH + (low >>> 0);
    }
    throw new WireError('integer overflow');
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  bytes(): Uint8Array {
    return this.#take(this.varint());
  }

  skip(wire: number): void {
    if (wire === WIRE.varint) this.varint();
    else if (wire === WIRE.fixed64) this.#take(8);
    else if (wire === WIRE.bytes) this.bytes();
    else if (wire === WIRE.fixed32) this.#take(4);
    else throw new WireError(`illegal wire type ${wire}`);
  }

  #take(length: number): Uint8Array {
    if (length < 0 || this.#position + length > this.#bytes.length) throw new WireError('unexpected EOF');
    const taken = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return taken;
  }
}

const FIRST_SIZE = 256;

export class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE);
  #length = 0;

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** A whole number within 2^53. */
  integer(field: number, value: number): void {
    this.#tag(field, WIRE.varint);
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  text(field: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#tag(field, WIRE.bytes);
    this.#varint(size);
    this.#reserve(size);
    this.#length += this.#buffer.write(value, this.#length);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, WIRE.bytes);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** The head of a byte string whose bytes come from elsewhere. */
  lengthOf(field: number, size: number): void {
    this.#tag(field, WIRE.bytes);
    this.#varint(size);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#reserve(10);
    while (value >= 0x80) {
      this.#buffer[this.#length] = (value % 0x80) | 0x80;
      this.#length += 1;
      value = Math.floor(value / 0x80);
    }
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#reserve(10);
    for (let index = 0; index < 10; index += 1) {
      const bits = Number(rest & 0x7fn);
      rest >>= 7n;
      this.#buffer[this.#length] = index < 9 ? bits | 0x80 : bits;
      this.#length += 1;
    }
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.finish());
    this.#buffer = grown;
  }
}
