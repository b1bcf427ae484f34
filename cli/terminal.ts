/** The user's terminal, lent to a container. */
import type { ContainerStreams, StreamEnd } from '../lib/client/streams.ts';
import { ApiError } from '../lib/client/errors.ts';
import type { Session } from './session.ts';

export interface Lending {
  readonly stdin: boolean;
  readonly tty: boolean;
}

const EXIT_CODE = 'ExitCode';

/** Resolves with the command's exit code once it has ended. The terminal is as before then. */
export async function lendTerminal(
  streams: ContainerStreams,
  { stdin, tty }: Lending,
  session: Session,
): Promise<number> {
  const { world } = session;
  const isRaw = tty && stdin && world.stdin.isTTY === true;
  const onResize = (): void => void streams.resize(world.stdout.columns ?? 80, world.stdout.rows ?? 24);
  const release = tty ? () => undefined : world.onInterrupt(() => streams.close());
  try {
    if (isRaw) world.stdin.setRawMode?.(true);
    if (tty && world.stdout.isTTY) {
      onResize();
      world.stdout.on('resize', onResize);
    }
    // Ends with the streams, or before them; its failure is theirs.
    if (stdin) void copyInput(streams, session);
    return exitCodeOf(await streams.end, session);
  } finally {
    release();
    world.stdout.off('resize', onResize);
    if (isRaw) world.stdin.setRawMode?.(false);
    if (stdin) world.stdin.destroy();
  }
}

async function copyInput(streams: ContainerStreams, { world }: Session): Promise<void> {
  try {
    for await (const chunk of world.stdin) await streams.write(Buffer.from(chunk as Uint8Array));
    await streams.closeInput();
  } catch {
    // The input was cut because the command has ended.
  }
}

function exitCodeOf(end: StreamEnd, session: Session): number {
  if (end.status !== 'Failure') return 0;
  const code = end.details?.causes?.find(({ reason }) => reason === EXIT_CODE)?.message;
  if (end.reason !== 'NonZeroExitCode' || code === undefined) throw new ApiError(end.code ?? 500, end);
  session.warn(`command terminated with exit code ${code}`);
  return Number(code);
}
