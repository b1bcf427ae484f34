/** Whether a pod has finished for good. */
import type { Container } from '../../api/schema/types/core.v1.ts';
import { containerHash } from './labels.ts';
import type { Verdict } from './memory.ts';
import type { ObservedContainer } from './observed.ts';
import { isLive, newestOf } from './observed.ts';
import type { PlanInput } from './plan-builder.ts';

/** The verdict; or when to look again because a deadline is nearing; or undefined while the pod goes on. */
export function judge(input: PlanInput): Verdict | { wakeAt: number } | undefined {
  const { pod, now, memory } = input;
  const { phase, reason, message } = pod.status;
  if (phase === 'Succeeded' || phase === 'Failed')
    return { phase, ...(reason && { reason }), ...(message && { message }) };
  const finished = judgeContainers(input);
  if (finished) return finished;
  const seconds = pod.spec.activeDeadlineSeconds;
  if (seconds === undefined) return undefined;
  const end = memory.startedAt + seconds * 1000;
  if (end > now) return { wakeAt: end };
  return {
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  };
}

function judgeContainers({ pod, observed, memory }: PlanInput): Verdict | undefined {
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (policy === 'Always') return undefined;
  if (policy === 'Never' && (hasInitFailed(pod.spec.initContainers ?? [], observed.containers) || hasLostSandbox())) {
    return { phase: 'Failed' };
  }
  const ends = pod.spec.containers.map((container) => {
    const newest = newestOf(observed, container.name);
    return newest && !mayRestart(policy, container, newest) ? newest : undefined;
  });
  if (ends.includes(undefined)) return undefined;
  return { phase: ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed' };

  /** Containers of a pod that never restarts anything don't get a second sandbox. */
  function hasLostSandbox(): boolean {
    const newest = observed.sandboxes[0];
    const isLost = newest !== undefined && !newest.ready && memory.stoppedSandboxes.has(newest.id);
    return isLost && observed.containers.length > 0 && !observed.containers.some(isLive);
  }
}

function hasInitFailed(inits: readonly Container[], containers: readonly ObservedContainer[]): boolean {
  return inits.some(({ name }) => {
    const newest = containers.find((container) => container.name === name);
    return newest?.state === 'exited' && newest.exitCode !== 0;
  });
}

/** Whether the container is to run (again) after what was last seen of it. A changed definition overrules the policy. */
export function mayRestart(policy: string, container: Container, last: ObservedContainer): boolean {
  if (last.state !== 'exited') return true;
  if (policy === 'Always' || last.hash !== containerHash(container)) return true;
  return policy === 'OnFailure' && last.exitCode !== 0;
}
