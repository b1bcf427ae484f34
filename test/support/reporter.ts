/** Mocha's spec output, and the counts of a run in the file that DURE_TEST_COUNTS names, for the runner of all stages. */
import { writeFileSync } from 'node:fs';
import mocha, { type MochaOptions, type Runner } from 'mocha';

export default class CountingReporter extends mocha.reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    runner.once('end', () => {
      const file = process.env['DURE_TEST_COUNTS'];
      const { passes, failures, pending } = runner.stats ?? { passes: 0, failures: 1, pending: 0 };
      if (file) writeFileSync(file, JSON.stringify({ passes, failures, pending }));
    });
  }
}
