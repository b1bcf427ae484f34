import type { RawData, WebSocket } from 'ws';
import { badRequest, internalError, StatusError } from '../../api/errors.ts';
import { CHANNEL, type StreamWanted } from '../../api/streams.ts';
import type { Status } from '../../api/schema/types/meta.v1.ts';
import type { Tunnel } from '../nodes/port.ts';
import { isTrue } from '../server/request-info.ts';
import { header } from '../server/exchange.ts';
import { acceptSocket, offeredProtocols } from './accept-socket.ts';
import { nodeNameOf, podTarget, type PodTarget } from './pod-stream.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';

/** The first protocol: what went wrong is told as plain text, and that all went well not at all. */
const PLAIN_ERRORS = 'channel.k8s.io';
/** In the order of preference. v5 is v4 with an end of a single channel. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io', PLAIN_ERRORS];
/**
 * In v5: the first byte of a message with which the client ends the channel that the second byte names. Servers send
 * none: the end of the connection ends what they write.
 */
const CLOSE_CHANNEL = 255;
/** Reading from one side pauses while the other has this much unsent. */
const HIGH_WATER_BYTES = 1024 * 1024;
const PING_MILLISECONDS = 30_000;
/** 1000: an orderly end. */
const NORMAL_CLOSURE = 1000;

/** A command in a container, over WebSocket. */
export function exec(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const command = exchange.info.query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  return stream(exchange, options, 'exec', command);
}

/** A container's own process, over WebSocket. */
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
    // Only now: who falls back to another protocol after a refusal is told the refusal, not that the fallback is not served.
    checkProtocol(exchange);
    const socket = await acceptSocket(exchange.upgrade, PROTOCOLS);
    await new ChannelBridge({ socket, tunnel, options, signal }).run();
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
): StreamWanted {
  const flag = (name: string): boolean => isTrue(info.query.get(name));
  const tty = flag('tty');
  const wanted = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr') && !tty, tty };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
    throw badRequest('you must specify at least one of stdin, stdout, stderr');
  }
  return { kind, ...target.wanted, command, ...wanted };
}

/** Throws BadRequest for what is not WebSocket with a protocol of ours. */
function checkProtocol({ request }: ResourceExchange): void {
  const protocol = header(request, 'upgrade').toLowerCase();
  if (protocol !== 'websocket') {
    throw badRequest(
      `upgrade to ${JSON.stringify(protocol)} is not served; use WebSocket with ${PROTOCOLS.join(' or ')}`,
    );
  }
  const offered = offeredProtocols(request);
  if (!PROTOCOLS.some((name) => offered.includes(name))) {
    throw badRequest(`none of the WebSocket protocols [${offered.join(' ')}] is served; use ${PROTOCOLS.join(' or ')}`);
  }
}

function checkRunning({ pod, container }: PodTarget): void {
  const phase = pod.status?.phase ?? '';
  if (phase !== 'Succeeded' && phase !== 'Failed') return;
  const what = `cannot exec into a container in a completed pod; current phase is ${phase}`;
  throw badRequest(`${what} (container ${container})`);
}

interface BridgeOptions {
  readonly socket: WebSocket;
  readonly tunnel: Tunnel;
  readonly options: HandlerOptions;
  readonly signal: AbortSignal;
}

/** Carries channels between a client's WebSocket and an agent's tunnel; both wait for the slower side. */
class ChannelBridge {
  private readonly given: BridgeOptions;
  private readonly closed = Promise.withResolvers<void>();
  /** One after the other, so that what comes in order goes in order. */
  private upward: Promise<void> = Promise.resolve();
  private unsent = 0;

  constructor(given: BridgeOptions) {
    this.given = given;
  }

  async run(): Promise<void> {
    const { socket, signal } = this.given;
    socket.on('message', (data, isBinary) => this.fromClient(data, isBinary));
    socket.on('close', () => this.closed.resolve());
    socket.on('error', () => this.closed.resolve());
    const onAbort = (): void => socket.terminate();
    signal.addEventListener('abort', onAbort, { once: true });
    const ping = this.keepAlive();
    try {
      await Promise.race([this.toClient(), this.closed.promise]);
    } finally {
      ping.end();
      signal.removeEventListener('abort', onAbort);
      if (socket.readyState === socket.OPEN) socket.close(NORMAL_CLOSURE);
    }
  }

  /** From the agent to the client. Whatever goes wrong here is told on the error channel, the only place left for it. */
  private async toClient(): Promise<void> {
    try {
      for await (const { channel, data } of this.given.tunnel.frames) {
        if (data.length === 0) continue;
        if (channel === CHANNEL.error) await this.writeOutcome(data);
        else await this.write(channel, data);
      }
    } catch (error) {
      const status = error instanceof StatusError ? error : internalError(error);
      await this.writeOutcome(Buffer.from(JSON.stringify(status.toStatus())));
    }
  }

  /** `data` is a Status. */
  private async writeOutcome(data: Buffer): Promise<void> {
    if (this.given.socket.protocol !== PLAIN_ERRORS) {
      await this.write(CHANNEL.error, data);
      return;
    }
    const { status, message = '' } = JSON.parse(data.toString()) as Status;
    if (status !== 'Success') await this.write(CHANNEL.error, Buffer.from(message));
  }

  private write(channel: number, data: Buffer): Promise<void> {
    const { socket } = this.given;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      const sent = (): void => resolve();
      const message = Buffer.concat([Buffer.of(channel), data]);
      if (socket.bufferedAmount < HIGH_WATER_BYTES) {
        // An error of the socket ends the bridge by its close event.
        socket.send(message, () => {});
        resolve();
      } else socket.send(message, sent);
    });
  }

  private fromClient(data: RawData, isBinary: boolean): void {
    const message = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const [channel] = message;
    if (channel === undefined || !isBinary) return;
    const { socket, tunnel } = this.given;
    this.unsent += message.length;
    if (this.unsent > HIGH_WATER_BYTES) socket.pause();
    this.upward = this.upward
      .then(() => this.forward(channel, message.subarray(1)))
      .then(() => {
        this.unsent -= message.length;
        if (socket.isPaused && this.unsent <= HIGH_WATER_BYTES) socket.resume();
      })
      .catch(() => tunnel.close());
  }

  private async forward(channel: number, data: Buffer): Promise<void> {
    const { tunnel } = this.given;
    if (channel === CLOSE_CHANNEL) {
      if (data[0] === CHANNEL.stdin) await tunnel.end(CHANNEL.stdin);
    } else if ((channel === CHANNEL.stdin || channel === CHANNEL.resize) && data.length > 0) {
      await tunnel.send(channel, data);
    }
  }

  /** Something moves now and then, so that nobody on the way takes the connection for dead. */
  private keepAlive(): { end(): void } {
    const { socket, options } = this.given;
    const beat = (): void => {
      if (socket.readyState === socket.OPEN) socket.ping();
      timer = options.clock.after(PING_MILLISECONDS, beat);
    };
    let timer = options.clock.after(PING_MILLISECONDS, beat);
    return { end: () => timer.cancel() };
  }
}
