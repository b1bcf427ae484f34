/** From a question to its answer: the cluster's zone, the pod's search list, or the node's name servers. */
import packet, { type Answer, type DecodedPacket, type Packet } from 'dns-packet';
import type { Pod } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ClusterZone } from './cluster-zone.ts';
import { encodeName, encodeReply, type ZoneAnswer } from './encode.ts';
import { type ForeignReply, ForwardCache, readForeign } from './forward-cache.ts';
import type { Upstream } from './upstream.ts';
import { emptyReply, HEADER_BYTES, RCODE, type Reply, TYPE } from './wire.ts';

const ZONE_CACHE_LIMIT = 20_000;
const FORWARD_CACHE_LIMIT = 10_000;
const MAX_FORWARDS = 1000;
const MAX_ALIASES = 8;

export interface Question {
  name: string;
  type: number;
  /** The pod that asks, when it is one of this node's and uses the cluster's DNS. */
  pod: Pod | undefined;
}

export interface ResolverOptions {
  zone: ClusterZone;
  upstream: Upstream;
  /** The search list of the node itself, which pods inherit. */
  nodeSearches: readonly string[];
  clock: Clock;
  log: Log;
  /** Whether the zone is known yet; nothing is denied before. */
  isReady: () => boolean;
}

export class Resolver {
  readonly counts = { zoneHits: 0, zoneMisses: 0, forwardHits: 0, forwardMisses: 0, failures: 0 };
  private readonly options: ResolverOptions;
  private readonly zoneCache = new Map<string, Reply>();
  /** What is cached, by the service that it was drawn from; '' for what any service may change. */
  private readonly zoneKeys = new Map<string, Set<string>>();
  private readonly forwards: ForwardCache;
  private readonly underWay = new Map<string, Promise<Reply>>();

  constructor(options: ResolverOptions) {
    this.options = options;
    this.forwards = new ForwardCache({ clock: options.clock, limit: FORWARD_CACHE_LIMIT });
  }

  /** Never rejects: what can't be found out is SERVFAIL. */
  resolve(question: Question): Reply | Promise<Reply> {
    const { zone, isReady } = this.options;
    const ready = this.zoneCache.get(`${question.type}|${question.name}`);
    if (!ready && !zone.owns(question.name)) return this.forward(question.name, question.type);
    if (!isReady()) return emptyReply(RCODE.SERVFAIL);
    const reply = this.fromZone(question.name, question.type);
    if ('alias' in reply)
      return this.joint(`alias|${question.type}|${question.name}`, () => this.chase(question, reply.alias));
    const bare = reply.rcode === RCODE.NXDOMAIN ? this.bareName(question) : undefined;
    return bare === undefined ? reply : this.search(question, bare, reply);
  }

  /** Forgets what was answered from a service that changed. */
  invalidate(service: string): void {
    for (const group of [service, '']) {
      for (const key of this.zoneKeys.get(group) ?? []) this.zoneCache.delete(key);
      this.zoneKeys.delete(group);
    }
  }

  private fromZone(name: string, type: number): Reply | { alias: ZoneAnswer; rcode: number } {
    const key = `${type}|${name}`;
    const cached = this.zoneCache.get(key);
    if (cached) {
      this.counts.zoneHits++;
      return cached;
    }
    this.counts.zoneMisses++;
    const answer = this.options.zone.answer(name, type);
    if (answer.answers.some((record) => record.type === 'CNAME') && type !== TYPE.CNAME && type !== TYPE.ANY)
      return { alias: answer, rcode: answer.rcode };
    const reply = encodeReply(name, answer);
    if (this.zoneCache.size >= ZONE_CACHE_LIMIT) {
      this.zoneCache.clear();
      this.zoneKeys.clear();
    }
    this.zoneCache.set(key, reply);
    const group = this.options.zone.serviceOf(name) ?? '';
    const keys = this.zoneKeys.get(group) ?? new Set();
    this.zoneKeys.set(group, keys.add(key));
    return reply;
  }

  /** What the pod's resolver was given before it put the first name of the search list behind it. */
  private bareName({ name, type, pod }: Question): string | undefined {
    if (!pod || (type !== TYPE.A && type !== TYPE.AAAA)) return undefined;
    const suffix = `.${pod.metadata.namespace}.svc.${this.options.zone.domain}`;
    return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
  }

  /** Goes on through the search list on the pod's behalf; the first name that exists is the answer. */
  private search(question: Question, bare: string, denial: Reply): Reply | Promise<Reply> {
    const { zone, nodeSearches } = this.options;
    for (const suffix of [`svc.${zone.domain}`, zone.domain]) {
      const found = this.fromZone(`${bare}.${suffix}`, question.type);
      if (found.rcode === RCODE.NOERROR) return this.aliasTo(question, `${bare}.${suffix}`);
    }
    const own = question.pod?.spec?.dnsConfig?.searches ?? [];
    const searches = [...nodeSearches, ...own.map((each) => each.toLowerCase().replace(/\.$/, ''))];
    const names = [...searches.map((suffix) => `${bare}.${suffix}`), bare].filter((name) => isSendable(name));
    const key = `search|${question.type}|${question.name}|${searches.join('|')}`;
    return this.joint(key, async () => {
      for (const name of names) {
        const found = zone.owns(name) ? this.fromZone(name, question.type) : await this.forward(name, question.type);
        if (found.rcode === RCODE.NXDOMAIN) continue;
        return found.rcode === RCODE.NOERROR ? await this.aliasTo(question, name) : emptyReply(found.rcode);
      }
      return denial;
    });
  }

