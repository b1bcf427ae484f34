/** Containers that are programs of this machine: exec runs what is asked for, ports are those of this machine. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { CHANNEL } from '../../api/streams.ts';
import type { NodeTunnels } from '../../control-plane/nodes/port.ts';
import type { StreamEnd } from '../../node-agent/streams/port.ts';
import { pairedTunnels } from './paired-tunnels.ts';

const SUCCESS = Buffer.from(JSON.stringify({ status: 'Success' }));

function exitStatus(code: number): Buffer {
  if (code === 0) return SUCCESS;
  const causes = [{ reason: 'ExitCode', message: String(code) }];
  const message = `command terminated with non-zero exit code: exit status ${code}`;
  return Buffer.from(JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', message, details: { causes } }));
}

/** `directory` is where programs run. */
export function localContainers(directory: string): NodeTunnels {
  return pairedTunnels(async (wanted, end) => {
    if (wanted.kind === 'exec') return run(wanted.command, directory, end);
    if (wanted.kind === 'portforward') return carry(wanted.port, end);
    throw new Error(`no ${wanted.kind} here`);
  });
}

async function run([program = '', ...args]: readonly string[], directory: string, end: StreamEnd): Promise<void> {
  const child = spawn(program, args, { cwd: directory });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const feed = async (): Promise<void> => {
    for await (const { channel, data, end: isLast } of end.frames) {
      if (channel !== CHANNEL.stdin) continue;
      if (data.length > 0) child.stdin.write(data);
      if (isLast) child.stdin.end();
    }
  };
  child.stdin.on('error', () => {
    // The program read no more than it wanted.
  });
  // Ends when the stream does.
  feed().catch(() => child.kill());
  const out = async (): Promise<void> => {
    for await (const data of child.stdout) await end.send(CHANNEL.stdout, data as Buffer);
  };
  const complaints = async (): Promise<void> => {
    for await (const data of child.stderr) await end.send(CHANNEL.stderr, data as Buffer);
  };
  await Promise.all([out(), complaints()]);
  await end.send(CHANNEL.error, exitStatus(await ended));
}

async function carry(port: number, end: StreamEnd): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const failed = new Promise<Error>((resolve) => socket.once('error', resolve));
  const feed = async (): Promise<void> => {
    for await (const { channel, data, end: isLast } of end.frames) {
      if (channel !== CHANNEL.stdin) continue;
      if (data.length > 0) socket.write(data);
      if (isLast) socket.end();
    }
  };
  feed().catch(() => socket.destroy());
  try {
    for await (const data of socket) await end.send(CHANNEL.stdout, data as Buffer);
    await end.end(CHANNEL.stdout);
    await end.send(CHANNEL.error, SUCCESS);
  } catch {
    const { message } = await failed;
    await end.send(CHANNEL.error, Buffer.from(JSON.stringify({ status: 'Failure', message })));
  }
}
