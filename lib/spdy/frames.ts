/** Frames of SPDY/3.1 as bytes: encoded whole, decoded piece by piece in whatever pieces they arrive. */

export const STATUS = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
} as const;

export const INITIAL_WINDOW_SETTING = 7;

export type Frame =
  | { type: 'synStream'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'synReply'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'headers'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'reset'; streamId: number; status: number }
  | { type: 'settings'; values: Map<number, number> }
  | { type: 'ping'; id: number }
  | { type: 'goAway'; lastStreamId: number; status: number }
  | { type: 'windowUpdate'; streamId: number; delta: number }
  /** A piece of a DATA frame: `fin` only with the last piece of a frame that has it. */
  | { type: 'data'; streamId: number; fin: boolean; data: Buffer };

/** What the peer sends breaks the protocol; the session can't go on. */
export class SpdyProtocolError extends Error {
  override readonly name = 'SpdyProtocolError';
}

const VERSION = 3;
const FRAME_HEADER = 8;
const FIN = 1;
const STREAM_ID = 0x7fffffff;
/** Headers of the streams of exec and port-forward take some hundred bytes. */
export const MAX_CONTROL_FRAME = 64 << 10;

const TYPES = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** How many bytes a control frame of each type has at least. */
const LEAST_LENGTH = new Map<number, number>([
  [TYPES.synStream, 10],
  [TYPES.synReply, 4],
  [TYPES.reset, 8],
  [TYPES.settings, 4],
  [TYPES.ping, 4],
  [TYPES.goAway, 8],
  [TYPES.headers, 4],
  [TYPES.windowUpdate, 8],
]);

export function encodeSynStream(streamId: number, fin: boolean, block: Buffer): Buffer {
  return control(TYPES.synStream, fin ? FIN : 0, Buffer.concat([words(streamId, 0), Buffer.alloc(2), block]));
}

export function encodeSynReply(streamId: number, block: Buffer): Buffer {
  return control(TYPES.synReply, 0, Buffer.concat([words(streamId), block]));
}

export function encodeReset(streamId: number, status: number): Buffer {
  return control(TYPES.reset, 0, words(streamId, status));
}

export function encodeSettings(initialWindow: number): Buffer {
  return control(TYPES.settings, 0, words(1, INITIAL_WINDOW_SETTING, initialWindow));
}

export function encodePing(id: number): Buffer {
  return control(TYPES.ping, 0, words(id));
}

export function encodeGoAway(lastStreamId: number, status: number): Buffer {
  return control(TYPES.goAway, 0, words(lastStreamId, status));
}

export function encodeWindowUpdate(streamId: number, delta: number): Buffer {
  return control(TYPES.windowUpdate, 0, words(streamId, delta));
}

/** The eight bytes before `length` bytes of data. */
export function encodeDataHeader(streamId: number, length: number, fin: boolean): Buffer {
  return words(streamId, ((fin ? FIN : 0) << 24) | length);
}

function control(type: number, flags: number, body: Buffer): Buffer {
  return Buffer.concat([words((0x8000 | VERSION) * 0x10000 + type, flags * 0x1000000 + body.length), body]);
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(value >>> 0, index * 4);
  return buffer;
}

interface Head {
  control: boolean;
  /** The type of a control frame, the stream of a data frame. */
  subject: number;
  flags: number;
  length: number;
}

/** Holds at most one control frame; data passes through as it comes. */
export class FrameDecoder {
  private buffered: Buffer = Buffer.alloc(0);
  private head: Head | undefined;
  /** How much of a DATA frame is still to come. */
  private left = 0;

  /** The frames that `chunk` completes. Throws {@link SpdyProtocolError}. */
  *push(chunk: Buffer): Generator<Frame> {
    this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    for (;;) {
      const frame = this.head ? this.body(this.head) : this.readHead();
      if (frame === 'more') return;
      if (frame !== 'again') yield frame;
    }
  }

  private readHead(): 'more' | 'again' {
    if (this.buffered.length < FRAME_HEADER) return 'more';
    const first = this.buffered.readUInt32BE(0);
    const second = this.buffered.readUInt32BE(4);
    this.buffered = this.buffered.subarray(FRAME_HEADER);
    const isControl = first >>> 31 === 1;
    const head = { control: isControl, subject: first & STREAM_ID, flags: second >>> 24, length: second & 0xffffff };
    if (isControl) {
      const version = (first >>> 16) & 0x7fff;
      if (version !== VERSION) throw new SpdyProtocolError(`SPDY version ${version} is not spoken here`);
      if (head.length > MAX_CONTROL_FRAME) throw new SpdyProtocolError(`a control frame of ${head.length} bytes`);
      head.subject = first & 0xffff;
    }
    this.left = head.length;
    this.head = head;
    return 'again';
  }

  private body(head: Head): Frame | 'more' | 'again' {
    if (!head.control) return this.data(head);
    if (this.buffered.length < head.length) return 'more';
    const body = this.take(head.length);
    this.head = undefined;
    return decodeControl(head, body) ?? 'again';
  }

  private data(head: Head): Frame | 'more' {
    if (this.left > 0 && this.buffered.length === 0) return 'more';
    const data = this.take(Math.min(this.left, this.buffered.length));
    this.left -= data.length;
    if (this.left === 0) this.head = undefined;
    return { type: 'data', streamId: head.subject, data, fin: this.left === 0 && (head.flags & FIN) === FIN };
  }

  private take(length: number): Buffer {
    const taken = this.buffered.subarray(0, length);
    this.buffered = this.buffered.subarray(length);
    return taken;
  }
}

/** undefined for a frame of a type that we don't know, which is to be ignored. */
function decodeControl({ subject, flags }: Head, body: Buffer): Frame | undefined {
  const least = LEAST_LENGTH.get(subject);
  if (least === undefined) return undefined;
  if (body.length < least) throw new SpdyProtocolError(`a frame of type ${subject} with ${body.length} bytes`);
  const first = body.readUInt32BE(0);
  const streamId = first & STREAM_ID;
  const fin = (flags & FIN) === FIN;
  switch (subject) {
    case TYPES.synStream:
      return { type: 'synStream', streamId, fin, block: body.subarray(10) };
    case TYPES.synReply:
      return { type: 'synReply', streamId, fin, block: body.subarray(4) };
    case TYPES.headers:
      return { type: 'headers', streamId, fin, block: body.subarray(4) };
    case TYPES.reset:
      return { type: 'reset', streamId, status: body.readUInt32BE(4) };
    case TYPES.settings:
      return { type: 'settings', values: decodeSettings(first, body.subarray(4)) };
    case TYPES.ping:
      return { type: 'ping', id: first };
    case TYPES.goAway:
      return { type: 'goAway', lastStreamId: streamId, status: body.readUInt32BE(4) };
    default:
      return { type: 'windowUpdate', streamId, delta: body.readUInt32BE(4) & STREAM_ID };
  }
}

function decodeSettings(count: number, body: Buffer): Map<number, number> {
  if (body.length < count * 8) throw new SpdyProtocolError(`settings said to be ${count} in ${body.length} bytes`);
  const values = new Map<number, number>();
  for (let at = 0; at < count * 8; at += 8) values.set(body.readUInt32BE(at) & 0xffffff, body.readUInt32BE(at + 4));
  return values;
}
