/** Whether a pod has finished for good. */
import type { Container, ContainerRestartRule, Pod } from '../../api/types/core.v1.ts';
import type { ContainerKind } from './container-kind.ts';
import { isSidecar } from './container-kind.ts';
import { containerHash } from './labels.ts';
import type { Verdict } from './memory.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
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
  if (hasInitFailed(pod, observed) || hasLostSandbox()) return { phase: 'Failed' };
  const ends = pod.spec.containers.map((container) => {
    const newest = newestOf(observed, container.name);
    return newest && !mayRestart(pod, container, 'app', newest) ? newest : undefined;
  });
  if (ends.includes(undefined)) return undefined;
  return { phase: ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed' };

  /** Containers of a pod that never restarts anything don't get a second sandbox. */
  function hasLostSandbox(): boolean {
    const newest = observed.sandboxes[0];
    if (pod.spec.restartPolicy !== 'Never' || !newest || newest.ready) return false;
    const isLost = memory.stoppedSandboxes.has(newest.id);
    return isLost && observed.containers.length > 0 && !observed.containers.some(isLive);
  }
}

function hasInitFailed(pod: Pod, observed: ObservedPod): boolean {
  return (pod.spec.initContainers ?? []).some((container) => {
    const newest = newestOf(observed, container.name);
    if (isSidecar(container) || newest?.state !== 'exited' || newest.exitCode === 0) return false;
    return !mayRestart(pod, container, 'init', newest);
  });
}

/** Whether the container is to run (again) after what was last seen of it. A changed definition overrules the policy. */
export function mayRestart(pod: Pod, container: Container, kind: ContainerKind, last: ObservedContainer): boolean {
  if (last.state !== 'exited' || kind === 'sidecar') return true;
  if (kind === 'ephemeral') return false;
  if (last.hash !== containerHash(container)) return true;
  if (container.restartPolicyRules?.some((rule) => asksForRestart(rule, last.exitCode))) return true;
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  if (policy === 'Always') return kind === 'app' || last.exitCode !== 0;
  return policy === 'OnFailure' && last.exitCode !== 0;
}

function asksForRestart({ action, exitCodes }: ContainerRestartRule, exitCode: number): boolean {
  if (action !== 'Restart' || !exitCodes) return false;
  const isNamed = exitCodes.values?.includes(exitCode) ?? false;
  return exitCodes.operator === 'In' ? isNamed : !isNamed;
}
