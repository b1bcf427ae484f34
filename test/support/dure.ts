/** The command line in this process: what it prints, and its exit code. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../cli/main.ts';
import type { World } from '../../cli/session.ts';
import { systemClock } from '../../lib/clock.ts';
import type { KubectlResult } from './kubectl.ts';

export interface DureOptions {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each piece of standard output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Aborting it is Ctrl-C. */
  readonly interrupt?: AbortSignal;
}

/** Runs it to its end, with a home of its own. */
export async function dure(
  kubeconfig: string | undefined,
  args: readonly string[],
  options: DureOptions = {},
): Promise<KubectlResult> {
  const home = mkdtempSync(join(tmpdir(), 'dure-home-'));
  const texts = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof texts): PassThrough => {
    const stream = new PassThrough();
    stream.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      if (name === 'stdout') options.onOutput?.(text);
    });
    return stream;
  };
  const world: World = {
    env: { ...options.env, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) },
    home,
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    clock: systemClock,
    onInterrupt(stop) {
      options.interrupt?.addEventListener('abort', stop);
      return () => options.interrupt?.removeEventListener('abort', stop);
    },
  };
  try {
    return { code: await run(args, world), ...texts };
  } finally {
    await rm(home, { recursive: true });
  }
}
