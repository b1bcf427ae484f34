/**
 * Runs the benches that are named, or all: `run.ts [NAME…]`. Each is a process of its own, so that none warms up or burdens
 * another; what each prints is passed on. Exits with 1 when one of them could not be carried out, with 2 for a name that is none.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** In the order in which they are run: what needs nothing but this process first, whole clusters last. */
const BENCHES = [
  'store',
  'scheduling',
  'authorization',
  'api',
  'agents',
  'proxy',
  'dns',
  'memory',
  'pod-start',
  'failover',
  'rolling',
] as const;

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !BENCHES.some((bench) => bench === name));
  if (unknown.length > 0) {
    console.error(`no such bench: ${unknown.join(', ')}; there are ${BENCHES.join(', ')}`);
    return 2;
  }
  const failed: string[] = [];
  for (const name of BENCHES.filter((bench) => names.length === 0 || names.includes(bench))) {
    if (!(await run(name))) failed.push(name);
  }
  if (failed.length > 0) console.error(`could not be measured: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

async function run(name: string): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', pass).off('SIGTERM', pass);
  return code === 0;
}

process.exitCode = await main(process.argv.slice(2));
