/**
 * One SPDY/3.1 session over a byte stream, as client or as server: what Kubernetes speaks for exec, attach and
 * port-forward. Not HTTP: streams carry their own few headers and then bytes.
 *
 * Peers of Kubernetes neither obey flow-control windows nor open them. So a window counts only once the peer has shown
 * that it knows them, by a setting or by a window update; before that the connection's own backpressure is all there is.
 * It is given none of ours before that either: a server that has said everything closes the connection, a write after that
 * fails, and Node destroys an ordinary socket for it together with all that has not been read yet.
 */
import type { Duplex } from 'node:stream';
import type { Frame } from './frames.ts';
import {
  FrameDecoder,
  INITIAL_WINDOW_SETTING,
  SpdyProtocolError,
  STATUS,
  encodeDataHeader,
  encodeGoAway,
  encodePing,
  encodeReset,
  encodeSynReply,
  encodeSynStream,
  encodeWindowUpdate,
} from './frames.ts';
import type { Headers } from './headers.ts';
import { HeaderReader, HeaderWriter } from './headers.ts';
import type { StreamSession } from './stream.ts';
import { DEFAULT_WINDOW, SpdyStream } from './stream.ts';

const MAX_STREAM_ID = 0x7fffffff;
/** A port-forward takes two streams for each connection. */
const DEFAULT_MAX_STREAMS = 1000;

export interface SpdySessionOptions {
  /** Already upgraded; the session owns it from now on. */
  connection: Duplex;
  role: 'client' | 'server';
  /** What came behind the upgrade in the same packet. */
  head?: Buffer;
  /** Each stream that the peer opens; it has been accepted already, since data before that would be lost. */
  onStream?: (stream: SpdyStream) => void;
  /** Tell the peer from the start how much was read: for one that obeys windows but says so only by waiting. */
  grantWindows?: boolean;
  /** Streams that may be open at once; more are refused. */
  maxStreams?: number;
}

export class SpdySession {
  /** Resolves when the connection has ended, with an error when it did not end well. */
  readonly closed: Promise<Error | undefined>;
  private readonly options: SpdySessionOptions;
  private readonly connection: Duplex;
  private readonly decoder = new FrameDecoder();
  private readonly reader = new HeaderReader();
  private readonly writer = new HeaderWriter();
  private readonly streams = new Map<number, SpdyStream>();
  private readonly streamSession: StreamSession;
  /** What the peer grants each new stream, in case it does flow control. */
  private peerWindow = DEFAULT_WINDOW;
  private peerControlsFlow = false;
  private nextStreamId: number;
  private lastPeerStreamId = 0;
  private goingAway = false;
  private closing = false;
  private failure: Error | undefined;

  constructor(options: SpdySessionOptions) {
    this.options = options;
    this.connection = options.connection;
    this.nextStreamId = options.role === 'client' ? 1 : 2;
    this.streamSession = {
      sendData: (id, data, fin) => this.sendData(id, data, fin),
      sendReset: (id, status) => this.send(encodeReset(id, status)),
      sendWindowUpdate: (id, delta) => {
        const isOfUse = this.peerControlsFlow || options.grantWindows === true;
        if (isOfUse) this.send(encodeWindowUpdate(id, delta));
        return isOfUse;
      },
      forget: (id) => void this.streams.delete(id),
    };
    this.connection.on('error', (error) => (this.failure ??= error));
    this.closed = this.run();
  }

  /** Opens a stream. Throws when the session has ended or is ending. */
  open(headers: Headers): SpdyStream {
    if (this.goingAway || this.connection.destroyed) throw new Error('the SPDY session is closed');
    if (this.nextStreamId > MAX_STREAM_ID) throw new Error('the SPDY session has used up its stream ids');
    const id = this.nextStreamId;
    this.nextStreamId += 2;
    const stream = this.addStream(id, headers);
    this.send(encodeSynStream(id, false, this.writer.write(headers)));
    return stream;
  }

  /** Lets open streams finish but opens no more. */
  goAway(): void {
    this.goingAway = true;
    this.send(encodeGoAway(this.lastPeerStreamId, 0));
  }

  /** Ends everything at once; what was written before is still sent. */
  close(): void {
    this.goingAway = true;
    this.closing = true;
    this.connection.end(() => this.connection.destroy());
  }

