/**
 * A rolling update of 12 pods on 3 hosts, two at a time, while clients call the service: how long it takes, and how many
 * requests fail. Prints one line of JSON.
 */
import { spreadOf } from './measure.ts';
import { Drill } from '../support/drill.ts';
import { ROLLING, type RollingRun, rollTo } from '../support/rolling.ts';

const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
const TARGET = { milliseconds: 6000, failedRequests: 0 };

const drill = await Drill.start({ ...ROLLING, pod: { terminationGracePeriodSeconds: 5 } });
try {
  const runs: RollingRun[] = [];
  for (let number = 0; number < RUNS; number += 1) {
    runs.push(await rollTo(drill, number % 2 === 0 ? 'hello2' : 'hello'));
    if (process.env['BENCH_VERBOSE']) console.error(JSON.stringify(runs.at(-1)));
  }
  console.log(
    JSON.stringify({
      bench: 'rolling',
      unit: 'ms',
      target: TARGET,
      runs: RUNS,
      milliseconds: spreadOf(runs.map(({ milliseconds }) => milliseconds)),
      requests: runs.reduce((sum, { requests }) => sum + requests, 0),
      failedRequests: runs.reduce((sum, { failedRequests }) => sum + failedRequests, 0),
      reasons: [...new Set(runs.flatMap(({ reasons }) => reasons))],
    }),
  );
} finally {
  await drill.stop();
}
