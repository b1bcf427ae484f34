/** Waits until a local cluster works: its API answers and all of its nodes are ready. */
import { access, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { LocalCluster, Progress } from './cluster.ts';
import { LocalError } from './errors.ts';
import type { Node } from '../../api/types/core.v1.ts';
import { isReadyNode } from './node-readiness.ts';
import type { ClusterAccess } from '../../lib/client/cluster.ts';
import { Informer } from '../../lib/client/informer.ts';
import { RestClient } from '../../lib/client/rest.ts';
import { type Clock, sleep } from '../../lib/clock.ts';

const ANSWER_MILLISECONDS = 60_000;
/** Hosts may have to start containerd and fetch their certificates on a busy machine. */
const NODES_MILLISECONDS = 180_000;
const PROBE_MILLISECONDS = 50;
export const NODES_PATH = '/api/v1/nodes';

/**
 * A client of the cluster's administrator, of the first server unless told otherwise. Rejects when the server has not
 * written the kubeconfig in time.
 */
export async function adminClient(cluster: LocalCluster, clock: Clock, server?: string): Promise<RestClient> {
  const kubeconfig = server === undefined ? cluster.kubeconfig : cluster.kubeconfigOf(server);
  const deadline = clock.now() + ANSWER_MILLISECONDS;
  while (!(await exists(kubeconfig))) {
    if (clock.now() > deadline) throw new Error(`the server did not write ${kubeconfig}; see its log`);
    await sleep(clock, PROBE_MILLISECONDS);
  }
  return new RestClient({ access: await readAccess(kubeconfig), clock, userAgent: 'dure' });
}

/** Resolves when the API of every server answers. */
export async function serversReady(cluster: LocalCluster, clock: Clock, progress: Progress): Promise<void> {
  for (const server of cluster.serverNames) {
    progress(`waiting for ${server}`);
    const client = await adminClient(cluster, clock, server);
    try {
      await apiReady(client, clock);
    } finally {
      client.close();
    }
  }
}

/** Resolves when the API answers. */
export async function apiReady(client: RestClient, clock: Clock): Promise<void> {
  const deadline = clock.now() + ANSWER_MILLISECONDS;
  for (;;) {
    try {
      await client.get('/api/v1/namespaces/default');
      return;
    } catch (error) {
      if (clock.now() > deadline)
        throw new Error(`the API does not answer: ${(error as Error).message}`, { cause: error });
    }
    await sleep(clock, PROBE_MILLISECONDS);
  }
}

/** Resolves when every node of that name is ready; `progress` is told how many are. Rejects when they are not in time. */
export async function nodesReady(
  client: RestClient,
  names: readonly string[],
  clock: Clock,
  progress: Progress,
): Promise<void> {
  const nodes = new Informer<Node>({ client, path: NODES_PATH, clock });
  await nodes.start();
  try {
    await new Promise<void>((resolve, reject) => {
      const unready = (): string[] => names.filter((name) => !isReadyNode(nodes.get(name)));
      const limit = clock.after(NODES_MILLISECONDS, () => {
        reject(
          new LocalError(`not ready within ${NODES_MILLISECONDS / 1000} s: ${unready().join(', ')}; see their logs`),
        );
      });
      const look = (): void => {
        const waiting = unready();
        progress(waiting.length === 0 ? 'all nodes are ready' : `waiting for ${waiting.join(', ')}`);
        if (waiting.length > 0) return;
        limit.cancel();
        resolve();
      };
      nodes.subscribe(look);
      look();
    });
  } finally {
    await nodes.stop();
  }
}

/** What the kubeconfig of a local cluster says: one cluster, one user, all data inside. */
async function readAccess(path: string): Promise<ClusterAccess> {
  const config = parse(await readFile(path, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const { server = '', 'certificate-authority-data': authority = '' } = config.clusters[0]?.cluster ?? {};
  const { 'client-certificate-data': certificate = '', 'client-key-data': key = '' } = config.users[0]?.user ?? {};
  const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
  return { server, authority: text(authority), client: { certificate: text(certificate), key: text(key) } };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    // Not there yet: that is what is asked.
    return false;
  }
}