  private async run(): Promise<Error | undefined> {
    try {
      await this.receive(this.options.head ?? Buffer.alloc(0));
      // The connection must stay open for the words that say what was wrong.
      const chunks = this.connection.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) await this.receive(chunk as Buffer);
    } catch (error) {
      // Reading ends early because we ended it: nothing failed.
      if (!this.closing) this.failure ??= error as Error;
      if (error instanceof SpdyProtocolError) this.send(encodeGoAway(this.lastPeerStreamId, STATUS.protocolError));
    }
    this.end();
    return this.failure;
  }

  private end(): void {
    this.goingAway = true;
    const error = this.failure ?? new Error('the SPDY session ended');
    for (const stream of this.streams.values()) stream.lose(error);
    this.reader.close();
    this.connection.end(() => this.connection.destroy());
  }

  private async receive(chunk: Buffer): Promise<void> {
    for (const frame of this.decoder.push(chunk)) await this.handle(frame);
  }

  private async handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'synStream':
        return this.accept(frame.streamId, frame.fin, await this.reader.read(frame.block));
      case 'synReply':
      case 'headers':
        // Their content is of no use to us, but the compression goes on from block to block.
        await this.reader.read(frame.block);
        if (frame.fin) this.streams.get(frame.streamId)?.receiveEnd();
        return;
      case 'data':
        return this.data(frame.streamId, frame.data, frame.fin);
      case 'reset':
        this.streams.get(frame.streamId)?.lose(new Error(`the peer reset the stream with status ${frame.status}`));
        return;
      case 'ping':
        return this.ping(frame.id);
      case 'goAway':
        this.goingAway = true;
        return;
      case 'settings':
        return this.setWindow(frame.values.get(INITIAL_WINDOW_SETTING));
      case 'windowUpdate':
        return this.enlargeWindow(frame.streamId, frame.delta);
    }
  }

  private accept(id: number, fin: boolean, headers: Headers): void {
    const isPeers = id % 2 === (this.options.role === 'server' ? 1 : 0);
    if (!isPeers || id <= this.lastPeerStreamId) throw new SpdyProtocolError(`the peer may not open stream ${id}`);
    this.lastPeerStreamId = id;
    const full = this.streams.size >= (this.options.maxStreams ?? DEFAULT_MAX_STREAMS);
    if (full || this.goingAway || !this.options.onStream) {
      this.send(encodeReset(id, STATUS.refusedStream));
      return;
    }
    this.send(encodeSynReply(id, this.writer.write({})));
    const stream = this.addStream(id, headers);
    if (fin) stream.receiveEnd();
    this.options.onStream(stream);
  }

  private async data(id: number, data: Buffer, fin: boolean): Promise<void> {
    const stream = this.streams.get(id);
    // A stream that we ended may still be sent to by a peer that has not heard of it yet.
    if (stream) await stream.receive(data, fin);
  }

  /** An answer to one of ours would have our parity; it is not to be answered again. */
  private ping(id: number): void {
    const isOurs = id % 2 === (this.options.role === 'client' ? 1 : 0);
    if (!isOurs) this.send(encodePing(id));
  }

  private setWindow(size: number | undefined): void {
    if (size === undefined) return;
    const change = size - this.peerWindow;
    this.peerWindow = size;
    this.peerControlsFlow = true;
    for (const stream of this.streams.values()) stream.grant(change);
  }

  private enlargeWindow(id: number, delta: number): void {
    if (!this.peerControlsFlow) this.setWindow(this.peerWindow);
    this.streams.get(id)?.grant(delta);
  }

  private addStream(id: number, headers: Headers): SpdyStream {
    const limits = { window: this.peerWindow, limited: this.peerControlsFlow };
    const stream = new SpdyStream({ id, headers, session: this.streamSession, ...limits });
    this.streams.set(id, stream);
    return stream;
  }

  private send(frame: Buffer): void {
    if (this.connection.writable) this.connection.write(frame);
  }

  private sendData(id: number, data: Buffer, fin: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (!this.connection.writable) return resolve();
      this.connection.cork();
      this.connection.write(encodeDataHeader(id, data.length, fin));
      this.connection.write(data, () => resolve());
      this.connection.uncork();
    });
  }
}
