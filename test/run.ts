/**
 * Runs the tests in stages, the quickest first, and ends with `N passed, N failed`.
 *
 *     node test/run.ts fast            no root, no cluster
 *     node test/run.ts all [STAGE …]   everything, or the stages named
 *     node test/run.ts files PATTERN   the files that match, as a stage of their own
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp } from './support/clean-up.ts';
import type { Result } from './support/reporter.ts';

interface Stage {
  name: string;
  files: string;
  /** Milliseconds for one test or hook. */
  timeout: number;
  /** Milliseconds for the whole stage: a hang must not hold everything. */
  limit: number;
  args?: string[];
}

const MINUTE = 60_000;
const FAST: Stage[] = [
  { name: 'unit', files: 'test/unit/**/*.test.ts', timeout: 20_000, limit: 3 * MINUTE },
  { name: 'contract', files: 'test/contract/*.test.ts', timeout: 20_000, limit: MINUTE },
];
/**
 * Where real processes race with a busy machine, a test that fails has a second try. That it needed one is said at the end:
 * it is a defect to be found, of the test or of what it tests. Where promises of safety are tried (chaos) once has to do.
 */
const RETRY = ['--retries', '1'];
const REAL: Stage[] = [
  { name: 'integration', files: 'test/integration/**/*.test.ts', timeout: 90_000, limit: 20 * MINUTE, args: RETRY },
  { name: 'compat', files: 'test/compat/**/*.test.ts', timeout: 120_000, limit: 20 * MINUTE, args: RETRY },
  { name: 'e2e', files: 'test/e2e/**/*.test.ts', timeout: 120_000, limit: 10 * MINUTE, args: RETRY },
  { name: 'chaos', files: 'test/chaos/**/*.test.ts', timeout: 180_000, limit: 20 * MINUTE },
];
/** How a shell says that a signal ended a program. */
const INTERRUPTED = 130;

const [mode = 'all', ...wanted] = process.argv.slice(2);
const stages = mode === 'files' ? [theseFiles(wanted[0] ?? '')] : chosen(mode === 'fast' ? FAST : [...FAST, ...REAL]);
/** All that tests put into the directory for temporary files is below this one. */
const directory = mkdtempSync(join(tmpdir(), 'dure-run-'));
/** What the run makes carries this mark, so that it can be found again whatever happens. */
const mark = randomBytes(4).toString('hex');
let running: ChildProcess | undefined;
let interrupted = false;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill('SIGINT');
  });
}

const total = { passes: 0, pending: 0, failures: [] as string[], retried: [] as string[] };
for (const stage of stages) {
  if (interrupted || globSync(stage.files).length === 0) continue;
  const started = performance.now();
  console.log(`\n=== ${stage.name}`);
  const { passes, pending, failures, retried } = await runStage(stage);
  await cleanUp(mark, directory);
  total.passes += passes;
  total.pending += pending;
  total.failures.push(...failures.map((failure) => `${stage.name}: ${failure}`));
  total.retried.push(...retried.map((failure) => `${stage.name}: ${failure}`));
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`=== ${stage.name}: ${passes} passed, ${failures.length} failed in ${seconds} s`);
}
rmSync(directory, { recursive: true, force: true });
if (total.retried.length > 0) console.log(`\n=== failed at the first try\n\n${total.retried.join('\n\n')}`);
// Said again here: the end of a long output is what people look at, and all that some of them are shown.
if (total.failures.length > 0) console.log(`\n=== failed\n\n${total.failures.join('\n\n')}`);
const skipped = total.pending > 0 ? `, ${total.pending} skipped` : '';
console.log(`\n${total.passes} passed, ${total.failures.length} failed${skipped}`);
process.exitCode = interrupted ? INTERRUPTED : total.failures.length > 0 || total.passes === 0 ? 1 : 0;

function chosen(all: readonly Stage[]): Stage[] {
  return all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

function theseFiles(files: string): Stage {
  return { name: 'files', files, timeout: 2 * MINUTE, limit: 10 * MINUTE };
}

/** That a stage was cut short (it crashed, or hung) counts as one more failure. */
async function runStage({ name, files, timeout, limit, args = [] }: Stage): Promise<Result> {
  const resultFile = join(directory, `${name}.json`);
  const child = spawn(
    'node_modules/.bin/mocha',
    ['--exit', '--reporter', './test/support/reporter.ts', '--timeout', String(timeout), ...args, files],
    {
      stdio: 'inherit',
      env: { ...process.env, DURE_TEST_RESULT: resultFile, DURE_TEST_RUN: mark, TMPDIR: directory },
      detached: true,
    },
  );
  running = child;
  const hang = setTimeout(() => {
    console.error(`=== ${name} took longer than ${limit / MINUTE} minutes and was ended`);
    child.kill('SIGKILL');
  }, limit);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(hang);
  running = undefined;
  const cut = interrupted ? [] : ['did not come to its end'];
  if (!existsSync(resultFile)) return { passes: 0, pending: 0, failures: cut, retried: [], isWhole: false };
  const result = JSON.parse(readFileSync(resultFile, 'utf8')) as Result;
  return result.isWhole ? result : { ...result, failures: [...result.failures, ...cut] };
}
