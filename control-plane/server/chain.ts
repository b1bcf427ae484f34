/** The chain that every request goes through: one worry a layer, in an order that is written once, here. */
import { internalError, StatusError, timeout } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import { authenticate, type Authenticator } from '../auth/authenticator.ts';
import { attributesOf, furtherAttributes } from '../auth/attributes.ts';
import { authorize, type Authorizer } from '../auth/authorizer.ts';
import type { User } from '../user.ts';
import type { FlowControl } from '../flowcontrol/flow-control.ts';
import type { Demanded } from '../flowcontrol/work.ts';
import { impersonate } from '../auth/impersonation.ts';
import { auditReceived, audited, type AuditOptions } from '../audit/layers.ts';
import { isGone, type Exchange, type Handler, type Layer } from '../http/exchange.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { isLongRunning, isNamedWatch, type RequestInfo } from '../http/request-info.ts';
import { writeError } from '../http/respond.ts';

/** How many requests that end by themselves may be under way, as long as each is of ordinary size. */
export const MAX_SEATS = 600;
export const REQUEST_DEADLINE_MILLISECONDS = 60_000;
/** What is left must suffice to carry out who had to wait. */
export const MAX_WAIT_MILLISECONDS = REQUEST_DEADLINE_MILLISECONDS / 4;

/** What may be asked by anybody. */
const PUBLIC_PATHS = new Set(['livez', 'readyz', 'healthz', 'version']);

export interface ChainOptions {
  readonly authenticators: readonly Authenticator[];
  readonly authorizers: readonly Authorizer[];
  readonly metrics: RequestMetrics;
  readonly flowControl: FlowControl;
  /** How much work a request will be. */
  readonly demandOf: (info: RequestInfo) => Demanded;
  /** For errors to clients that ask for them so; JSON when absent. */
  readonly protobuf?: Protobuf;
  /** Absent: nothing is audited. */
  readonly audit?: AuditOptions;
  readonly clock: Clock;
  readonly log: Log;
}

export function apiChain(options: ChainOptions, handler: Handler): Handler {
  const { audit, clock, protobuf } = options;
  const layers: readonly Layer[] = [
    // First, so that every answer can be found in the log, however it came to be.
    identified(),
    // Outside of what turns errors into answers, so that it counts those answers as well.
    measured(options),
    // Outside of those answers as well: the audit log says how each request ended, the refused ones above all.
    ...(audit ? [audited({ ...audit, clock, protobuf })] : []),
    // Whatever is thrown further in becomes a Status; nothing that one request does ends the process.
    answered(options),
    // Around everything that may wait: authentication and authorization may ask others one day.
    timed(options.clock),
    authenticated(options.authenticators),
    // Who asks in another's name must never be answered in his own, which may have more rights.
    impersonated(options.authorizers),
    // It is known who asks, and nothing has been changed or refused for it yet.
    ...(audit ? [auditReceived()] : []),
    // Whose turn it is depends on who asks; what is beyond anybody's share is put off before it has cost much.
    fair(options),
    authorized(options.authorizers),
    // Limits of a body's size and time are in `readBody`, where a handler that wants one reads it.
  ];
  return layers.reduceRight<Handler>((next, layer) => layer(next), handler);
}

function identified(): Layer {
  return (next) => (exchange) => {
    exchange.response.setHeader('audit-id', exchange.id);
    exchange.response.setHeader('cache-control', 'no-cache, private');
    return next(exchange);
  };
}

function measured({ metrics, clock, log }: ChainOptions): Layer {
  return (next) => async (exchange) => {
    const begun = clock.now();
    const end = metrics.begin(exchange.info);
    try {
      await next(exchange);
    } finally {
      const seconds = (clock.now() - begun) / 1000;
      const code = exchange.response.statusCode;
      end(code, seconds);
      const { method, path } = exchange.info;
      log.debug({ id: exchange.id, method, path, code, seconds, user: exchange.user?.name }, 'answered');
    }
  };
}

