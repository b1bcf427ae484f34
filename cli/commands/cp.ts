import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { posix } from 'node:path';
import type { Pod } from '../../api/types/core.v1.ts';
import { ApiError } from '../../lib/client/errors.ts';
import { ContainerStreams } from '../../lib/client/streams.ts';
import { defineCommand } from '../command.ts';
import { archiveOf } from '../copy/archive.ts';
import { parsePlace, type CopyPlace } from '../copy/place.ts';
import { unpack } from '../copy/unpack.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { openPodStreams } from '../pod-streams.ts';
import { containerOf } from '../pods.ts';
import type { Session } from '../session.ts';

type PodPlace = Extract<CopyPlace, { where: 'pod' }>;

interface CopyFlags {
  readonly container: string | undefined;
  readonly noPreserve: boolean;
}

export const command = defineCommand({
  summary: 'Copy files and directories to and from containers; needs tar in the container',
  usage: '<file-spec-src> <file-spec-dest>',
  examples: ['dure cp /tmp/a web:/tmp/b', 'dure cp prod/web:/var/log ./logs -c app'],
  flags: {
    container: text('Container name', { short: 'c' }),
    noPreserve: toggle("The copied file/directory's ownership and permissions will not be preserved in the container"),
  },
  async run({ args, flags, session }) {
    const [from = '', to = ''] = args;
    if (args.length !== 2) throw new CommandError('source and destination are required');
    const source = parsePlace(from);
    const destination = parsePlace(to);
    if (source.path === '' || destination.path === '') throw new CommandError('filepath can not be empty');
    if (source.where === 'here' && destination.where === 'pod')
      return copyThere(source.path, destination, flags, session);
    if (source.where === 'pod' && destination.where === 'here')
      return copyHere(source, destination.path, flags, session);
    throw new CommandError(
      source.where === 'here'
        ? 'one of src or dest must be a remote file specification'
        : 'one of src or dest must be a local file specification',
    );
  },
});

async function podAt({ namespace, pod }: PodPlace, session: Session): Promise<Pod> {
  const path = `/api/v1/namespaces/${namespace ?? (await session.namespace())}/pods/${encodeURIComponent(pod)}`;
  return (await session.client()).get<Pod>(path);
}

async function copyThere(path: string, place: PodPlace, flags: CopyFlags, session: Session): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw new CommandError(`${path} doesn't exist in local filesystem`);
  const pod = await podAt(place, session);
  const container = containerOf(pod, flags.container, session);
  const isDirectory = await isDirectoryThere(pod, container, place.path, session);
  // Into a directory that is there; as the name that was given otherwise.
  const target = isDirectory
    ? posix.join(place.path, basename(path))
    : posix.normalize(place.path).replace(/(.)\/$/, '$1');
  const command = [
    'tar',
    ...(flags.noPreserve ? ['--no-same-permissions', '--no-same-owner'] : []),
    '-xmf',
    '-',
    '-C',
    posix.dirname(target),
  ];
  const streams = await openPodStreams(pod, 'exec', { container, command, stdin: true, tty: false }, session);
  const sending = send(streams, archiveOf(path, posix.basename(target)));
  requireSuccess(await streams.end);
  await sending;
}

async function send(streams: ContainerStreams, archive: AsyncIterable<Buffer>): Promise<void> {
  try {
    for await (const piece of archive) await streams.write(piece);
    await streams.closeInput();
  } catch (error) {
    streams.close();
    throw error;
  }
}

async function isDirectoryThere(pod: Pod, container: string, path: string, session: Session): Promise<boolean> {
  const command = ['test', '-d', path];
  const streams = await openPodStreams(pod, 'exec', { container, command, stdin: false, tty: false }, session);
  return (await streams.end).status !== 'Failure';
}

async function copyHere(place: PodPlace, path: string, flags: CopyFlags, session: Session): Promise<void> {
  const pod = await podAt(place, session);
  const container = containerOf(pod, flags.container, session);
  const source = posix.normalize(place.path).replace(/(.)\/$/, '$1');
  const isDirectory = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  const target = isDirectory ? join(path, posix.basename(source)) : path;
  if (!isDirectory && !(await stat(dirname(target)).catch(() => undefined)))
    throw new CommandError(`${dirname(target)} doesn't exist in local filesystem`);
  const archive = new PassThrough();
  const command = ['tar', 'cf', '-', source];
  const streams = await openPodStreams(pod, 'exec', { container, command, stdin: false, tty: false }, session, archive);
  const ending = streams.end.finally(() => archive.end());
  const unpacking = unpack({ archive, root: source, target, warn: (line) => session.warn(line) });
  unpacking.catch(() => {
    // Nobody reads on: let go of what is still coming.
    archive.resume();
    streams.close();
  });
  const [end, written] = await Promise.allSettled([ending, unpacking]);
  if (end.status === 'fulfilled') requireSuccess(end.value);
  if (written.status === 'rejected') throw new CommandError((written.reason as Error).message);
  if (end.status === 'rejected') throw end.reason;
  if (written.value === 0)
    throw new CommandError(`${source} does not exist in the container, or is nothing that can be copied`);
}

function requireSuccess(end: Awaited<ContainerStreams['end']>): void {
  if (end.status !== 'Failure') return;
  if (end.reason !== 'NonZeroExitCode') throw new ApiError(end.code ?? 500, end);
  throw new CommandError(end.message ?? 'tar failed in the container');
}
