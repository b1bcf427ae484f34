/** What a job's `podFailurePolicy` says of a pod that has failed. The first rule that matches decides. */
import type {
  Job,
  PodFailurePolicyOnExitCodesRequirement as ExitCodes,
  PodFailurePolicyOnPodConditionsPattern as ConditionPattern,
  PodFailurePolicyRule,
} from '../../../api/types/batch.v1.ts';
import type { ContainerStatus, Pod } from '../../../api/types/core.v1.ts';

export interface Judgement {
  readonly action: 'Count' | 'Ignore' | 'FailIndex' | 'FailJob';
  /** What to tell of it, in Kubernetes' words. */
  readonly why: string;
}

export function judgeFailure({ spec }: Job, pod: Pod): Judgement {
  for (const [position, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const what = matched(rule, pod);
    if (what === undefined) continue;
    return {
      action: rule.action as Judgement['action'],
      why: `${what} matching ${rule.action} rule at index ${position}`,
    };
  }
  return { action: 'Count', why: '' };
}

function matched({ onExitCodes, onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes) {
    const container = containerWith(onExitCodes, pod);
    return container && `Container ${container.name} for pod ${name} failed with exit code ${container.exitCode}`;
  }
  const condition = pod.status.conditions?.find((each) => onPodConditions.some((pattern) => isLike(each, pattern)));
  return condition && `Pod ${name} has condition ${condition.type}`;
}

function isLike(condition: ConditionPattern, pattern: ConditionPattern): boolean {
  return condition.type === pattern.type && condition.status === pattern.status;
}

function containerWith(wanted: ExitCodes, { status }: Pod): { name: string; exitCode: number } | undefined {
  const all: ContainerStatus[] = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  for (const { name, state } of all) {
    const exitCode = state?.terminated?.exitCode ?? 0;
    const isMeant = wanted.containerName === undefined || wanted.containerName === name;
    if (isMeant && exitCode !== 0 && wanted.values.includes(exitCode) === (wanted.operator === 'In')) {
      return { name, exitCode };
    }
  }
  return undefined;
}
