/** DNS messages (RFC 1035) as bytes: what the hot path needs, and nothing that allocates without need. */

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export const HEADER_BYTES = 12;
/** What every client takes without EDNS (RFC 1035, section 2.3.4). */
export const PLAIN_UDP_BYTES = 512;
/** The largest answer over UDP that is not likely to be fragmented (DNS flag day 2020). */
export const MAX_UDP_BYTES = 1232;
const OPT_BYTES = 11;
const CLASS_IN = 1;
const DOT = 46;
const BACKSLASH = 92;
const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursion: 0x0080,
};

export interface Query {
  id: number;
  recursionDesired: boolean;
  /** Lower case, no dot at the end; dots and unprintable bytes inside a label are escaped, so they match no real name. */
  name: string;
  type: number;
  class: number;
  /** Where the question ends in the message. */
  questionEnd: number;
  /** The size the client takes over UDP; undefined without EDNS. */
  ednsBytes: number | undefined;
}

export type Parsed = { query: Query } | { error: number; id: number } | { ignore: true };

/** A whole answer except for what differs from asker to asker: identifier, spelling of the question, EDNS. */
export interface Reply {
  rcode: number;
  authoritative: boolean;
  /** Everything after the question; pointers in it count from the start of a message with this question. */
  body: Buffer;
  counts: { answers: number; authorities: number; additionals: number };
  /** Where each record of the answer section ends in the body. */
  ends: readonly number[];
  /** Answers of one type and size whose order is changed from one asker to the next. */
  rotates: boolean;
}

/** Reads a request. Answers, and what is too short to be answered, are to be ignored. */
export function parseQuery(message: Buffer): Parsed {
  if (message.length < HEADER_BYTES) return { ignore: true };
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  if (flags & FLAG.response) return { ignore: true };
  if ((flags >> 11) & 0xf) return { error: RCODE.NOTIMP, id };
  if (message.readUInt16BE(4) !== 1) return { error: RCODE.FORMERR, id };
  const end = nameEnd(message, HEADER_BYTES);
  if (end === undefined || end + 4 > message.length) return { error: RCODE.FORMERR, id };
  return {
    query: {
      id,
      recursionDesired: (flags & FLAG.recursionDesired) !== 0,
      name: readName(message, HEADER_BYTES),
      type: message.readUInt16BE(end),
      class: message.readUInt16BE(end + 2),
      questionEnd: end + 4,
      ednsBytes: message.readUInt16BE(10) === 0 ? undefined : ednsBytes(message, end + 4),
    },
  };
}

export function isInternet(query: Query): boolean {
  return query.class === CLASS_IN || query.class === 255;
}

/** Where an uncompressed name ends; undefined when it is none. */
function nameEnd(message: Buffer, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
    if (at - start > 255) return undefined;
    if (length === 0) return at;
  }
}

function readName(message: Buffer, start: number): string {
  const text = Buffer.allocUnsafe(255);
  let length = 0;
  for (let at = start, left = message[at] ?? 0; left > 0; left = message[at] ?? 0) {
    if (length > 0) text[length++] = DOT;
    for (const end = ++at + left; at < end; at++) {
      const byte = message[at] ?? 0;
      if (byte <= 32 || byte >= 127 || byte === DOT || byte === BACKSLASH) return readEscapedName(message, start);
      text[length++] = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    }
  }
  return text.toString('latin1', 0, length);
}

function readEscapedName(message: Buffer, start: number): string {
  const labels: string[] = [];
  for (let at = start, length = message[at] ?? 0; length > 0; at += length + 1, length = message[at] ?? 0)
    labels.push(escapeLabel(message.toString('latin1', at + 1, at + 1 + length)));
  return labels.join('.').toLowerCase();
}

