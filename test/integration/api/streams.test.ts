/** Logs, exec and usage with the real kubectl; the node's end of each stream is played by the test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { readFile } from 'node:fs/promises';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { serviceUnavailable } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Node, Pod } from '../../../api/types/core.v1.ts';
import { CHANNEL, type NodeUsage, type StreamWanted } from '../../../api/streams.ts';
import type { NodeTunnels, Tunnel, TunnelFrame } from '../../../control-plane/nodes/port.ts';
import { bindPod } from '../../../control-plane/registry/binding.ts';
import { TestServer } from '../../support/api-server.ts';
import { kubectl, spawnKubectl } from '../../support/kubectl.ts';

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}

type Sent = { channel: number; data: Buffer; end: boolean };
type Play = (wanted: StreamWanted, sent: AsyncIterator<Sent>) => AsyncIterable<TunnelFrame>;

/** An agent that answers each stream with what `play` makes of it. */
class PlayedNodes implements NodeTunnels {
  play: Play | undefined;
  wanted: StreamWanted | undefined;

  open(nodeName: string, wanted: StreamWanted, signal: AbortSignal): Promise<Tunnel> {
    if (!this.play) return Promise.reject(serviceUnavailable(`node "${nodeName}" has no session`));
    this.wanted = wanted;
    const waiting: Sent[] = [];
    let wake = Promise.withResolvers<void>();
    let isClosed = false;
    const push = (sent: Sent): Promise<void> => {
      waiting.push(sent);
      wake.resolve();
      return Promise.resolve();
    };
    const close = (): void => {
      isClosed = true;
      wake.resolve();
    };
    signal.addEventListener('abort', close);
    async function* received(): AsyncGenerator<Sent> {
      for (;;) {
        for (let next = waiting.shift(); next; next = waiting.shift()) yield next;
        if (isClosed) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    }
    return Promise.resolve({
      frames: this.play(wanted, received()),
      send: (channel, data) => push({ channel, data, end: false }),
      end: (channel) => push({ channel, data: Buffer.alloc(0), end: true }),
      close,
    });
  }
}

function frame(channel: number, text: string): TunnelFrame {
  return { channel, data: Buffer.from(text), end: false };
}

function exited(code: number): TunnelFrame {
  const causes = [{ reason: 'ExitCode', message: String(code) }];
  const message = `command failed with ${code}`;
  const failure = { status: 'Failure', reason: 'NonZeroExitCode', message, details: { causes } };
  return frame(CHANNEL.error, JSON.stringify(code === 0 ? { status: 'Success' } : failure));
}

/** The local ports that kubectl says it listens on, in the order in which they were asked for. */
async function forwardedPorts(output: Readable, count: number): Promise<number[]> {
  const ports: number[] = [];
  for await (const line of createInterface({ input: output })) {
    const [, port] = /^Forwarding from 127\.0\.0\.1:(\d+) -> /.exec(line) ?? [];
    if (port !== undefined) ports.push(Number(port));
    if (ports.length === count) break;
  }
  return ports;
}

/** What comes back of `text` until the other side has ended as well. */
async function echo(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(text);
  return buffer(socket).then(String, () => '');
}

describe('streams to a node', () => {
  const nodes = new PlayedNodes();
  let server: TestServer;

  before(async () => {
    server = await TestServer.start({ tunnels: nodes });
    await server.registry.resource(kinds.nodes).create({ metadata: { name: 'n1' } } as Node);
    const pods = server.registry.resource(kinds.pods);
    const spec = {
      containers: [
        { name: 'c', image: 'i' },
        { name: 'd', image: 'i' },
      ],
    };
    await pods.create({ metadata: { name: 'p', namespace: 'default' }, spec } as Pod);
    const binding = { metadata: { namespace: 'default', name: 'p' }, target: { kind: 'Node', name: 'n1' } };
    await bindPod(pods, binding as Parameters<typeof bindPod>[1], new Date());
    await pods.mutate('default', 'p', (pod) => ({ ...pod, status: { ...pod.status, phase: 'Running' } }), {
      subresource: 'status',
    });
  });
  after(() => server.stop());
  afterEach(() => {
    nodes.play = undefined;
  });

  /** A WebSocket about pod p. Rejects when it is refused. */
  async function open(path: string, protocol: string): Promise<WebSocket> {
    const config = parse(await readFile(server.kubeconfig, 'utf8')) as Kubeconfig;
    const text = (data: string | undefined): string => Buffer.from(data ?? '', 'base64').toString();
    const { cluster, user } = { cluster: config.clusters[0]?.cluster, user: config.users[0]?.user };
    const url = `${server.url.replace(/^http/, 'ws')}/api/v1/namespaces/default/pods/p/${path}`;
    const socket = new WebSocket(url, protocol, {
      ca: text(cluster?.['certificate-authority-data']),
      cert: text(user?.['client-certificate-data']),
      key: text(user?.['client-key-data']),
    });
    await once(socket, 'open');
    assert.equal(socket.protocol, protocol);
    return socket;
  }

  /** What a client of one of the older protocols is sent until the server ends the connection. */
  async function messages(path: string, protocol: string): Promise<string[]> {
    const received: string[] = [];
    const socket = await open(path, protocol);
    socket.on('message', (data: Buffer) => received.push(data.toString()));
    await once(socket, 'close');
    return received;
  }

  it('carry logs with their options', async () => {
    nodes.play = async function* () {
      yield frame(CHANNEL.stdout, 'one\n');
      yield frame(CHANNEL.stdout, 'two\n');
    };
    const args = ['logs', 'p', '-c', 'c', '--tail=7', '--timestamps', '--since=1m'];
    const { stdout, code } = await kubectl(server.kubeconfig, args);
    assert.deepEqual([stdout, code], ['one\ntwo\n', 0]);
    assert.partialDeepStrictEqual(nodes.wanted, {
      kind: 'logs',
      namespace: 'default',
      pod: 'p',
      container: 'c',
      tailLines: 7,
      timestamps: true,
      sinceSeconds: 60,
    });
  });

  it('carry logs as they come, until the client goes', async () => {
    const more = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    nodes.play = async function* (_wanted, sent) {
      yield frame(CHANNEL.stdout, 'one\n');
      await more.promise;
      yield frame(CHANNEL.stdout, 'two\n');
      await sent.next();
      gone.resolve();
    };
    const following = await spawnKubectl(server.kubeconfig, ['logs', '-f', 'p', '-c', 'c']);
    following.stdout.setEncoding('utf8');
    assert.deepEqual(await once(following.stdout, 'data'), ['one\n']);
    more.resolve();
    assert.deepEqual(await once(following.stdout, 'data'), ['two\n']);
    following.kill('SIGKILL');
    await gone.promise;
  });

  it('say why there is no log', async () => {
    const unclear = await kubectl(server.kubeconfig, ['logs', 'p', '-c', 'x']);
    assert.match(unclear.stderr, /container x is not valid for pod p/);
  });

  for (const [name, extra] of [
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
  ] as const) {
    it(`carry a command, its input to the end, its outputs and its exit code, over ${name}`, async () => {
      nodes.play = async function* (_wanted, sent) {
        let input = '';
        for (let next = await sent.next(); !next.done; next = await sent.next()) {
          if (next.value.end) break;
          if (next.value.channel === CHANNEL.stdin) input += next.value.data.toString();
        }
        yield frame(CHANNEL.stdout, input.toUpperCase());
        yield frame(CHANNEL.stderr, 'so so\n');
        yield exited(3);
      };
      const args = ['exec', '-i', 'p', '-c', 'c', '--', 'sh', '-c', 'x'];
      const { code, stdout, stderr } = await kubectl(server.kubeconfig, args, 'hello\n', extra);
      assert.deepEqual([code, stdout], [3, 'HELLO\n']);
      assert.match(stderr, /^so so\ncommand terminated with exit code 3/);
      assert.partialDeepStrictEqual(nodes.wanted, {
        kind: 'exec',
        command: ['sh', '-c', 'x'],
        stdin: true,
        tty: false,
      });
    });

    it(`carry much input and output at the pace of the slower side, over ${name}`, async () => {
      const piece = Buffer.alloc(64 * 1024, 'x');
      let taken = 0;
      nodes.play = async function* (_wanted, sent) {
        for (let next = await sent.next(); !next.done && !next.value.end; next = await sent.next()) {
          if (next.value.channel === CHANNEL.stdin) taken += next.value.data.length;
        }
        for (let count = 0; count < 320; count++) yield { channel: CHANNEL.stdout, data: piece, end: false };
        yield exited(0);
      };
      const input = 'y'.repeat(8 * 1024 * 1024);
      const args = ['exec', '-i', 'p', '-c', 'c', '--', 'cat'];
      const { code, stdout } = await kubectl(server.kubeconfig, args, input, extra);
      assert.deepEqual([code, stdout.length, taken], [0, 320 * piece.length, input.length]);
    });

    it(`attach to a container, over ${name}`, async () => {
      nodes.play = async function* () {
        yield frame(CHANNEL.stdout, 'already running\n');
        yield exited(0);
      };
      const { code, stdout } = await kubectl(server.kubeconfig, ['attach', 'p', '-c', 'c'], '', extra);
      assert.deepEqual([code, stdout], [0, 'already running\n']);
      assert.equal(nodes.wanted?.kind, 'attach');
    });
  }

  for (const [name, extra] of [
    ['SPDY in WebSocket', {}],
    ['SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
  ] as const) {
    it(`carry connections to ports, many at once, over ${name}`, async () => {
      nodes.play = async function* (wanted, sent) {
        const port = wanted.kind === 'portforward' ? wanted.port : 0;
        yield frame(CHANNEL.stdout, `port ${port} `);
        for (let next = await sent.next(); !next.done && !next.value.end; next = await sent.next()) {
          yield { channel: CHANNEL.stdout, data: next.value.data, end: false };
        }
        yield { channel: CHANNEL.stdout, data: Buffer.alloc(0), end: true };
        yield exited(0);
      };
      const forwarding = await spawnKubectl(server.kubeconfig, ['port-forward', 'pod/p', ':80', ':443'], extra);
      try {
        const ports = await forwardedPorts(forwarding.stdout, 2);
        const long = 'z'.repeat(1024 * 1024);
        const asked = ports.flatMap((local) => [`to ${local} `, long].map((text) => echo(local, text)));
        const answers = await Promise.all(asked);
        const [first, second] = ports;
        const expected = [`port 80 to ${first} `, `port 80 ${long}`, `port 443 to ${second} `, `port 443 ${long}`];
        assert.deepEqual(
          answers.map((answer) => answer.slice(0, 100)),
          expected.map((text) => text.slice(0, 100)),
        );
        assert.deepEqual(
          answers.map(({ length }) => length),
          expected.map(({ length }) => length),
        );
      } finally {
        forwarding.kill('SIGKILL');
      }
    });

    it(`say which port nobody listens on, over ${name}`, async () => {
      nodes.play = async function* () {
        yield frame(CHANNEL.error, JSON.stringify({ status: 'Failure', message: 'connection refused' }));
      };
      const forwarding = await spawnKubectl(server.kubeconfig, ['port-forward', 'pod/p', ':81'], extra);
      let said = '';
      forwarding.stderr.on('data', (text: Buffer) => (said += text.toString()));
      const [port = 0] = await forwardedPorts(forwarding.stdout, 1);
      assert.equal(await echo(port, 'hello'), '');
      await once(forwarding, 'close');
      assert.match(said, /error forwarding port 81 to pod default\/p.*connection refused/);
    });
  }

  it('carry one connection for each port to WebSocket clients of the older way', async () => {
    nodes.play = async function* (wanted, sent) {
      const next = await sent.next();
      const text = next.done ? '' : next.value.data.toString();
      yield frame(CHANNEL.stdout, `${text} at ${wanted.kind === 'portforward' ? wanted.port : 0}`);
      yield exited(0);
    };
    const socket = await open('portforward?ports=80&ports=443', 'v4.channel.k8s.io');
    const received: Buffer[] = [];
    socket.on('message', (data: Buffer) => received.push(data));
    socket.send(Buffer.from('\x00one'));
    socket.send(Buffer.from('\x02two'));
    await once(socket, 'close');
    const of = (channel: number): Buffer =>
      Buffer.concat(received.filter(([first]) => first === channel).map((data) => data.subarray(1)));
    assert.deepEqual(of(0), Buffer.from('\x50\x00one at 80', 'latin1'));
    assert.deepEqual(of(2), Buffer.from('\xbb\x01two at 443', 'latin1'));
    assert.deepEqual([of(1), of(3)], [Buffer.from('\x50\x00'), Buffer.from('\xbb\x01', 'latin1')]);
  });

  it('refuse to forward what is no port', async () => {
    for (const query of ['', '?ports=0', '?ports=http', '?ports=70000']) {
      await assert.rejects(open(`portforward${query}`, 'v4.channel.k8s.io'), /400/);
    }
    await assert.rejects(open('portforward?ports=80', 'v9.channel.k8s.io'), /400/);
  });

  it('tell of a node that has no session', async () => {
    const { code, stderr } = await kubectl(server.kubeconfig, ['exec', 'p', '-c', 'c', '--', 'ls']);
    assert.equal(code, 1);
    assert.match(stderr, /node "n1" has no session/);
  });

  it('carry logs over WebSocket, one piece a message', async () => {
    nodes.play = async function* () {
      yield frame(CHANNEL.stdout, 'one\n');
      yield frame(CHANNEL.stdout, 'two\n');
    };
    assert.deepEqual(await messages('log?container=c', 'binary.k8s.io'), ['one\n', 'two\n']);
    const encoded = await messages('log?container=c', 'base64.binary.k8s.io');
    assert.deepEqual(encoded, [btoa('one\n'), btoa('two\n')]);
  });

  it('speak the first protocol of channels, which tells failures as text and success not at all', async () => {
    let code = 0;
    nodes.play = async function* () {
      yield frame(CHANNEL.stdout, 'out');
      yield exited(code);
    };
    const path = 'exec?container=c&command=ls&stdout=1&stderr=1';
    assert.deepEqual(await messages(path, 'channel.k8s.io'), ['\x01out']);
    code = 3;
    assert.deepEqual(await messages(path, 'channel.k8s.io'), ['\x01out', '\x03command failed with 3']);
  });

  it('carry what nodes and pods use', async () => {
    const usage: NodeUsage = {
      timestamp: '2026-01-01T00:00:00Z',
      window: 10,
      node: { cpu: 0.25, memory: 512 * 1024 * 1024 },
      pods: [{ namespace: 'default', name: 'p', containers: [{ name: 'c', cpu: 0.1, memory: 64 * 1024 * 1024 }] }],
    };
    nodes.play = async function* () {
      yield frame(CHANNEL.stdout, JSON.stringify(usage));
    };
    assert.match((await kubectl(server.kubeconfig, ['top', 'pods', '--no-headers'])).stdout, /^p +100m +64Mi/);
    assert.match((await kubectl(server.kubeconfig, ['top', 'nodes', '--no-headers'])).stdout, /^n1 +250m .* 512Mi/);
  });
});
