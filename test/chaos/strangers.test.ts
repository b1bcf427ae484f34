/** Who should not get in, or not twice, at the door of the agents: told clearly, and nobody inside takes harm. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { PORTS } from '../../cli/local/cluster.ts';
import { Drill } from '../support/drill.ts';

const PROGRAM = new URL('../../dure.ts', import.meta.url).pathname;
const NODE = 'node-1';
const DIRECTORY = '/run/second';

describe('strangers at the door of the agents', function () {
  this.timeout(60_000);
  let drill: Drill;
  let known: string[];
  let server: number | undefined;

  before(async () => {
    drill = await Drill.start({ nodes: 2, replicas: 2 });
  });
  after(() => drill?.stop());
  beforeEach(async () => {
    known = drill.fleet.containers();
    server = await drill.host('server-1').servicePid('server');
  });
  afterEach(async () => {
    assert.deepEqual(drill.fleet.containers(), known);
    assert.equal(await drill.host('server-1').servicePid('server'), server, 'the server is the same process');
    await drill.settled();
    // The way down to that node's agent works.
    const [pod] = drill.fleet.on(NODE);
    assert.match(await drill.cluster.kubectl('exec', pod?.metadata.name ?? '', '--', 'echo', 'there'), /there/);
  });

  const serverAddress = (): string => drill.host('server-1').place.address;

  /** An agent on the other node's host, which would be node-1. Resolves with its words once they match, or it has ended. */
  async function secondAgent(enough: RegExp, ...flags: string[]): Promise<{ text: string; code: number | null }> {
    const host = drill.host('node-2');
    const own = ['--node-name', NODE, '--node-address', host.place.address, '--web-port', '10251'];
    const places = ['--data-dir', DIRECTORY, '--run-dir', DIRECTORY];
    const runtime = ['--containerd-socket', '/run/dure/containerd/containerd.sock'];
    const agent = [process.execPath, PROGRAM, 'agent', '--server', `https://${serverAddress()}:${PORTS.web}`];
    const child = spawn('nsenter', [...(await host.enter()), ...agent, ...own, ...places, ...runtime, ...flags]);
    let text = '';
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const said = new Promise<undefined>((resolve) => {
      const note = (chunk: Buffer): void => {
        text += chunk.toString();
        if (enough.test(text)) resolve(undefined);
      };
      child.stdout.on('data', note);
      child.stderr.on('data', note);
    });
    await Promise.race([said, ended]);
    const left = await drill.processOn('node-2', `--data-dir ${DIRECTORY}`);
    if (left !== undefined) await drill.killOn('node-2', left);
    const code = await ended;
    await host.run('rm', '-rf', DIRECTORY);
    return { text, code };
  }

  it('refuse a second agent of a name, and the first goes on', async () => {
    const directory = drill.host('server-1').place.directory;
    const refusal = /node \\?"node-1\\?" has an agent already; a second one of that name can not join/;
    const { text } = await secondAgent(refusal, '--token-file', `${directory}/data/join-token`);
    assert.match(text, refusal);
  });

  it('refuse a token that is not theirs in one line, with exit code 1', async () => {
    const { text, code } = await secondAgent(
      /never said/,
      '--token',
      `dure-abcdef.${'0'.repeat(32)}.${'0'.repeat(64)}`,
    );
    assert.equal(code, 1);
    const lines = text.split('\n').filter((line) => line.startsWith('dure agent:'));
    assert.equal(lines.length, 1, text);
    assert.match(lines[0] ?? '', /token|authority/i);
  });

  it('drop noise, with TLS and without', async () => {
    for (let round = 0; round < 20; round += 1) {
      await noise(() => connect(PORTS.agents, serverAddress()));
      await noise(() => connectTls({ port: PORTS.agents, host: serverAddress(), rejectUnauthorized: false }));
    }
  });
});

/** Sends random bytes until the other side has had enough, or it was a megabyte. */
function noise(open: () => ReturnType<typeof connect>): Promise<void> {
  return new Promise((resolve) => {
    const socket = open();
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.resume();
    for (let chunk = 0; chunk < 16; chunk += 1) socket.write(randomBytes(65_536));
    socket.end();
  });
}