function escapeLabel(label: string): string {
  return label.replaceAll(/[^!-\-/-[\]-~]/g, (byte) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`);
}

/** The payload size of the OPT record, wherever it stands after the question. */
function ednsBytes(message: Buffer, start: number): number | undefined {
  for (const record of records(message, start) ?? [])
    if (record.type === TYPE.OPT) return Math.max(PLAIN_UDP_BYTES, message.readUInt16BE(record.fixed + 2));
  return undefined;
}

export interface RecordPlace {
  start: number;
  /** Where the name has ended: type, class, TTL and length follow. */
  fixed: number;
  type: number;
  end: number;
}

/** The records from `start` to the end as the header counts them; undefined when the message is not well-formed. */
export function records(message: Buffer, start: number): RecordPlace[] | undefined {
  const count = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  const places: RecordPlace[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    const fixed = skipName(message, at);
    if (fixed === undefined || fixed + 10 > message.length) return undefined;
    const end = fixed + 10 + message.readUInt16BE(fixed + 8);
    if (end > message.length) return undefined;
    places.push({ start: at, fixed, type: message.readUInt16BE(fixed), end });
    at = end;
  }
  return places;
}

/** Also over a compressed name, whose target is not looked at. */
function skipName(message: Buffer, start: number): number | undefined {
  for (let at = start; ;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += length + 1;
    if (length === 0) return at;
  }
}

/**
 * The answer to `request`, whose question ends at `query.questionEnd`, of at most `maxBytes`. What does not fit is left
 * out, answers last, and the message says that it is truncated. `turn` chooses the order of rotating answers.
 */
export function assemble(request: Buffer, query: Query, reply: Reply, maxBytes: number, turn: number): Buffer {
  const optBytes = query.ednsBytes === undefined ? 0 : OPT_BYTES;
  const fits = query.questionEnd + reply.body.length + optBytes <= maxBytes;
  const { bodyBytes, answers } = fits
    ? { bodyBytes: reply.body.length, answers: reply.counts.answers }
    : fittingAnswers(reply, maxBytes - query.questionEnd - optBytes);
  const message = Buffer.allocUnsafe(query.questionEnd + bodyBytes + optBytes);
  request.copy(message, 0, 0, query.questionEnd);
  const flags =
    FLAG.response |
    FLAG.recursion |
    (reply.authoritative ? FLAG.authoritative : 0) |
    (fits ? 0 : FLAG.truncated) |
    (query.recursionDesired ? FLAG.recursionDesired : 0) |
    reply.rcode;
  message.writeUInt16BE(flags, 2);
  message.writeUInt16BE(1, 4);
  message.writeUInt16BE(answers, 6);
  message.writeUInt16BE(fits ? reply.counts.authorities : 0, 8);
  message.writeUInt16BE((fits ? reply.counts.additionals : 0) + (optBytes ? 1 : 0), 10);
  copyBody(message, query.questionEnd, reply, bodyBytes, turn);
  if (optBytes) writeOpt(message, message.length - OPT_BYTES);
  return message;
}

/** A bare header for a request that can't be understood. */
export function assembleError(id: number, rcode: number): Buffer {
  const message = Buffer.alloc(HEADER_BYTES);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(FLAG.response | rcode, 2);
  return message;
}

export function emptyReply(rcode: number): Reply {
  return {
    rcode,
    authoritative: false,
    body: Buffer.alloc(0),
    counts: { answers: 0, authorities: 0, additionals: 0 },
    ends: [],
    rotates: false,
  };
}

function fittingAnswers({ ends }: Reply, room: number): { bodyBytes: number; answers: number } {
  const answers = ends.findLastIndex((end) => end <= room) + 1;
  return { bodyBytes: ends[answers - 1] ?? 0, answers };
}

function copyBody(message: Buffer, at: number, { body, ends, rotates }: Reply, bytes: number, turn: number): void {
  const first = ends[0] ?? 0;
  const answerBytes = ends.at(-1) ?? 0;
  if (!rotates || ends.length < 2) {
    body.copy(message, at, 0, bytes);
    return;
  }
  const shift = (turn % ends.length) * first;
  const copied = Math.min(bytes, answerBytes);
  const straight = Math.min(answerBytes - shift, copied);
  body.copy(message, at, shift, shift + straight);
  body.copy(message, at + straight, 0, copied - straight);
  body.copy(message, at + copied, answerBytes, bytes);
}

function writeOpt(message: Buffer, at: number): void {
  message[at] = 0;
  message.writeUInt16BE(TYPE.OPT, at + 1);
  message.writeUInt16BE(MAX_UDP_BYTES, at + 3);
  message.writeUInt32BE(0, at + 5);
  message.writeUInt16BE(0, at + 9);
}