  /** The answer about another name as one about the name that was asked for. */
  private aliasTo(question: Question, name: string): Promise<Reply> {
    const answer: ZoneAnswer = {
      rcode: RCODE.NOERROR,
      answers: [{ name: question.name, ttl: 5, type: 'CNAME', target: name }],
      authorities: [],
      additionals: [],
    };
    return this.chase(question, answer);
  }

  /** Follows an alias through the zone and beyond, since stub resolvers don't. */
  private async chase(question: Question, first: ZoneAnswer): Promise<Reply> {
    const { zone } = this.options;
    const records = [...first.answers];
    for (let hops = 0; hops < MAX_ALIASES; hops++) {
      const last = records.at(-1);
      if (last?.type !== 'CNAME') break;
      if (!zone.owns(last.target)) return this.append(question, { ...first, answers: records }, last.target);
      const next = zone.answer(last.target, question.type);
      if (next.answers.length === 0) {
        const { rcode, authorities } = next;
        return encodeReply(question.name, { rcode, answers: records, authorities, additionals: [] });
      }
      records.push(...next.answers);
    }
    return encodeReply(question.name, { ...first, answers: records });
  }

  private async append({ name, type }: Question, aliases: ZoneAnswer, target: string): Promise<Reply> {
    const foreign = await this.forward(target, type);
    if (foreign.rcode !== RCODE.NOERROR && foreign.rcode !== RCODE.NXDOMAIN) return emptyReply(foreign.rcode);
    const own = encodeReply(name, aliases);
    const rest = decode(target, type, foreign);
    const before = decode(name, type, own).answers ?? [];
    const message = packet.encode({
      type: 'response',
      flags: foreign.rcode,
      questions: [{ name, type: typeName(type) }],
      answers: [...before, ...(rest.answers ?? [])],
      authorities: rest.authorities ?? [],
    } as Packet);
    return readForeign(message, questionOf(name, type).length)?.reply ?? emptyReply(RCODE.SERVFAIL);
  }

  private forward(name: string, type: number): Reply | Promise<Reply> {
    const key = `${type}|${name}`;
    const cached = this.forwards.get(key);
    if (cached) {
      this.counts.forwardHits++;
      return cached;
    }
    this.counts.forwardMisses++;
    if (!isSendable(name)) return emptyReply(RCODE.NXDOMAIN);
    return this.joint(key, async () => {
      const foreign = await this.ask(name, type);
      this.forwards.set(key, foreign);
      return foreign.reply;
    });
  }

  private async ask(name: string, type: number): Promise<ForeignReply> {
    const question = questionOf(name, type);
    const foreign = readForeign(await this.options.upstream.ask(question), question.length);
    if (!foreign) throw new Error(`the answer about ${name} is malformed`);
    return foreign;
  }

  /** Shares what is under way for the same question; bounded, and a failure becomes SERVFAIL. */
  private joint(key: string, find: () => Promise<Reply>): Reply | Promise<Reply> {
    const underWay = this.underWay.get(key);
    if (underWay) return underWay;
    if (this.underWay.size >= MAX_FORWARDS) return emptyReply(RCODE.SERVFAIL);
    const found = find()
      .catch((err: unknown) => {
        this.counts.failures++;
        this.options.log.debug({ err, key }, 'a name could not be resolved');
        return emptyReply(RCODE.SERVFAIL);
      })
      .finally(() => this.underWay.delete(key));
    this.underWay.set(key, found);
    return found;
  }
}

/** Escaped names and those that got too long are not for others. */
function isSendable(name: string): boolean {
  return name.length <= 253 && !name.includes('\\') && name.split('.').every((label) => label.length <= 63);
}

function questionOf(name: string, type: number): Buffer {
  const end = Buffer.allocUnsafe(4);
  end.writeUInt16BE(type, 0);
  end.writeUInt16BE(1, 2);
  return Buffer.concat([encodeName(name, ''), end]);
}

function decode(name: string, type: number, { body, counts }: Reply): DecodedPacket {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(0x8000, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(counts.answers, 6);
  header.writeUInt16BE(counts.authorities, 8);
  header.writeUInt16BE(counts.additionals, 10);
  return packet.decode(Buffer.concat([header, questionOf(name, type), body]));
}

function typeName(type: number): Answer['type'] {
  return (Object.entries(TYPE).find(([, number]) => number === type)?.[0] ?? `UNKNOWN_${type}`) as Answer['type'];
}
