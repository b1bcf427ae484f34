/**
 * The scheduler on 5,000 nodes and 10,000 pods with the default profile: decisions a second in memory, with and without
 * topology spread constraints, with pod affinity, and with pods that must all preempt others; and pods a second created
 * through the API of a real server and bound in a real etcd. One line of JSON.
 */
import { rounded, spreadOf } from './measure.ts';
import { ServerProcess } from './server-process.ts';
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
} from '../../api/types/core.v1.ts';
import type { StorageClass } from '../../api/types/storage.v1.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import { PROFILES } from '../../control-plane/scheduler/profiles.ts';
import { Scheduler } from '../../control-plane/scheduler/scheduler.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import { MapView } from '../../lib/view.ts';

const NODES = 5000;
const PODS = 10_000;
const ZONES = 10;
const PREEMPTORS = 200;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const API_ROUNDS = 3;
const TARGET = { decisions: 10_000, spread: 5000, bound: 1500 };
/** Requests that the bench's client has under way. */
const PARALLEL = 150;
const LOOK_MILLISECONDS = 20;

type Spec = Partial<Pod['spec']>;

const spreading: Spec = {
  topologySpreadConstraints: [
    constraint('topology.kubernetes.io/zone', 'DoNotSchedule'),
    constraint('kubernetes.io/hostname', 'ScheduleAnyway'),
  ],
};

/** Beside the other pods of the bench in a zone, rather not on the same host. */
const inCompany: Spec = {
  affinity: {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('topology.kubernetes.io/zone')] },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, podAffinityTerm: term('kubernetes.io/hostname') },
      ],
    },
  },
};

/** Half of a node. */
const half: Spec = {
  containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '4' } } }],
} as unknown as Spec;

function term(topologyKey: string): PodAffinityTerm {
  return { topologyKey, labelSelector: { matchLabels: { app: 'bench' } } };
}

function constraint(topologyKey: string, whenUnsatisfiable: string): NonNullable<Spec['topologySpreadConstraints']>[0] {
  return { topologyKey, whenUnsatisfiable, maxSkew: 5, labelSelector: { matchLabels: { app: 'bench' } } };
}

