/** `--raw`: a request as it is typed, its body from a file or standard input, its answer printed as it comes. */
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { CommandError } from './errors.ts';
import { text } from './flags.ts';
import type { Session } from './session.ts';

export const rawFlag = (method: string): ReturnType<typeof text> =>
  text(`Raw URI to ${method} to the server. Uses the transport specified by the kubeconfig file.`);

export interface RawValues {
  readonly raw: string | undefined;
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly output: string | undefined;
}

/** Throws CommandError for what can't go together with `--raw`. */
export async function sendRaw(method: string, uri: string, values: RawValues, session: Session): Promise<void> {
  const { filename, recursive, output } = values;
  const [file] = filename;
  if (filename.length > 1) throw new CommandError('--raw can only use a single local file or stdin');
  if (file !== undefined && /^https?:\/\//.test(file)) throw new CommandError('--raw cannot read from a url');
  if (recursive) throw new CommandError('--raw and --recursive are mutually exclusive');
  if (output) throw new CommandError('--raw and --output are mutually exclusive');
  if (!/^(\/|\w+:)/.test(uri)) {
    throw new CommandError(`--raw must be a valid URL path: parse ${JSON.stringify(uri)}: invalid URI for request`);
  }
  const body = file === undefined ? undefined : await bytesOf(file, session);
  for await (const chunk of (await session.client()).send(method, uri, body)) session.write(chunk);
}

async function bytesOf(file: string, { world }: Session): Promise<Buffer> {
  if (file === '-') return buffer(world.stdin);
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new CommandError(`open ${file}: no such file or directory`);
  }
}
