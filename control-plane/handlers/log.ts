import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { badRequest, invalid, StatusError, type FieldError } from '../../api/errors.ts';
import { CHANNEL, type StreamWanted } from '../../api/streams.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { isTrue } from '../http/request-info.ts';
import { write } from '../http/respond.ts';
import type { Tunnel } from '../nodes/port.ts';
import { acceptSocket } from './streams/accept-socket.ts';
import { nodeNameOf, podTarget, type PodTarget } from './pod-stream.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';

/** Messages hold base64 instead of bytes. */
const TEXT_PROTOCOL = 'base64.binary.k8s.io';
const LOG_PROTOCOLS = ['binary.k8s.io', TEXT_PROTOCOL];

type LogsWanted = Extract<StreamWanted, { kind: 'logs' }>;

/** GET of a container's log as plain text, or over WebSocket; with `follow` for as long as it grows. */
export async function log(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const target = await podTarget(exchange);
  const wanted = parseLogOptions(exchange.info.query, target);
  if (!target.pod.spec.nodeName) {
    // Not placed yet: nothing was written, and nothing will be said about that.
    sendHead(exchange);
    exchange.response.end();
    return;
  }
  checkStarted(target, wanted);
  const ended = AbortSignal.any([exchange.signal, exchange.stopping]);
  const tunnel = await options.tunnels.open(nodeNameOf(target.pod), wanted, ended);
  try {
    if (exchange.upgrade) await pourIntoSocket(await acceptSocket(exchange.upgrade, LOG_PROTOCOLS), tunnel);
    else await pour(exchange, tunnel);
  } catch (error) {
    // The server stops: what was sent stands, and the client sees an orderly end.
    if (!exchange.stopping.aborted) throw error;
    if (!exchange.upgrade) exchange.response.end();
  } finally {
    tunnel.close();
  }
}

/** The head waits for the first frame, so that an agent's refusal can still be an answer of its own. */
async function pour(exchange: ResourceExchange, tunnel: Tunnel): Promise<void> {
  const { response, signal } = exchange;
  const isFollowing = isTrue(exchange.info.query.get('follow'));
  if (isFollowing) sendHead(exchange);
  for await (const { channel, data } of tunnel.frames) {
    if (channel === CHANNEL.error) throwFailure(data);
    if (channel !== CHANNEL.stdout || data.length === 0) continue;
    if (!response.headersSent) sendHead(exchange);
    if (!write(response, data)) await once(response, 'drain', { signal });
  }
  if (!response.headersSent) sendHead(exchange);
  response.end();
}

/** Each piece is a message of its own; the end of the log ends the connection. */
async function pourIntoSocket(socket: WebSocket, tunnel: Tunnel): Promise<void> {
  // The connection may go at any moment; its close is what ends the work.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => tunnel.close());
  const isText = socket.protocol === TEXT_PROTOCOL;
  try {
    for await (const { channel, data } of tunnel.frames) {
      if (channel === CHANNEL.error) throwFailure(data);
      if (channel !== CHANNEL.stdout || data.length === 0) continue;
      const message = isText ? data.toString('base64') : data;
      await new Promise<void>((resolve) => socket.send(message, () => resolve()));
    }
  } finally {
    socket.close();
  }
}

function sendHead({ response, trail }: ResourceExchange): void {
  trail?.started();
  response.statusCode = 200;
  response.setHeader('content-type', 'text/plain');
  if ('flushHeaders' in response) response.flushHeaders();
}

function throwFailure(data: Buffer): void {
  const status = JSON.parse(data.toString()) as Status;
  if (status.status === 'Success') return;
  const { code = 500, reason = 'InternalError', message = 'the log could not be read', details } = status;
  throw new StatusError({ code, reason, message, ...(details ? { details } : {}) });
}

/** Kubernetes' words for a container that has no log yet, so that clients can wait for it. */
function checkStarted({ pod, container }: PodTarget, { previous }: LogsWanted): void {
  const state = statusOf(pod, container);
  const name = pod.metadata.name ?? '';
  if (previous) {
    if (state?.lastState?.terminated) return;
    throw badRequest(
      `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`,
    );
  }
  const reason = state?.state?.waiting?.reason;
  if (state?.lastState?.terminated || state?.state?.running || state?.state?.terminated) return;
  const why = reason === undefined ? '' : waitingText(reason);
  if (why !== '') throw badRequest(`container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} ${why}`);
}

function waitingText(reason: string): string {
  if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') {
    return `is waiting to start: ${reason === 'ErrImagePull' ? "image can't be pulled" : 'trying and failing to pull image'}`;
  }
  return `is waiting to start: ${reason}`;
}

type ContainerStatuses = NonNullable<NonNullable<Pod['status']>['containerStatuses']>;

function statusOf({ status }: Pod, container: string): ContainerStatuses[number] | undefined {
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  return all.find(({ name }) => name === container);
}

function parseLogOptions(query: URLSearchParams, target: PodTarget): LogsWanted {
  const errors: FieldError[] = [];
  const whole = (field: string, least: number): number | undefined => {
    const text = query.get(field);
    if (text === null) return undefined;
    if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    const value = Number(text);
    const what = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
    if (value < least) errors.push({ type: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${what}` });
    return value;
  };
  const numbers = {
    tailLines: whole('tailLines', 0),
    limitBytes: whole('limitBytes', 1),
    sinceSeconds: whole('sinceSeconds', 1),
  };
  const sinceTime = query.get('sinceTime') ?? undefined;
  errors.push(...checkSince(numbers.sinceSeconds, sinceTime));
  const stream = query.get('stream') ?? 'All';
  errors.push(...checkStream(stream));
  if (errors.length > 0) throw invalid({ group: '', plural: 'podlogoptions', kind: 'PodLogOptions' }, '', errors);
  return {
    kind: 'logs',
    ...target.wanted,
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
    stream: stream as NonNullable<LogsWanted['stream']>,
    ...Object.fromEntries(Object.entries({ ...numbers, sinceTime }).filter(([, value]) => value !== undefined)),
  };
}

function checkSince(seconds: number | undefined, time: string | undefined): FieldError[] {
  if (time !== undefined && Number.isNaN(Date.parse(time))) {
    throw badRequest(`parsing time ${JSON.stringify(time)}: it is not in RFC 3339`);
  }
  if (seconds === undefined || time === undefined) return [];
  const message = 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified';
  return [{ type: 'FieldValueForbidden', field: 'sinceSeconds', message }];
}

function checkStream(stream: string): FieldError[] {
  const known = ['All', 'Stderr', 'Stdout'];
  if (known.includes(stream)) return [];
  const supported = known.map((name) => JSON.stringify(name)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(stream)}: supported values: ${supported}`;
  return [{ type: 'FieldValueNotSupported', field: 'stream', message }];
}
