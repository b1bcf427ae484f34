import { WIRE } from './wire.ts';

const FIRST_SIZE = 64 * 1024;
/** A larger buffer is not kept for the next message. */
const MAX_KEPT = 1024 * 1024;

/**
 * Writes a message from its end to its beginning, so that the length of what is nested is known when its head is written:
 * everything goes into one buffer, which is used again for the next message. Fields are to be written last to first.
 */
export class BackwardWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #start = FIRST_SIZE;

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** Forgets what was written. */
  reset(): void {
    if (this.#buffer.length > MAX_KEPT) this.#buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.#start = this.#buffer.length;
  }

  /** A copy of what was written, with nothing else in its memory. */
  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, this.#start);
  }

  /** A whole number within 2^53. */
  integer(field: number, value: number): void {
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
    this.#tag(field, WIRE.varint);
  }

  double(field: number, value: number): void {
    this.#reserve(8);
    this.#start -= 8;
    this.#buffer.writeDoubleLE(value, this.#start);
    this.#tag(field, WIRE.fixed64);
  }

  text(field: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#start -= size;
    this.#buffer.write(value, this.#start);
    this.lengthOf(field, size);
  }

  bytes(field: number, value: Uint8Array): void {
    this.raw(value);
    this.lengthOf(field, value.length);
  }

  /** Bytes that are fields already. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#start -= value.length;
    this.#buffer.set(value, this.#start);
  }

  /** The head of the `size` bytes that were written last. */
  lengthOf(field: number, size: number): void {
    this.#varint(size);
    this.#tag(field, WIRE.bytes);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
    this.#reserve(size);
    this.#start -= size;
    let at = this.#start;
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[at] = (rest % 0x80) | 0x80;
      at += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[at] = rest;
  }

  #negative(value: number): void {
    this.#reserve(10);
    this.#start -= 10;
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let index = 0; index < 10; index += 1) {
      const bits = Number(rest & 0x7fn);
      rest >>= 7n;
      this.#buffer[this.#start + index] = index < 9 ? bits | 0x80 : bits;
    }
  }

  #reserve(size: number): void {
    if (size <= this.#start) return;
    const { length } = this;
    const grown = Buffer.allocUnsafeSlow(Math.max(length + size, this.#buffer.length * 2));
    this.#buffer.copy(grown, grown.length - length, this.#start);
    this.#buffer = grown;
    this.#start = grown.length - length;
  }
}
