import { badRequest } from '../../api/errors.ts';
import type { StreamWanted } from '../../api/streams.ts';
import { isTrue } from '../http/request-info.ts';
import { header } from '../http/exchange.ts';
import { nodeNameOf, podTarget, type PodTarget } from './pod-stream.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { acceptSocket, offeredProtocols } from './streams/accept-socket.ts';
import { bridge } from './streams/bridge.ts';
import type { StreamClient } from './streams/client.ts';
import { acceptCommand, isSpdy } from './streams/spdy.ts';
import { CHANNEL_PROTOCOLS, WebSocketClient } from './streams/websocket.ts';

type CommandWanted = Extract<StreamWanted, { kind: 'exec' | 'attach' }>;

/** A command in a container, over WebSocket or SPDY. */
export function exec(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const command = exchange.info.query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  return stream(exchange, options, 'exec', command);
}

/** A container's own process, likewise. */
export function attach(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  return stream(exchange, options, 'attach', []);
}

async function stream(
  exchange: ResourceExchange,
  options: HandlerOptions,
  kind: 'exec' | 'attach',
  command: string[],
): Promise<void> {
  const target = await podTarget(exchange);
  const wanted = wantedOf(exchange, target, kind, command);
  const nodeName = nodeNameOf(target.pod);
  if (!exchange.upgrade) throw badRequest('Upgrade request required');
  checkRunning(target);
  const ended = new AbortController();
  const signal = AbortSignal.any([exchange.signal, exchange.stopping, ended.signal]);
  const tunnel = await options.tunnels.open(nodeName, wanted, signal);
  try {
    // Only now: until the connection is taken over, a refusal can be told as a Status.
    exchange.trail?.started();
    await bridge(await accept(exchange, wanted, options), tunnel, signal);
  } finally {
    ended.abort(new Error('the stream has ended'));
    tunnel.close();
  }
}

function wantedOf(
  { info }: ResourceExchange,
  target: PodTarget,
  kind: 'exec' | 'attach',
  command: string[],
): CommandWanted {
  const flag = (name: string): boolean => isTrue(info.query.get(name));
  const tty = flag('tty');
  const wanted = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr') && !tty, tty };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
    throw badRequest('you must specify at least one of stdin, stdout, stderr');
  }
  return { kind, ...target.wanted, command, ...wanted };
}

/** Throws BadRequest for what is neither WebSocket nor SPDY, or WebSocket without a protocol of ours. */
async function accept(
  exchange: ResourceExchange,
  wanted: CommandWanted,
  { clock }: HandlerOptions,
): Promise<StreamClient> {
  if (isSpdy(exchange)) return acceptCommand(exchange, wanted, clock);
  const { request, upgrade } = exchange;
  const protocol = header(request, 'upgrade').toLowerCase();
  if (protocol !== 'websocket' || !upgrade) {
    throw badRequest(`upgrade to ${JSON.stringify(protocol)} is not served; use WebSocket or SPDY/3.1`);
  }
  const offered = offeredProtocols(request);
  if (!CHANNEL_PROTOCOLS.some((name) => offered.includes(name))) {
    const served = CHANNEL_PROTOCOLS.join(', ');
    throw badRequest(`none of the WebSocket protocols [${offered.join(' ')}] is served; use one of ${served}`);
  }
  return new WebSocketClient({ socket: await acceptSocket(upgrade, CHANNEL_PROTOCOLS), clock });
}

function checkRunning({ pod, container }: PodTarget): void {
  const phase = pod.status?.phase ?? '';
  if (phase !== 'Succeeded' && phase !== 'Failed') return;
  const what = `cannot exec into a container in a completed pod; current phase is ${phase}`;
  throw badRequest(`${what} (container ${container})`);
}
