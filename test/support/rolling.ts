/** Replaces all pods of a service that is being called, some at a time, and counts what its clients see of it. */
import { IMAGES } from '../../cli/local/images.ts';
import type { Drill } from './drill.ts';
import { until } from './until.ts';

/** Twelve pods, two at a time, never fewer than twelve. */
export const ROLLING = {
  replicas: 12,
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
};

export interface RollingRun {
  /** From the change of the template until the new pods, and only they, are there and ready. */
  readonly milliseconds: number;
  readonly requests: number;
  readonly failedRequests: number;
  /** Why requests failed, each reason once. */
  readonly reasons: readonly string[];
}

export async function rollTo(drill: Drill, image: keyof typeof IMAGES): Promise<RollingRun> {
  const { fleet, cluster } = drill;
  const begun = Date.now();
  await cluster.client.patch('/apis/apps/v1/namespaces/default/deployments/hello', 'strategic-merge-patch', {
    spec: { template: { spec: { containers: [{ name: 'hello', image: IMAGES[image] }] } } },
  });
  const isNew = (): boolean =>
    fleet.ready().filter(({ spec }) => spec.containers[0]?.image === IMAGES[image]).length === drill.replicas &&
    fleet.staying().length === drill.replicas;
  await until([fleet.pods], isNew, { what: 'all pods are new', instead: () => fleet.summary() });
  const milliseconds = Date.now() - begun;
  await drill.settled();
  const requests = await drill.requestsAfter(begun, 100);
  const failed = requests.filter(({ ok }) => !ok);
  return {
    milliseconds,
    requests: requests.length,
    failedRequests: failed.length,
    reasons: [...new Set(failed.map(({ text }) => text))],
  };
}
