import assert from 'node:assert/strict';
import grpc, { type ServerDuplexStream } from '@grpc/grpc-js';
import { StatusError, serviceUnavailable } from '../../../api/errors.ts';
import type { StreamWanted } from '../../../api/streams.ts';
import { Forwarding } from '../../../control-plane/nodes/forwarding.ts';
import type { NodeTunnels, Tunnel, TunnelFrame } from '../../../control-plane/nodes/port.ts';
import { type KeyPair, createAuthority, issue } from '../../../lib/certificates.ts';
import { systemClock } from '../../../lib/clock.ts';
import { type Frame, agentsService } from '../../../lib/link/proto.ts';
import { silentLog } from '../../../lib/log.ts';

const DAY = 24 * 60 * 60 * 1000;
const VALID = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
const WANTED: StreamWanted = { kind: 'usage' };

/** A node that sends back on channel 1 what it gets on channel 0, until that ends. */
class EchoTunnel implements Tunnel {
  readonly closed = Promise.withResolvers<void>();
  readonly frames: AsyncIterable<TunnelFrame>;
  private readonly waiting: TunnelFrame[] = [];
  private wake = Promise.withResolvers<void>();
  private failure: Error | undefined;

  constructor() {
    this.frames = this.take();
  }

  send(_channel: number, data: Buffer): Promise<void> {
    this.push({ channel: 1, data, end: false });
    return Promise.resolve();
  }

  end(): Promise<void> {
    this.push({ channel: 1, data: Buffer.alloc(0), end: true });
    return Promise.resolve();
  }

  close(): void {
    this.closed.resolve();
    this.break(new Error('closed'));
  }

  break(failure: Error): void {
    this.failure ??= failure;
    this.wake.resolve();
  }

  private push(frame: TunnelFrame): void {
    this.waiting.push(frame);
    this.wake.resolve();
  }

  private async *take(): AsyncIterable<TunnelFrame> {
    for (;;) {
      for (const frame of this.waiting.splice(0)) {
        yield frame;
        if (frame.end) return;
      }
      if (this.failure) throw this.failure;
      await this.wake.promise;
      this.wake = Promise.withResolvers();
    }
  }
}

describe('tunnels through another server', () => {
  let authority: KeyPair;
  let pair: KeyPair;
  let server: grpc.Server;
  let address: string;
  let node: EchoTunnel;
  let asked: { node: string; wanted: StreamWanted }[];
  let refusal: Error | undefined;
  let here: Forwarding;

  const credentials = (): { ca: string; cert: string; key: string } => ({
    ca: authority.certificate,
    cert: pair.certificate,
    key: pair.key,
  });

  const nodes: NodeTunnels = {
    async open(name, wanted, signal) {
      asked.push({ node: name, wanted });
      if (refusal) throw refusal;
      signal.addEventListener('abort', () => node.close());
      return Promise.resolve(node);
    },
  };

  function forwarding(holder: string | undefined): Forwarding {
    return new Forwarding({ local: nodes, holderOf: () => holder, credentials, clock: systemClock, log: silentLog });
  }

  before(async () => {
    authority = await createAuthority('test-ca', VALID);
    const subject = { commonName: 'dure-server', organizations: [], dnsNames: ['kubernetes.default.svc'] };
    pair = await issue(authority, { ...subject, addresses: [], usages: ['server', 'client'], ...VALID });
  });

  beforeEach(async () => {
    node = new EchoTunnel();
    asked = [];
    refusal = undefined;
    const there = forwarding(undefined);
    server = new grpc.Server();
    server.addService(agentsService, {
      Session: () => assert.fail(),
      Carry: () => assert.fail(),
      Forward: (stream: ServerDuplexStream<Frame, Frame>) => void there.serve(stream),
    });
    const keys = [{ cert_chain: Buffer.from(pair.certificate), private_key: Buffer.from(pair.key) }];
    const tls = grpc.ServerCredentials.createSsl(Buffer.from(authority.certificate), keys, true);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', tls, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    address = `127.0.0.1:${port}`;
    here = forwarding(address);
  });

  afterEach(() => {
    here.close();
    server.forceShutdown();
  });

  it('carry frames both ways, however many, to their end', async () => {
    const tunnel = await here.open('node-1', WANTED, new AbortController().signal);
    assert.deepEqual(asked, [{ node: 'node-1', wanted: WANTED }]);
    const piece = Buffer.alloc(64 * 1024, 'x');
    const sending = (async (): Promise<void> => {
      for (let count = 0; count < 100; count += 1) await tunnel.send(0, piece);
      await tunnel.end(0);
    })();
    let bytes = 0;
    let isEnded = false;
    for await (const { channel, data, end } of tunnel.frames) {
      assert.equal(channel, 1);
      bytes += data.length;
      isEnded ||= end;
    }
    await sending;
    assert.equal(bytes, 100 * piece.length);
    assert.equal(isEnded, true);
  });

  it('are refused with the words of the server that holds the node', async () => {
    refusal = serviceUnavailable('node "node-1" is not connected to this server');
    await assert.rejects(here.open('node-1', WANTED, new AbortController().signal), (error: unknown) => {
      assert.ok(error instanceof StatusError);
      assert.deepEqual([error.code, error.reason, error.message], [503, 'ServiceUnavailable', refusal?.message]);
      return true;
    });
  });

  it('are refused when that server is gone', async () => {
    server.forceShutdown();
    const opening = here.open('node-1', WANTED, new AbortController().signal);
    await assert.rejects(opening, { reason: 'ServiceUnavailable' });
  });

  it('break for the reader when the node or the other server breaks', async () => {
    for (const end of [(): void => node.break(new Error('gone')), (): void => server.forceShutdown()]) {
      node = new EchoTunnel();
      const tunnel = await here.open('node-1', WANTED, new AbortController().signal);
      end();
      await assert.rejects(async () => {
        for await (const frame of tunnel.frames) assert.fail(JSON.stringify(frame));
      }, /the connection to the node broke/);
    }
  });

  it('free the node when they are closed or given up', async () => {
    const tunnel = await here.open('node-1', WANTED, new AbortController().signal);
    tunnel.close();
    await node.closed.promise;

    node = new EchoTunnel();
    const given = new AbortController();
    await here.open('node-1', WANTED, given.signal);
    given.abort();
    await node.closed.promise;
  });
});
