/** Answers of others, kept for as long as they say and no longer. */
import type { Clock } from '../../lib/clock.ts';
import { HEADER_BYTES, RCODE, records, type Reply, TYPE } from './wire.ts';

/** In seconds. */
const LONGEST = 3600;
const LONGEST_NEGATIVE = 300;

/** A message of another server as the body of our answer, with the places of its TTLs. */
export interface ForeignReply {
  reply: Reply;
  /** Offsets in the body. */
  ttls: readonly number[];
  /** Seconds for which it may be kept; 0 when it must not. */
  lifetime: number;
}

/**
 * Reads a response whose question takes `questionBytes`. EDNS is hop by hop: its record is cut off. undefined when the
 * message is not well-formed.
 */
export function readForeign(message: Buffer, questionBytes: number): ForeignReply | undefined {
  const start = HEADER_BYTES + questionBytes;
  const places = records(message, start);
  if (!places) return undefined;
  const opt = places.findIndex(({ type }) => type === TYPE.OPT);
  const kept = opt < 0 ? places : places.slice(0, opt);
  const answers = Math.min(message.readUInt16BE(6), kept.length);
  const authorities = Math.min(message.readUInt16BE(8), kept.length - answers);
  const end = kept.at(-1)?.end ?? start;
  const rcode = message.readUInt16BE(2) & 0xf;
  const reply: Reply = {
    rcode,
    authoritative: false,
    body: Buffer.from(message.subarray(start, end)),
    counts: { answers, authorities, additionals: kept.length - answers - authorities },
    ends: kept.slice(0, answers).map((place) => place.end - start),
    rotates: false,
  };
  const ttls = kept.map(({ fixed }) => fixed + 4 - start);
  return { reply, ttls, lifetime: lifetimeOf(message, kept, answers, rcode) };
}

type Places = NonNullable<ReturnType<typeof records>>;

/** The shortest TTL; for a "no" what the SOA record says (RFC 2308). */
function lifetimeOf(message: Buffer, places: Places, answers: number, rcode: number): number {
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0;
  const shortest = Math.min(LONGEST, ...places.map(({ fixed }) => message.readUInt32BE(fixed + 4)));
  if (answers > 0 && rcode === RCODE.NOERROR) return shortest;
  const soa = places.find(({ type, end, fixed }) => type === TYPE.SOA && end - fixed >= 10 + 22);
  if (!soa) return 0;
  return Math.min(shortest, LONGEST_NEGATIVE, message.readUInt32BE(soa.end - 4));
}

interface Entry extends ForeignReply {
  storedAt: number;
}

export class ForwardCache {
  private readonly entries = new Map<string, Entry>();
  private readonly clock: Clock;
  private readonly limit: number;

  constructor(options: { clock: Clock; limit: number }) {
    this.clock = options.clock;
    this.limit = options.limit;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The answer with its TTLs as they are by now. */
  get(key: string): Reply | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    const age = Math.floor((this.clock.now() - entry.storedAt) / 1000);
    if (age >= entry.lifetime) {
      this.entries.delete(key);
      return undefined;
    }
    return age === 0 ? entry.reply : aged(entry, age);
  }

  set(key: string, foreign: ForeignReply): void {
    if (foreign.lifetime <= 0) return;
    this.entries.delete(key);
    if (this.entries.size >= this.limit) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.entries.delete(oldest);
    }
    this.entries.set(key, { ...foreign, storedAt: this.clock.now() });
  }
}

function aged({ reply, ttls }: Entry, seconds: number): Reply {
  const body = Buffer.from(reply.body);
  for (const offset of ttls) body.writeUInt32BE(Math.max(0, body.readUInt32BE(offset) - seconds), offset);
  return { ...reply, body };
}
