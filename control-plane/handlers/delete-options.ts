/** How an object is to be deleted: from the body if there is one, otherwise from the query. */
import { badRequest, type FieldError } from '../../api/errors.ts';
import type { DeleteOptions as WireOptions } from '../../api/types/meta.v1.ts';
import type { DeleteOptions } from '../registry/port.ts';
import { readBody } from '../http/body.ts';
import { askedBy } from './asked.ts';
import { parseBody } from './decode-body.ts';
import type { Asked, HandlerOptions, ResourceExchange } from './port.ts';
import { checkDryRun, notSupported, optionsInvalid } from './write-options.ts';

const TYPE = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const POLICIES = ['Orphan', 'Background', 'Foreground'];

/** Throws BadRequest or Invalid. */
export async function readDeleteOptions(
  exchange: ResourceExchange,
  options: HandlerOptions,
): Promise<DeleteOptions & Asked> {
  const body = await readBody(exchange, options.clock);
  const wire = body.length > 0 ? fromBody(exchange, options, body) : fromQuery(exchange.info.query);
  return { ...checked(wire), ...askedBy(exchange) };
}

/** Throws Invalid. */
export function checked(wire: Partial<WireOptions>): DeleteOptions {
  const errors = check(wire);
  if (errors.length > 0) throw optionsInvalid('DeleteOptions', errors);
  const policy = wire.propagationPolicy ?? orphanPolicy(wire.orphanDependents);
  const { uid, resourceVersion } = wire.preconditions ?? {};
  return {
    ...(wire.dryRun?.includes('All') ? { dryRun: true } : {}),
    ...(wire.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: wire.gracePeriodSeconds }),
    ...(policy === undefined ? {} : { propagationPolicy: policy as NonNullable<DeleteOptions['propagationPolicy']> }),
    ...(wire.preconditions
      ? { preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) } }
      : {}),
  };
}

function fromBody(exchange: ResourceExchange, options: HandlerOptions, body: Buffer): Partial<WireOptions> {
  const { value } = parseBody(exchange, options, body, TYPE);
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest('decoded object cannot be converted to DeleteOptions');
  }
  return options.codec.decode<WireOptions>(TYPE, value, 'Ignore').object;
}

function fromQuery(query: URLSearchParams): Partial<WireOptions> {
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null && !/^-?\d+$/.test(grace)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  }
  if (grace !== null && !Number.isSafeInteger(Number(grace))) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: value out of range`);
  }
  const policy = query.get('propagationPolicy');
  const orphan = query.get('orphanDependents');
  return {
    dryRun: query.getAll('dryRun'),
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: orphan === 'true' || orphan === '1' }),
  };
}

function orphanPolicy(orphan: boolean | undefined): string | undefined {
  return orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background';
}

function check(wire: Partial<WireOptions>): FieldError[] {
  const errors = checkDryRun(wire.dryRun ?? []);
  const { propagationPolicy: policy, orphanDependents: orphan } = wire;
  if (policy !== undefined && orphan !== undefined) {
    const message = 'Invalid value: orphanDependents and deletionPropagation cannot be both set';
    errors.push({ type: 'FieldValueInvalid', field: 'propagationPolicy', message });
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.push(notSupported('propagationPolicy', policy, POLICIES.toSorted()));
  }
  return errors;
}
