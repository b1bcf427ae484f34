/** The audit log's two layers of the chain. */
import { parseJson } from '../../api/machinery/body.ts';
import { parseYaml } from '../../api/machinery/yaml.ts';
import { apiVersionOf, kinds, type Kind } from '../../api/kinds.ts';
import type { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Layer } from '../http/exchange.ts';
import { mediaType } from '../http/negotiate.ts';
import type { AuditPolicy } from './policy.ts';
import { AuditTrail, type AuditEvent, type BodyReader } from './trail.ts';

export interface AuditOptions {
  readonly policy: AuditPolicy;
  /** Resolves when the event has been taken. */
  readonly write: (event: AuditEvent) => Promise<void>;
}

export interface AuditLayersOptions extends AuditOptions {
  readonly protobuf: Protobuf | undefined;
  readonly clock: Clock;
}

/** Outermost: follows a request to its answer, errors included, and writes how it ended. */
export function audited({ policy, write, protobuf, clock }: AuditLayersOptions): Layer {
  const readBody = bodyReader(protobuf);
  return (next) => async (exchange) => {
    const trail = new AuditTrail({ exchange, policy, write, readBody, clock });
    exchange.trail = trail;
    try {
      await next(exchange);
    } finally {
      await trail.ended();
    }
  };
}

/** Inside of authentication: only when it is known who asks does the policy know what to write. */
export function auditReceived(): Layer {
  return (next) => async (exchange) => {
    await exchange.trail?.received();
    return next(exchange);
  };
}

/** Bodies are read again only for requests of which the policy wants them. */
function bodyReader(protobuf: Protobuf | undefined): BodyReader {
  const byType = new Map<string, Kind>(
    (Object.values(kinds) as Kind[]).map((kind) => [`${apiVersionOf(kind)} ${kind.kind}`, kind]),
  );
  const read = (bytes: Buffer, contentType: string): unknown => {
    const type = mediaType(contentType);
    if (type === '' || type.endsWith('json')) return parseJson(bytes).value;
    if (type.endsWith('yaml')) return parseYaml(bytes).value;
    if (type !== 'application/vnd.kubernetes.protobuf' || !protobuf) return undefined;
    const envelope = protobuf.open(bytes);
    const kind = byType.get(`${envelope.apiVersion} ${envelope.kind}`);
    return kind && protobuf.decode(kind.schema, envelope);
  };
  return (bytes, contentType) => {
    try {
      return read(bytes, contentType);
    } catch {
      // What could not be read has been answered with why; the event has the code of that answer.
      return undefined;
    }
  };
}
