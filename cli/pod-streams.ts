/** exec and attach: streams to a container of a pod. */
import type { Pod } from '../api/types/core.v1.ts';
import type { Writable } from 'node:stream';
import { ContainerStreams } from '../lib/client/streams.ts';
import { VERSION, type Session } from './session.ts';

export interface PodStreamOptions {
  readonly container: string;
  /** Of exec. */
  readonly command?: readonly string[];
  readonly stdin: boolean;
  /** With a terminal both outputs are one. */
  readonly tty: boolean;
}

/** `output` takes what would go to standard output. */
export async function openPodStreams(
  { metadata }: Pod,
  verb: 'exec' | 'attach',
  { container, command = [], stdin, tty }: PodStreamOptions,
  session: Session,
  output?: Writable,
): Promise<ContainerStreams> {
  const query = new URLSearchParams({ container, stdout: 'true' });
  for (const word of command) query.append('command', word);
  if (stdin) query.set('stdin', 'true');
  if (tty) query.set('tty', 'true');
  else query.set('stderr', 'true');
  const { stdout, stderr } = session.world;
  const streams: ContainerStreams = await ContainerStreams.open({
    access: await session.access(),
    path: `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/${verb}?${query.toString()}`,
    userAgent: `dure/${VERSION}`,
    onOutput: (channel, data) => {
      const sink = channel === 'stdout' ? (output ?? stdout) : stderr;
      if (sink.write(data)) return;
      // At the pace of whoever takes it.
      streams.pause();
      sink.once('drain', () => streams.resume());
    },
  });
  return streams;
}
