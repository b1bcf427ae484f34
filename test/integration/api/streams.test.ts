/** Logs, exec and usage with the real kubectl; the node's end of each stream is played by the test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { serviceUnavailable } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Node, Pod } from '../../../api/schema/types/core.v1.ts';
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

  /** What a client of one of the older protocols is sent about pod p until the server ends the connection. */
  async function messages(path: string, protocol: string): Promise<string[]> {
    const config = parse(await readFile(server.kubeconfig, 'utf8')) as Kubeconfig;
    const text = (data: string | undefined): string => Buffer.from(data ?? '', 'base64').toString();
    const { cluster, user } = { cluster: config.clusters[0]?.cluster, user: config.users[0]?.user };
    const url = `${server.url.replace(/^http/, 'ws')}/api/v1/namespaces/default/pods/p/${path}`;
    const socket = new WebSocket(url, protocol, {
      ca: text(cluster?.['certificate-authority-data']),
      cert: text(user?.['client-certificate-data']),
      key: text(user?.['client-key-data']),
    });
    const received: string[] = [];
    socket.on('message', (data: Buffer) => received.push(data.toString()));
    await once(socket, 'close');
    assert.equal(socket.protocol, protocol);
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

  it('carry a command, its input to the end, its outputs and its exit code', async () => {
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
    const { code, stdout, stderr } = await kubectl(server.kubeconfig, args, 'hello\n');
    assert.deepEqual([code, stdout], [3, 'HELLO\n']);
    assert.match(stderr, /^so so\ncommand terminated with exit code 3/);
    assert.partialDeepStrictEqual(nodes.wanted, { kind: 'exec', command: ['sh', '-c', 'x'], stdin: true, tty: false });
  });

  it('carry much output at the pace of the client', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    nodes.play = async function* () {
      for (let count = 0; count < 320; count++) yield { channel: CHANNEL.stdout, data: piece, end: false };
      yield exited(0);
    };
    const { code, stdout } = await kubectl(server.kubeconfig, ['exec', 'p', '-c', 'c', '--', 'cat']);
    assert.deepEqual([code, stdout.length], [0, 320 * piece.length]);
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