function answered({ log, protobuf }: ChainOptions): Layer {
  return (next) => async (exchange) => {
    try {
      await next(exchange);
    } catch (error) {
      // Nobody is there to be told.
      if (exchange.signal.aborted && isGone(exchange.response)) return;
      await writeError(exchange, asStatus(exchange, error, log), protobuf);
    }
  };
}

function asStatus(exchange: Exchange, error: unknown, log: Log): StatusError {
  if (error instanceof StatusError) return error;
  const { method, path } = exchange.info;
  log.error({ err: error, id: exchange.id, method, path }, 'a request failed unexpectedly');
  return internalError(error);
}

function fair({ flowControl, demandOf, metrics }: ChainOptions): Layer {
  const underWay = { reading: 0, changing: 0 };
  return (next) => async (exchange) => {
    const { info, user, response, signal } = exchange;
    const isWatch = info.verb === 'watch' || isNamedWatch(info);
    if (!user || (isLongRunning(info) && !isWatch)) return next(exchange);
    const flow = flowControl.classify(user, info);
    response.setHeader('x-kubernetes-pf-flowschema-uid', flow.schema.uid);
    response.setHeader('x-kubernetes-pf-prioritylevel-uid', flow.schema.level.uid);
    const turn = flowControl.seat(flow, demandOf(info), signal);
    const seat = 'then' in turn ? await turn : turn;
    const sort = info.method === 'GET' || info.method === 'HEAD' ? 'reading' : 'changing';
    metrics.inFlight(sort, ++underWay[sort]);
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      metrics.inFlight(sort, --underWay[sort]);
      seat.finish();
    };
    if (isWatch) exchange.begun = done;
    try {
      await next(exchange);
    } finally {
      done();
    }
  };
}

function timed(clock: Clock): Layer {
  return (next) => async (exchange) => {
    if (isLongRunning(exchange.info)) return next(exchange);
    const late = Promise.withResolvers<never>();
    const timer = clock.after(REQUEST_DEADLINE_MILLISECONDS, () => {
      if (exchange.upgrade?.taken) return;
      const error = timeout(`the request did not complete within ${REQUEST_DEADLINE_MILLISECONDS / 1000} s`);
      late.reject(error);
      exchange.abort(error);
    });
    const work = next(exchange);
    // When time is up first, the answer has been given; how the work ends then is nobody's concern.
    work.catch(() => {});
    try {
      await Promise.race([work, late.promise]);
    } finally {
      timer.cancel();
    }
  };
}

function authenticated(authenticators: readonly Authenticator[]): Layer {
  return (next) => async (exchange) => {
    if (!isPublic(exchange)) exchange.user = await authenticate(authenticators, exchange.request);
    return next(exchange);
  };
}

function impersonated(authorizers: readonly Authorizer[]): Layer {
  return (next) => async (exchange) => {
    const { user, trail } = exchange;
    if (user) {
      exchange.user = impersonate(authorizers, user, exchange);
      if (trail && exchange.user !== user) trail.impersonator = user;
    }
    return next(exchange);
  };
}

function authorized(authorizers: readonly Authorizer[]): Layer {
  return (next) => async (exchange) => {
    if (exchange.user) authorizeAll(authorizers, exchange.user, exchange);
    else if (!isPublic(exchange)) throw new Error('a request reached authorization without a user');
    return next(exchange);
  };
}

function authorizeAll(authorizers: readonly Authorizer[], user: User, { info, trail }: Exchange): void {
  const attributes = attributesOf(info);
  const further = furtherAttributes(attributes);
  try {
    authorize(authorizers, user, attributes);
    if (further) authorize(authorizers, user, further);
  } catch (error) {
    trail?.annotate('authorization.k8s.io/decision', 'forbid');
    throw error;
  }
  trail?.annotate('authorization.k8s.io/decision', 'allow');
}

function isPublic({ info }: Exchange): boolean {
  return (info.method === 'GET' || info.method === 'HEAD') && PUBLIC_PATHS.has(info.segments[0] ?? '');
}
