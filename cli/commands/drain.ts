import type { KubeObject } from '../../api/object.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { ApiError } from '../../lib/client/errors.ts';
import { sleep, type Timer } from '../../lib/clock.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { durationOr, integerOr, text, toggle } from '../flags.ts';
import { isNotFound } from '../get/tables.ts';
import { nodeFlags, selectNodes, setUnschedulable } from '../nodes.ts';
import { outcomeFlags } from '../outcome.ts';
import { selectedOf, type Place } from '../selection.ts';
import type { Session } from '../session.ts';
import { Deadline, untilObject, type Limit } from '../waiting.ts';
import { drainPlan, untilGivenUp, type DrainRules } from '../drain-plan.ts';

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
    skipWaitForDeleteTimeout: integerOr(
      0,
      "If a pod's DeletionTimestamp is older than N seconds, skip waiting for the pod. Must be greater than 0 to skip",
    ),
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
  const { pods, warnings, refusals } = drainPlan(items, flags, session.world.clock.date());
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
  if (!(await untilGoneOrGivenUp(place, flags.skipWaitForDeleteTimeout, session, deadline))) return;
  session.print(`pod/${name} evicted`);
}

/** Tells whether it is gone. What should have been gone for longer than `seconds` is not waited for. */
async function untilGoneOrGivenUp(place: Place, seconds: number, session: Session, limit: Limit): Promise<boolean> {
  const { clock } = session.world;
  const givenUp = new AbortController();
  let timer: Timer | undefined;
  let uid: string | undefined;
  const done = (object: KubeObject | undefined): boolean => {
    uid ??= object?.metadata.uid;
    if (object === undefined || object.metadata.uid !== uid) return true;
    const milliseconds = untilGivenUp(object, seconds, clock.date());
    if (milliseconds !== undefined) timer ??= clock.after(milliseconds, () => givenUp.abort());
    return false;
  };
  const signal = AbortSignal.any([limit.signal, givenUp.signal]);
  try {
    await untilObject(place, { what: `waiting for pod ${place.name} to be gone`, done }, session, { signal });
    return true;
  } catch (error) {
    if (!givenUp.signal.aborted) throw error;
    session.print(`pod "${place.name}" has DeletionTimestamp older than ${seconds} seconds, skipping`);
    return false;
  } finally {
    timer?.cancel();
  }
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
