/** Types with a protobuf form of their own. */
import { formatDuration, parseDuration } from '../../machinery/duration.ts';
import { formatMicroTime, formatTime, parseTime } from '../../machinery/time.ts';
import { SPECIAL } from '../table.ts';
import type { BackwardWriter } from './backward-writer.ts';
import { Reader, WireError } from './wire.ts';

/**
 * `write` is given a canonical value and writes its fields last to first; `read` is given the message's bytes and returns its
 * JSON form; undefined where Go has the zero value.
 */
export interface SpecialMessage {
  read(bytes: Uint8Array): unknown;
  write(writer: BackwardWriter, value: unknown): void;
}

/** The last value of each field; texts are bytes. */
function fieldsOf(bytes: Uint8Array): Map<number, number | Uint8Array> {
  const reader = new Reader(bytes);
  const fields = new Map<number, number | Uint8Array>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (wire === 0) fields.set(field, reader.varint());
    else if (wire === 2) fields.set(field, reader.bytes());
    else reader.skip(wire);
  }
  return fields;
}

function numberOf(value: number | Uint8Array | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function textOf(value: number | Uint8Array | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
}

const QUANTITY: SpecialMessage = {
  read: (bytes) => textOf(fieldsOf(bytes).get(1)),
  write: (writer, value) => writer.text(1, value as string),
};

const INT_OR_STRING: SpecialMessage = {
  read(bytes) {
    const fields = fieldsOf(bytes);
    return fields.get(1) === 1 ? textOf(fields.get(3)) : numberOf(fields.get(2));
  },
  write(writer, value) {
    const isText = typeof value === 'string';
    writer.text(3, isText ? value : '');
    writer.integer(2, isText ? 0 : Number(value));
    writer.integer(1, isText ? 1 : 0);
  },
};

const LAST_SECOND = 253_402_300_799;
const FIRST_SECOND = -62_135_596_800;

function time(format: (seconds: number, nanos: number) => string): SpecialMessage {
  return {
    read(bytes) {
      if (bytes.length === 0) return undefined;
      const fields = fieldsOf(bytes);
      const seconds = numberOf(fields.get(1));
      if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new WireError('time out of range');
      return format(seconds, Math.min(Math.max(numberOf(fields.get(2)), 0), 999_999_999));
    },
    write(writer, value) {
      // No time is an empty message.
      if (value === null) return;
      const text = value as string;
      // A number of milliseconds has no room for the microseconds of later centuries.
      const point = text.indexOf('.');
      const fraction = point < 0 ? '' : text.slice(point + 1, -1);
      writer.integer(2, Number(fraction.padEnd(9, '0')));
      writer.integer(1, parseTime(point < 0 ? text : `${text.slice(0, point)}Z`) / 1000);
    },
  };
}

const TIME = time((seconds) => formatTime(seconds * 1000));
const MICRO_TIME = time((seconds, nanos) => {
  const microseconds = Math.floor(nanos / 1000);
  return formatMicroTime(seconds * 1000 + Math.floor(microseconds / 1000), microseconds % 1000);
});

const DURATION: SpecialMessage = {
  read: (bytes) => formatDuration(numberOf(fieldsOf(bytes).get(1))),
  write: (writer, value) => writer.integer(1, parseDuration(value as string)),
};

/** JSON within protobuf. */
const RAW: SpecialMessage = {
  read(bytes) {
    const text = textOf(fieldsOf(bytes).get(1));
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new WireError(`raw is no JSON: ${(error as Error).message}`, { cause: error });
    }
  },
  write: (writer, value) => writer.text(1, JSON.stringify(value)),
};

export const SPECIAL_MESSAGES: ReadonlyMap<string, SpecialMessage> = new Map([
  [SPECIAL.quantity, QUANTITY],
  [SPECIAL.intOrString, INT_OR_STRING],
  [SPECIAL.time, TIME],
  [SPECIAL.microTime, MICRO_TIME],
  [SPECIAL.duration, DURATION],
  [SPECIAL.fields, RAW],
  [SPECIAL.raw, RAW],
  [SPECIAL.json, RAW],
]);
