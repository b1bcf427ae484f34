/**
 * What each kind of request costs a real server on a real etcd: GET, LIST, create, update and apply of pods, discovery and
 * OpenAPI; again when there are ten times as many objects, which a GET must not notice. `requests.ts large` has 10,000
 * and 100,000. One line of JSON: latencies and processor time in milliseconds.
 */
import { ApiLoad, createPods, idlePod, inParallel, PODS_PATH, PROTOBUF, type Call, type Measured } from './api-load.ts';
import { residentMegabytes, rounded, spreadOf, type Spread } from './measure.ts';
import { ServerProcess } from './server-process.ts';
import { writingOf } from './writing.ts';

const SIZES = process.argv[2] === 'large' ? [10_000, 100_000] : [1000, 10_000];
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Requests of each kind a round. */
const GETS = 2000;
const WRITES = 1000;
const DOCUMENTS = 100;
const CLIENTS = 16;
/** A collection that stays as small as this, beside the one that grows. */
const FEW = 100;
const FEW_PATH = '/api/v1/namespaces/few/pods';
const TARGET = { listAgainstWriting: 1.3 };

type Parts = Record<string, Measured>;

interface Pod {
  readonly metadata: { name: string; resourceVersion?: string; annotations?: Record<string, string> };
}

const server = await ServerProcess.start();
const load = new ApiLoad(server);

/** Lists are few when they are long. */
function listsOf(size: number): number {
  return Math.max(2, Math.min(200, Math.round(200_000 / size)));
}

function lists(path: string, size: number): Promise<Parts> {
  const selector = `${path}?labelSelector=app%3Dnone`;
  return each(listsOf(size), 1, {
    list: () => ({ path }),
    listGzip: () => ({ path, gzip: true }),
    listProtobuf: () => ({ path, accept: PROTOBUF }),
    listSelected: () => ({ path: selector }),
    listSelectedProtobuf: () => ({ path: selector, accept: PROTOBUF }),
  });
}

async function each(count: number, clients: number, calls: Record<string, (number: number) => Call>): Promise<Parts> {
  const parts: Parts = {};
  for (const [name, callOf] of Object.entries(calls)) parts[name] = await load.measured(count, clients, callOf);
  return parts;
}

/** Requests about one object each, of pods that are spread over all there are. */
async function single(size: number, round: number): Promise<Parts> {
  const nameOf = (number: number): string => `pod-${(number * 7919) % size}`;
  const updated = await podsToUpdate(nameOf);
  const made = (number: number): string => `made-${size}-${round}-${number}`;
  const applied = (number: number): Call => ({
    method: 'PATCH',
    path: `${PODS_PATH}/${nameOf(number)}?fieldManager=bench-apply&force=true`,
    type: 'application/apply-patch+yaml',
    body: idlePod(nameOf(number), { 'bench/applied': `${size}-${round}` }),
  });
  const parts = {
    ...(await each(GETS, CLIENTS, {
      get: (number) => ({ path: `${PODS_PATH}/${nameOf(number)}` }),
      getProtobuf: (number) => ({ path: `${PODS_PATH}/${nameOf(number)}`, accept: PROTOBUF }),
    })),
    ...(await each(WRITES, CLIENTS, {
      create: (number) => ({ method: 'POST', path: PODS_PATH, body: idlePod(made(number)) }),
      update: (number) => ({ method: 'PUT', path: `${PODS_PATH}/${nameOf(number)}`, body: updated[number] ?? {} }),
      apply: applied,
      applyUnchanged: applied,
      delete: (number) => ({
        method: 'DELETE',
        path: `${PODS_PATH}/${made(number)}`,
        body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 },
      }),
    })),
    getAlone: await load.measured(GETS / 4, 1, (number) => ({ path: `${PODS_PATH}/${nameOf(number)}` })),
  };
  return parts;
}

/** What an update sends is what was read, changed. */
async function podsToUpdate(nameOf: (number: number) => string): Promise<Pod[]> {
  const pods: Pod[] = [];
  await inParallel(WRITES, CLIENTS, async (number) => {
    const pod = await load.read<Pod>({ path: `${PODS_PATH}/${nameOf(number)}` });
    delete pod.metadata.resourceVersion;
    pods[number] = {
      ...pod,
      metadata: { ...pod.metadata, annotations: { 'bench/updated': String(performance.now()) } },
    };
  });
  return pods;
}

async function documents(): Promise<Parts> {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const v2 = { path: '/openapi/v2', gzip: true };
  const { etag = '' } = await load.headers(v2);
  return each(DOCUMENTS, 4, {
    discovery: () => ({ path: '/apis', accept: aggregated, gzip: true }),
    discoveryOfGroup: () => ({ path: '/apis/apps/v1' }),
    openApiV2: () => v2,
    openApiV2Protobuf: () => ({ ...v2, accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' }),
    openApiV2Unchanged: () => ({ ...v2, headers: { 'if-none-match': String(etag) } }),
    openApiV3: () => ({ path: '/openapi/v3/apis/apps/v1', gzip: true }),
  });
}

/** Against a program that writes the same bytes and does nothing else, in turns: how many times as much processor time. */
async function againstWriting(size: number): Promise<Spread> {
  const path = PODS_PATH;
  const writing = await writingOf(await load.readBytes({ path }), size);
  try {
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const list = await load.measured(listsOf(size), 1, () => ({ path }));
      ratios.push(list.processorMilliseconds.server / (await writing.processorMilliseconds(listsOf(size))));
    }
    return spreadOf(ratios);
  } finally {
    await writing.stop();
  }
}

/** The round whose processor time is the middle one. */
function middle(rounds: readonly Parts[]): Parts {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const parts = rounds.map((round) => round[name]!);
      const sorted = parts.toSorted((a, b) => a.processorMilliseconds.server - b.processorMilliseconds.server);
      return [name, sorted[Math.floor(sorted.length / 2)]!];
    }),
  );
}

try {
  await load.send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'few' } } });
  await load.measured(FEW, CLIENTS, (number) => ({ method: 'POST', path: FEW_PATH, body: idlePod(`pod-${number}`) }));
  const bySize: Record<string, object> = {};
  const costs: Record<string, number>[] = [];
  let there = 0;
  for (const size of SIZES) {
    const fill = await createPods(load, there, size, CLIENTS);
    there = size;
    const rounds: Parts[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await single(size, round));
    const one = middle(rounds);
    costs.push(
      Object.fromEntries(Object.entries(one).map(([name, part]) => [name, part.processorMilliseconds.server])),
    );
    bySize[size] = {
      fill,
      ...one,
      lists: await lists(PODS_PATH, size),
      listAgainstWriting: await againstWriting(size),
      residentMegabytes: residentMegabytes(server.pid),
    };
  }
  const grown = Object.keys(costs[0] ?? {}).map((name) => [
    name,
    rounded((costs.at(-1)?.[name] ?? 0) / (costs.at(-2)?.[name] ?? 0)),
  ]);
  console.log(
    JSON.stringify({
      bench: 'requests',
      unit: 'milliseconds',
      /** Processor time a request when there are ten times as many objects. */
      ratio: Object.fromEntries(grown) as object,
      target: TARGET,
      objects: bySize,
      lists: { [FEW]: await lists(FEW_PATH, FEW) },
      documents: await documents(),
      rounds: ROUNDS,
    }),
  );
} finally {
  load.close();
  await server.stop();
}
