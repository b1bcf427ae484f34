/** Runs a plugin in place of a verb: with our input, outputs and environment. */
import { spawn } from 'node:child_process';
import type { Plugin } from './plugins.ts';
import { CommandError } from './errors.ts';
import type { World } from './session.ts';

const SIGNAL_CODE = 128;

/** Resolves with its exit code. Rejects with a CommandError when it can't be started. */
export function runPlugin({ path, words }: Plugin, args: readonly string[], world: World): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args.slice(words), { env: world.env, stdio: ['pipe', 'pipe', 'pipe'] });
    world.stdin.pipe(child.stdin);
    // It may end without reading what it is given.
    child.stdin.on('error', () => undefined);
    child.stdout.pipe(world.stdout, { end: false });
    child.stderr.pipe(world.stderr, { end: false });
    const release = world.onInterrupt(() => void child.kill('SIGINT'));
    child.on('error', (error) => {
      release();
      reject(new CommandError(`the plugin ${path} can't be started: ${error.message}`));
    });
    child.on('close', (code) => {
      release();
      world.stdin.unpipe(child.stdin);
      world.stdin.destroy();
      resolve(code ?? SIGNAL_CODE);
    });
  });
}