function node(number: number): Node {
  const name = `node-${number}`;
  const capacity = { cpu: '8', memory: '32Gi', pods: '110' };
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'simulated' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${number % ZONES}` },
    },
    spec: {},
    status: { capacity, allocatable: capacity, conditions: [ready] },
  } as unknown as Node;
}

function pod(name: string, spec: Spec): Pod {
  const requests = { cpu: '100m', memory: '128Mi' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name, labels: { app: 'bench' } },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'main', image: 'app:1', resources: { requests } }],
      ...spec,
    },
  } as unknown as Pod;
}

/** Decisions a second, the views of pods and nodes and their events included. `before` are there already, on nodes. */
async function inMemory(spec: Spec, count = PODS, before: readonly Pod[] = []): Promise<number> {
  const nodes = new MapView<Node>();
  const pods = new MapView<Pod>();
  const budgets = new MapView<PodDisruptionBudget>();
  const namespaces = new MapView<Namespace>();
  for (let number = 0; number < NODES; number += 1) nodes.set(`node-${number}`, node(number));
  for (const each of before) pods.set(each.metadata.name ?? '', each);
  nodes.markSynced();
  pods.markSynced();
  budgets.markSynced();
  namespaces.markSynced();
  const claims = new MapView<PersistentVolumeClaim>();
  const volumes = new MapView<PersistentVolume>();
  const classes = new MapView<StorageClass>();
  for (const view of [claims, volumes, classes]) view.markSynced();
  const done = Promise.withResolvers<void>();
  let bound = 0;
  const scheduler = new Scheduler({
    pods,
    nodes,
    budgets,
    namespaces,
    claims,
    volumes,
    classes,
    profiles: PROFILES,
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    metrics: { attempt: () => undefined, preemption: () => undefined },
    output: {
      bind: (each, nodeName) => {
        pods.set(each.metadata.name ?? '', { ...each, spec: { ...each.spec, nodeName } });
        bound += 1;
        if (bound === count) done.resolve();
        return Promise.resolve();
      },
      refused: (each, _reason, message, nominated) => {
        if (!nominated) done.reject(new Error(`${each.metadata.name} was refused: ${message}`));
      },
      clearNomination: () => undefined,
      keepVolume: () => Promise.reject(new Error('there are no volumes')),
      selectNode: () => Promise.reject(new Error('there are no claims')),
      preempt: (victim) => Promise.resolve(pods.delete(victim.metadata.name ?? '')),
    },
  });
  await scheduler.start();
  const begun = performance.now();
  for (let number = 0; number < count; number += 1) {
    const made = pod(`pod-${number}`, spec);
    pods.set(`pod-${number}`, { ...made, metadata: { ...made.metadata, uid: String(number) }, status: {} });
  }
  await done.promise;
  const rate = count / ((performance.now() - begun) / 1000);
  await scheduler.stop();
  return rate;
}

/** Pods a second that each end another one, on nodes that are full of less important pods. */
function preempting(): Promise<number> {
  const low = Array.from({ length: 2 * NODES }, (_, number) => {
    const made = pod(`low-${number}`, { ...half, nodeName: `node-${number % NODES}` });
    return { ...made, metadata: { ...made.metadata, uid: `low-${number}` }, status: {} };
  });
  return inMemory({ ...half, priority: 10 }, PREEMPTORS, low);
}

/** Calls `work` with 0 to `count` - 1, {@link PARALLEL} at a time. */
async function inParallel(count: number, work: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      await work(number);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

async function makeNodes(client: RestClient): Promise<void> {
  await inParallel(NODES, async (number) => {
    const { status, ...rest } = node(number);
    await client.create('/api/v1/nodes', rest);
    await client.patch(`/api/v1/nodes/node-${number}/status`, 'merge-patch', { status });
  });
}

/** Pods a second from the first request to the last binding. */
async function throughApi(client: RestClient, round: number): Promise<number> {
  const path = '/api/v1/namespaces/default/pods';
  const begun = performance.now();
  await inParallel(PODS, (number) => client.create(path, pod(`pod-${round}-${number}`, {})));
  for (;;) {
    const query = { fieldSelector: 'spec.nodeName=', limit: 1 };
    const { items } = await client.get<{ items: Pod[] }>(path, { query });
    if (items.length === 0) break;
    await sleep(systemClock, LOOK_MILLISECONDS);
  }
  const rate = PODS / ((performance.now() - begun) / 1000);
  await client.delete(path, { gracePeriodSeconds: 0 });
  return rate;
}

async function boundInEtcd(): Promise<number[]> {
  // The nodes are objects only: nobody is to miss their agents while it is measured.
  const server = await ServerProcess.start({ 'node-grace': '1h', 'cluster-cidr': '10.0.0.0/8' });
  const client = server.client();
  try {
    await makeNodes(client);
    const rates: number[] = [];
    for (let round = 0; round < API_ROUNDS; round += 1) rates.push(await throughApi(client, round));
    return rates;
  } finally {
    client.close();
    await server.stop();
  }
}

async function repeated(measure: () => Promise<number>): Promise<number[]> {
  await measure();
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rates.push(await measure());
  return rates;
}

const decisions = spreadOf(await repeated(() => inMemory({})));
const spread = spreadOf(await repeated(() => inMemory(spreading)));
const company = spreadOf(await repeated(() => inMemory(inCompany)));
const preempted = spreadOf(await repeated(preempting));
const bound = process.env['BENCH_MEMORY_ONLY'] ? undefined : spreadOf(await boundInEtcd());
console.log(
  JSON.stringify({
    bench: 'scheduling',
    unit: 'pods a second',
    ratio: {
      decisions: rounded(decisions.median / TARGET.decisions),
      spread: rounded(spread.median / TARGET.spread),
      ...(bound && { bound: rounded(bound.median / TARGET.bound) }),
    },
    target: TARGET,
    decisions,
    spread,
    company,
    preempted,
    bound,
    nodes: NODES,
    pods: PODS,
  }),
);
