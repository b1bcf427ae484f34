/**
 * Runs the benches that are named, or all but the long ones: `run.ts [NAME…]`. Each is a process of its own, so that none warms up or burdens
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
  'requests',
  'fan-out',
  'mixed',
  'agents',
  'proxy',
  'dns',
  'memory',
  'pod-start',
  'failover',
  'rolling',
] as const;

/** Run only when they are named, after the others: minutes each. */
const LONG: Readonly<Record<string, readonly string[]>> = { 'requests-large': ['requests', 'large'] };

async function main(names: readonly string[]): Promise<number> {
  const all = [...BENCHES, ...Object.keys(LONG)];
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    console.error(`no such bench: ${unknown.join(', ')}; there are ${all.join(', ')}`);
    return 2;
  }
  const failed: string[] = [];
  for (const name of names.length === 0 ? BENCHES : all.filter((bench) => names.includes(bench))) {
    const [program = name, ...args] = LONG[name] ?? [];
    if (!(await run(program, args))) failed.push(name);
  }
  if (failed.length > 0) console.error(`could not be measured: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

async function run(program: string, args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${program}.ts`), ...args], { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', pass).off('SIGTERM', pass);
  return code === 0;
}

process.exitCode = await main(process.argv.slice(2));
