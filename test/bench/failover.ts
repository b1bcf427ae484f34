/**
 * How long a service is short of a host that died: 20 times a host is killed or cut off, in turn, with default settings.
 * Prints one line of JSON; all times in milliseconds from the moment before the host was taken away.
 */
import { spreadOf } from './measure.ts';
import { TestCluster } from '../support/cluster.ts';
import { FailoverDrill, type FailoverRun } from '../support/failover.ts';

const RUNS = Number(process.env['BENCH_RUNS'] ?? 20);
const TARGET = { readyMedian: 3000, readyWorst: 5000 };
const STEPS = ['detected', 'endpointsOut', 'rulesOut', 'dnsOut', 'scheduled', 'ready', 'lastFailure'] as const;

function summary(runs: readonly FailoverRun[]): object {
  const steps = STEPS.map((step) => [step, spreadOf(runs.map((run) => run[step]))] as const);
  return {
    runs: runs.length,
    ...Object.fromEntries(steps),
    failedRequests: spreadOf(runs.map(({ failedRequests }) => failedRequests)),
    requests: runs.reduce((sum, { requests }) => sum + requests, 0),
  };
}

const cluster = await TestCluster.start({ nodes: 3 });
const drill = new FailoverDrill(cluster);
try {
  await drill.start();
  const runs: FailoverRun[] = [];
  for (let number = 0; number < RUNS; number += 1) {
    runs.push(await drill.run(number % 2 === 0 ? 'kill' : 'cut'));
    if (process.env['BENCH_VERBOSE']) console.error(JSON.stringify(runs.at(-1)));
  }
  const all = summary(runs);
  const parts = {
    kill: summary(runs.filter(({ manner }) => manner === 'kill')),
    cut: summary(runs.filter(({ manner }) => manner === 'cut')),
  };
  console.log(JSON.stringify({ bench: 'failover', unit: 'ms', target: TARGET, ...all, parts }));
} finally {
  await drill.stop();
  await cluster.stop();
}
