/**
 * Sixty pods of a Deployment on three hosts, from apply to all Ready, against a bare CRI client that starts as many
 * sandboxes and containers on the same three containerds. In turns in one run. One line of JSON; times in milliseconds.
 */
import { BareCri } from './bare-cri.ts';
import { rounded, spreadOf } from './measure.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { IMAGES } from '../../cli/local/images.ts';
import { Informer } from '../../lib/client/informer.ts';
import { systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

const PODS = 60;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const TARGET = 1.15;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const LIMIT_MILLISECONDS = 180_000;

function deployment(name: string, replicas: number): object {
  const labels = { app: 'many' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: IMAGES.hello }] },
      },
    },
  };
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

/** From the request that creates the Deployment to the last pod's Ready, as a client sees both. The pods are gone after. */
async function ofDeployment(
  cluster: TestCluster,
  pods: Informer<Pod>,
  name: string,
  replicas: number,
): Promise<number> {
  const waiting = { milliseconds: LIMIT_MILLISECONDS };
  const begun = systemClock.now();
  await cluster.client.create(DEPLOYMENTS, deployment(name, replicas));
  const ready = (): boolean => [...pods.list()].filter(isReady).length === replicas;
  const ended = await until([pods], ready, { what: `${replicas} pods are ready`, ...waiting });
  await cluster.client.delete(`${DEPLOYMENTS}/${name}`, { propagationPolicy: 'Background' });
  await until([pods], () => pods.size === 0, { what: 'the pods are gone', ...waiting });
  return ended - begun;
}

async function ofBareCri(bare: BareCri, count: number): Promise<number> {
  const begun = systemClock.now();
  const end = await bare.start(count, IMAGES.hello);
  const took = systemClock.now() - begun;
  await end();
  return took;
}

async function measure(cluster: TestCluster, pods: Informer<Pod>, bare: BareCri): Promise<void> {
  const dure: number[] = [];
  const cri: number[] = [];
  // The first of each brings the image to every host and warms up what the measured rounds use.
  await ofDeployment(cluster, pods, 'warm-up', PODS / 4);
  await ofBareCri(bare, PODS / 4);
  for (let round = 0; round < ROUNDS; round += 1) {
    cri.push(await ofBareCri(bare, PODS));
    dure.push(await ofDeployment(cluster, pods, `many-${round}`, PODS));
  }
  const ratios = dure.map((took, round) => rounded(took / (cri[round] ?? Number.NaN)));
  console.log(
    JSON.stringify({
      bench: 'pod-start',
      unit: 'ms',
      ratio: spreadOf(ratios).median,
      target: TARGET,
      ratios,
      dure: spreadOf(dure),
      bareCri: spreadOf(cri),
      pods: PODS,
      hosts: cluster.local.nodeNames.length,
      rounds: ROUNDS,
    }),
  );
}

const cluster = await TestCluster.start({ nodes: 3 });
try {
  const pods = new Informer<Pod>({
    client: cluster.client,
    path: '/api/v1/namespaces/default/pods',
    clock: systemClock,
  });
  const bare = await BareCri.connect(cluster.local);
  await pods.start();
  await measure(cluster, pods, bare);
  await pods.stop();
  bare.close();
} finally {
  await cluster.stop();
}
