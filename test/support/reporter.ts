/** Mocha's spec output, and the result of a run in the file that DURE_TEST_RESULT names, for the runner of all stages. */
import { writeFileSync } from 'node:fs';
import mocha, { type MochaOptions, type Runnable, type Runner } from 'mocha';

export interface Result {
  passes: number;
  pending: number;
  /** One for each test or hook that failed: its whole title and the first lines of what it threw. */
  failures: string[];
  /** The same of each test that was tried again after it had failed. */
  retried: string[];
  /** Whether the run came to its end: the file is written after every test. */
  isWhole: boolean;
}

/** Lines of an error that are said again at the end of the whole run. */
const ERROR_LINES = 8;

export default class ResultReporter extends mocha.reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    const failures: string[] = [];
    const retried: string[] = [];
    runner.on('fail', (test, error: unknown) => failures.push(wordsOf(test, error)));
    runner.on('retry', (test, error: unknown) => retried.push(wordsOf(test, error)));
    const write = (isWhole: boolean): void => {
      const file = process.env['DURE_TEST_RESULT'];
      const { passes, pending } = runner.stats ?? { passes: 0, pending: 0 };
      if (file) writeFileSync(file, JSON.stringify({ passes, pending, failures, retried, isWhole } satisfies Result));
    };
    runner.on('test end', () => write(false));
    runner.once('end', () => write(true));
  }
}

function wordsOf(test: Runnable, error: unknown): string {
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [test.fullTitle(), ...said.split('\n').slice(0, ERROR_LINES)].join('\n    ');
}
