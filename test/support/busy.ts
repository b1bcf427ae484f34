/** Keeps every core of every host busy with pods of the cluster itself, and counts who is taken for lost for it. */
import { IMAGES } from '../../cli/local/images.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { availableParallelism } from 'node:os';
import type { Drill } from './drill.ts';
import type { Manifest } from './workload.ts';

export interface BusyRun {
  readonly seconds: number;
  /** Times that a node was seen not to be ready. */
  readonly lostNodes: readonly string[];
  /** Pods of the service that were replaced or started again. */
  readonly replacedPods: number;
  readonly requests: number;
  readonly failedRequests: number;
}

function burner(node: string): Manifest {
  const burn = 'trap "exit 0" TERM; for each in $(seq "$CORES"); do yes > /dev/null & done; wait';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `burner-${node}` },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'burner',
          image: IMAGES.busybox,
          command: ['sh', '-c', burn],
          env: [{ name: 'CORES', value: String(availableParallelism()) }],
        },
      ],
    },
  };
}

export async function keepBusy(drill: Drill, seconds: number): Promise<BusyRun> {
  const { fleet, cluster } = drill;
  const before = fleet.containers();
  const lostNodes: string[] = [];
  const names = cluster.local.nodeNames;
  await fleet.create(...names.map(burner));
  const burners = names.map((name) => `pod/burner-${name}`);
  await cluster.kubectl('wait', '--for=condition=Ready', ...burners);
  const endWatch = fleet.onNodeLost((name) => lostNodes.push(name));
  const begun = Date.now();
  // What is tried is load for that long.
  await sleep(systemClock, seconds * 1000);
  endWatch();
  const requests = await drill.requestsSince(begun);
  const now = new Set(fleet.containers());
  await cluster.kubectl('delete', '--now', ...burners);
  return {
    seconds,
    lostNodes,
    replacedPods: before.filter((each) => !now.has(each)).length,
    requests: requests.length,
    failedRequests: requests.filter(({ ok }) => !ok).length,
  };
}
