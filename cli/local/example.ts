/** The example that a new local cluster begins with: applied, watched until it is ready, and asked by its name. */
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { LocalCluster, Progress } from './cluster.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { Informer } from '../../lib/client/informer.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { type Clock, sleep } from '../../lib/clock.ts';

const EXAMPLE = join(import.meta.dirname, '../../deploy/examples/hello.yaml');
const PODS_PATH = '/api/v1/namespaces/default/pods';
const SELECTOR = 'app=hello';
const REPLICAS = 3;
export const EXAMPLE_URL = 'http://hello.default.svc.cluster.local';
const MAX_ATTEMPTS = 50;
const ATTEMPT_MILLISECONDS = 100;

/** Runs a verb of the command line; resolves with its exit code. */
export type RunVerb = (args: readonly string[], stdout: NodeJS.WritableStream) => Promise<number>;

export interface ExampleResult {
  /** What the service answered. */
  answer: string;
  askedFrom: { pod: string; node: string };
  answeredBy: { pod: string; node: string };
}

export async function runExample(
  cluster: LocalCluster,
  client: RestClient,
  clock: Clock,
  runVerb: RunVerb,
  progress: Progress,
): Promise<ExampleResult> {
  const kubeconfig = ['--kubeconfig', cluster.kubeconfig];
  await captured(runVerb, ['apply', '-f', EXAMPLE, ...kubeconfig]);
  const pods = await readyPods(client, clock, progress);
  const [asker] = pods;
  if (!asker) throw new Error('the example has no pods');
  const name = asker.metadata.name ?? '';
  const wget = ['exec', name, ...kubeconfig, '--', 'wget', '-q', '-O', '-', EXAMPLE_URL];
  progress(`asking ${EXAMPLE_URL} from ${name}`);
  // The service chooses among three: it may take some tries until another host's pod is the one.
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const answer = (await captured(runVerb, wget)).trim();
    const answerer = pods.find(({ metadata }) => answer.endsWith(metadata.name ?? ''));
    if (answerer && answerer.spec.nodeName !== asker.spec.nodeName) {
      return { answer, askedFrom: place(asker), answeredBy: place(answerer) };
    }
    await sleep(clock, ATTEMPT_MILLISECONDS);
  }
  throw new Error(`no pod on another host answered at ${EXAMPLE_URL}`);
}

async function readyPods(client: RestClient, clock: Clock, progress: Progress): Promise<Pod[]> {
  const pods = new Informer<Pod>({ client, path: PODS_PATH, query: { labelSelector: SELECTOR }, clock });
  await pods.start();
  try {
    return await new Promise<Pod[]>((resolve) => {
      const look = (): void => {
        const all = [...pods.list()].filter(({ metadata }) => !metadata.deletionTimestamp);
        const ready = all.filter(isReady);
        progress(
          `${ready.length} of ${REPLICAS} pods ready${all
            .filter((pod) => !isReady(pod))
            .map(waitingFor)
            .join('')}`,
        );
        if (ready.length >= REPLICAS) resolve(ready);
      };
      pods.subscribe(look);
      look();
    });
  } finally {
    await pods.stop();
  }
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

function waitingFor({ metadata, spec, status }: Pod): string {
  const waiting = status.containerStatuses?.find(({ state }) => state?.waiting)?.state?.waiting;
  const unscheduled = status.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const what = unscheduled?.message ?? waiting?.message ?? waiting?.reason ?? 'its readiness probe';
  return `; ${metadata.name}${spec.nodeName ? ` on ${spec.nodeName}` : ''} waits for ${what}`;
}

function place({ metadata, spec }: Pod): { pod: string; node: string } {
  return { pod: metadata.name ?? '', node: spec.nodeName ?? '' };
}

/** What the verb printed. Rejects when it fails; it has told why on standard error then. */
async function captured(runVerb: RunVerb, args: readonly string[]): Promise<string> {
  const output = new PassThrough();
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await runVerb(args, output);
  if (code !== 0) throw new Error(`dure ${args[0]} failed with exit code ${code}`);
  return Buffer.concat(chunks).toString();
}
