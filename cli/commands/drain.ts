import type { Pod } from '../../api/types/core.v1.ts';
import { ApiError } from '../../lib/client/errors.ts';
import { sleep } from '../../lib/clock.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { durationOr, integerOr, text, toggle } from '../flags.ts';
import { isNotFound } from '../get/tables.ts';
import { nodeFlags, selectNodes, setUnschedulable } from '../nodes.ts';
import { outcomeFlags } from '../outcome.ts';
import { selectedOf } from '../selection.ts';
import type { Session } from '../session.ts';
import { Deadline, untilGone } from '../waiting.ts';
import { drainPlan, type DrainRules } from '../drain-plan.ts';

const RETRY_MILLISECONDS = 5000;

export const command = defineCommand({
  summary: 'Drain node in preparation for maintenance',
  usage: 'NODE',
  examples: ['dure drain n1 --ignore-daemonsets --delete-emptydir-data'],
  flags: {
    ...nodeFlags,
    dryRun: outcomeFlags.dryRun,
    deleteEmptydirData: toggle('Continue even if there are pods using emptyDir'),
    disableEviction: toggle('Force drain to use delete, even if eviction is supported'),
    force: toggle('Continue even if there are pods that do not declare a controller'),
    gracePeriod: integerOr(-1, 'Period of time in seconds given to each pod to terminate gracefully'),
    ignoreDaemonsets: toggle('Ignore DaemonSet-managed pods'),
    podSelector: text('Label selector to filter pods on the node'),
    timeout: durationOr(0, 'The length of time to wait before giving up, zero means infinite'),
  },
  async run({ args, flags, session }) {
    const nodes = await selectNodes(args, flags.selector, session);
    const deadline = new Deadline({ milliseconds: flags.timeout, clock: session.world.clock });
    await forEachAttempt(nodes, async (node) => {
      await setUnschedulable(node, true, flags, session);
      const pods = await podsOn(node.name, flags, session);
      if (flags.dryRun === 'none') {
        await Promise.all(pods.map((pod) => remove(pod, flags, deadline, session)));
      } else
        for (const pod of pods) session.print(`evicting pod ${pod.metadata.namespace}/${pod.metadata.name} (dry run)`);
      session.print(`node/${node.name} drained${flags.dryRun === 'none' ? '' : ' (dry run)'}`);
    });
  },
});

interface Flags extends DrainRules {
  readonly podSelector: string | undefined;
  readonly gracePeriod: number;
  readonly disableEviction: boolean;
}

async function podsOn(name: string, flags: Flags, session: Session): Promise<readonly Pod[]> {
  const query = { fieldSelector: `spec.nodeName=${name}`, labelSelector: flags.podSelector };
  const { items } = await (await session.client()).list<Pod>('/api/v1/pods', { query });
  const { pods, warnings, refusals } = drainPlan(items, flags);
  if (refusals.length > 0)
    throw new CommandError(`unable to drain node "${name}" due to error: ${refusals.join(', ')}`);
  if (warnings.length > 0) session.warn(`Warning: ${warnings.join('; ')}`);
  return pods;
}

/** Evicts, again and again while the disruption would be too much, and waits until the pod is gone. */
async function remove(pod: Pod, flags: Flags, deadline: Deadline, session: Session): Promise<void> {
  const { namespace, name = '' } = pod.metadata;
  const place = selectedOf(await (await session.discovery()).find('pods'), pod);
  for (;;) {
    session.print(`evicting pod ${namespace}/${name}`);
    try {
      await evict(place.path, pod, flags, session);
      break;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof ApiError && error.reason === 'TooManyRequests')) throw error;
      session.warn(`error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${error.message}`);
      await sleep(session.world.clock, RETRY_MILLISECONDS, deadline.signal);
    }
  }
  await untilGone(place, session, deadline);
  session.print(`pod/${name} evicted`);
}

async function evict(path: string, { metadata }: Pod, flags: Flags, session: Session): Promise<void> {
  const client = await session.client();
  const deleteOptions = {
    ...(flags.gracePeriod < 0 ? {} : { gracePeriodSeconds: flags.gracePeriod }),
    preconditions: { uid: metadata.uid },
  };
  if (flags.disableEviction) return client.delete(path, { kind: 'DeleteOptions', apiVersion: 'v1', ...deleteOptions });
  const { name, namespace } = metadata;
  await client.create(`${path}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions,
  });
}
