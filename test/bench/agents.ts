/**
 * A thousand simulated agents on one server: processor time and resident memory of the server, idle and while 1,000 pods
 * are created and become Ready. The agents are the real ones on runtimes in memory, in two processes. One line of JSON.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processorMeter, processorMilliseconds, residentMegabytes, rounded } from './measure.ts';
import { ServerProcess } from './server-process.ts';
import { SIMULATED_IMAGE } from './simulated-agent.ts';
import type { Node, Pod } from '../../api/types/core.v1.ts';
import { isReadyNode } from '../../cli/local/node-readiness.ts';
import { Informer } from '../../lib/client/informer.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { until } from '../support/until.ts';

const AGENTS = Number(process.env['BENCH_AGENTS'] ?? 1000);
const PROCESSES = 2;
const PODS = 1000;
const SETTLE_MILLISECONDS = 10_000;
const IDLE_MILLISECONDS = 20_000;
const PATIENCE_MILLISECONDS = 180_000;
const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'many' },
  spec: {
    replicas: PODS,
    selector: { matchLabels: { app: 'many' } },
    template: {
      metadata: { labels: { app: 'many' } },
      spec: { containers: [{ name: 'main', image: SIMULATED_IMAGE, imagePullPolicy: 'Never' }] },
    },
  },
};

function startAgents(server: ServerProcess): ChildProcess[] {
  const program = join(import.meta.dirname, 'agents-run.ts');
  const share = AGENTS / PROCESSES;
  return Array.from({ length: PROCESSES }, (_, number) =>
    spawn(process.execPath, [program, server.webUrl, server.tokenFile, String(number * share), String(share)], {
      stdio: ['pipe', 'ignore', 'inherit'],
    }),
  );
}

async function allReady(client: RestClient): Promise<void> {
  const nodes = new Informer<Node>({ client, path: '/api/v1/nodes', clock: systemClock });
  await nodes.start();
  const ready = (): number => [...nodes.list()].filter(isReadyNode).length;
  const what = `${AGENTS} nodes are ready`;
  await until([nodes], () => ready() >= AGENTS, { what, milliseconds: PATIENCE_MILLISECONDS, instead: ready });
  await nodes.stop();
}

/** Milliseconds until all pods are Ready. */
async function createPods(client: RestClient): Promise<number> {
  const pods = new Informer<Pod>({ client, path: '/api/v1/namespaces/default/pods', clock: systemClock });
  await pods.start();
  let ready = 0;
  pods.subscribe(({ object, previous }) => {
    const [before, now] = [previous && isReady(previous), isReady(object)];
    if (now && !before) ready += 1;
  });
  const begun = systemClock.now();
  await client.create('/apis/apps/v1/namespaces/default/deployments', DEPLOYMENT);
  const what = `${PODS} pods are ready`;
  const ended = await until([pods], () => ready >= PODS, {
    what,
    milliseconds: PATIENCE_MILLISECONDS,
    instead: () => ready,
  });
  await pods.stop();
  return ended - begun;
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

const server = await ServerProcess.start({ 'cluster-cidr': '10.128.0.0/9' });
const client = server.client();
const children: ChildProcess[] = [];
try {
  const begun = systemClock.now();
  const atStart = processorMilliseconds(server.pid) / 1000;
  children.push(...startAgents(server));
  await allReady(client);
  const joined = systemClock.now() - begun;
  const joining = {
    milliseconds: rounded(joined),
    serverProcessorSeconds: processorMilliseconds(server.pid) / 1000 - atStart,
    residentMegabytes: residentMegabytes(server.pid),
  };
  await sleep(systemClock, SETTLE_MILLISECONDS);
  const used = processorMeter({ server: server.pid, etcd: server.etcdPid });
  await sleep(systemClock, IDLE_MILLISECONDS);
  const idle = { processorPercent: used(), residentMegabytes: residentMegabytes(server.pid) };
  const took = await createPods(client);
  const creating = { processorPercent: used(), residentMegabytes: residentMegabytes(server.pid) };
  console.log(
    JSON.stringify({
      bench: 'agents',
      agents: AGENTS,
      pods: PODS,
      joining,
      idle,
      agentMegabytes: rounded(children.reduce((total, { pid = 0 }) => total + residentMegabytes(pid), 0) / AGENTS),
      creating: { milliseconds: rounded(took), podsPerSecond: rounded((PODS / took) * 1000), ...creating },
    }),
  );
} finally {
  client.close();
  for (const child of children) {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, 'exit');
  }
  await server.stop();
}
