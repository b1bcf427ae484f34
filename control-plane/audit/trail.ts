/** What is kept of one request for the audit log while it is carried out (audit.k8s.io/v1 Event). */
import type { Status } from '../../api/types/meta.v1.ts';
import { formatMicroTime } from '../../api/machinery/time.ts';
import type { Clock } from '../../lib/clock.ts';
import type { User } from '../user.ts';
import { header, type Exchange, type Trail } from '../http/exchange.ts';
import { isLongRunning } from '../http/request-info.ts';
import type { AuditPolicy, Judgement, Stage } from './policy.ts';
import { verbOf } from './policy.ts';

/** Longer answers are left out; an annotation says so. */
const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_ANNOTATIONS = 100;
const LEFT_OUT = 'audit.dure.internal/response-left-out';

export type AuditEvent = Readonly<Record<string, unknown>>;

/** Reads what was sent as an object; undefined when it is none. */
export type BodyReader = (bytes: Buffer, contentType: string) => unknown;

export interface TrailOptions {
  readonly exchange: Exchange;
  readonly policy: AuditPolicy;
  /** Resolves when the event has been taken. */
  readonly write: (event: AuditEvent) => Promise<void>;
  readonly readBody: BodyReader;
  readonly clock: Clock;
}

export class AuditTrail implements Trail {
  impersonator: User | undefined;
  private failure: Status | undefined;
  private readonly options: TrailOptions;
  private readonly arrival: Date;
  private readonly annotations = new Map<string, string>();
  private judged: Judgement | undefined;
  private sent: { bytes: Buffer; type: string } | undefined;
  private answered: { chunks: Buffer[]; size: number; type: string } | undefined;

  constructor(options: TrailOptions) {
    this.options = options;
    this.arrival = options.clock.date();
  }

  /** What the policy says; asked first once it is known who asks. */
  private get judgement(): Judgement {
    const { exchange, policy } = this.options;
    this.judged ??= policy.judge(this.impersonator ?? exchange.user, exchange.info);
    return this.judged;
  }

  annotate(key: string, value: string): void {
    if (this.annotations.size < MAX_ANNOTATIONS && !this.annotations.has(key)) this.annotations.set(key, value);
  }

  /** The body, as it came. */
  request(bytes: Buffer, type: string): void {
    if (this.judgement.level === 'Request' || this.judgement.level === 'RequestResponse') this.sent = { bytes, type };
  }

  /** A piece of the answer, before it is compressed. */
  response(bytes: Uint8Array, type: string): void {
    if (this.judgement.level !== 'RequestResponse') return;
    this.answered ??= { chunks: [], size: 0, type };
    this.answered.size += bytes.length;
    if (this.answered.size <= MAX_RESPONSE_BYTES) this.answered.chunks.push(Buffer.from(bytes));
    else this.answered.chunks = [];
  }

  /** The answer is this error. */
  fail(status: Status): void {
    this.failure = status;
  }

  received(): Promise<void> {
    return this.write('RequestReceived');
  }

  started(): void {
    // What ends by itself is told of when it has ended.
    if (isLongRunning(this.options.exchange.info)) void this.write('ResponseStarted');
  }

  ended(): Promise<void> {
    return this.write('ResponseComplete');
  }

  private async write(stage: Stage): Promise<void> {
    const { level, omitStages } = this.judgement;
    if (level !== 'None' && !omitStages.has(stage)) await this.options.write(this.event(stage));
  }

  private event(stage: Stage): AuditEvent {
    const { exchange, clock } = this.options;
    const { request, info } = exchange;
    const isOver = stage === 'ResponseComplete' || stage === 'Panic';
    const user = this.impersonator ?? exchange.user;
    return {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: this.judgement.level,
      auditID: exchange.id,
      stage,
      requestURI: request.url ?? '',
      verb: verbOf(info),
      user: user ? userInfo(user) : {},
      ...(this.impersonator && exchange.user ? { impersonatedUser: userInfo(exchange.user) } : {}),
      sourceIPs: sourceIPs(exchange),
      userAgent: header(request, 'user-agent'),
      ...(info.resource ? { objectRef: this.objectReference() } : {}),
      ...(isOver ? { responseStatus: this.responseStatus(), ...this.bodies() } : {}),
      requestReceivedTimestamp: formatMicroTime(this.arrival.getTime()),
      stageTimestamp: formatMicroTime(clock.date().getTime()),
      ...(this.annotations.size > 0 ? { annotations: Object.fromEntries(this.annotations) } : {}),
    };
  }

  private objectReference(): object {
    const { resource } = this.options.exchange.info;
    if (!resource) return {};
    const { resource: plural, namespace, name, group, version, subresource } = resource;
    const parts = { resource: plural, namespace, name, apiGroup: group, apiVersion: version, subresource };
    return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ''));
  }

  private responseStatus(): object {
    const { response } = this.options.exchange;
    if (!this.failure) return { metadata: {}, code: response.statusCode };
    const { status, message, reason, details } = this.failure;
    return { metadata: {}, status, message, reason, ...(details ? { details } : {}), code: response.statusCode };
  }

  private bodies(): object {
    const requestObject = this.sent && this.read(this.sent.bytes, this.sent.type);
    const responseObject = this.answer();
    return {
      ...(requestObject === undefined ? {} : { requestObject }),
      ...(responseObject === undefined ? {} : { responseObject }),
    };
  }

  private answer(): unknown {
    if (!this.answered) return undefined;
    const { chunks, size, type } = this.answered;
    if (size <= MAX_RESPONSE_BYTES) return this.read(Buffer.concat(chunks), type);
    this.annotate(LEFT_OUT, `${size} bytes`);
    return undefined;
  }

  private read(bytes: Buffer, type: string): unknown {
    const value = this.options.readBody(bytes, type);
    return this.judgement.omitManagedFields ? withoutManagedFields(value) : value;
  }
}

function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

/** Those that proxies on the way name, and the one that the connection came from last. */
function sourceIPs({ request }: Exchange): string[] {
  const named = header(request, 'x-forwarded-for')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  const own = request.socket?.remoteAddress;
  return own === undefined || named.at(-1) === own ? named : [...named, own];
}

function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const object = value as { metadata?: { managedFields?: unknown }; items?: unknown };
  const { items } = object;
  const { managedFields: _left, ...metadata } = object.metadata ?? {};
  return {
    ...object,
    ...(object.metadata ? { metadata } : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
  };
}
