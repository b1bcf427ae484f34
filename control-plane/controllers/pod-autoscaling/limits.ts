/** How fast and how far an autoscaler may go: stabilization windows, policies, minimum and maximum. */
import type { HorizontalPodAutoscaler, HPAScalingPolicy, HPAScalingRules } from '../../../api/types/autoscaling.v2.ts';

/** Replicas that were recommended, or by which a workload was changed, at a time in wall-clock milliseconds. */
export interface Dated {
  readonly at: number;
  readonly replicas: number;
}

/** What an autoscaler remembers of its past. */
export interface Memory {
  readonly recommendations: readonly Dated[];
  /** Replicas that were added. */
  readonly added: readonly Dated[];
  readonly removed: readonly Dated[];
}

/** What may be, and why not what was wanted. */
export interface Limited {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

export interface Wish {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly current: number;
  readonly wanted: number;
  readonly memory: Memory;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** Kubernetes' default for going down; up is not waited. */
const DOWN_SECONDS = 300;

export function minimumOf({ spec }: HorizontalPodAutoscaler): number {
  return spec.minReplicas ?? 1;
}

/** How long recommendations bear on decisions, in milliseconds: the longer of the two windows. */
export function windowOf({ spec }: HorizontalPodAutoscaler): number {
  const { up, down } = windows(spec.behavior);
  return Math.max(up, down);
}

function windows(behavior: HorizontalPodAutoscaler['spec']['behavior']): { up: number; down: number } {
  return {
    up: (behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000,
    down: (behavior?.scaleDown?.stabilizationWindowSeconds ?? DOWN_SECONDS) * 1000,
  };
}

/** The longest period of a policy, in milliseconds. */
export function periodOf({ spec: { behavior } }: HorizontalPodAutoscaler): number {
  const policies = [...(behavior?.scaleUp?.policies ?? []), ...(behavior?.scaleDown?.policies ?? [])];
  return Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds * 1000));
}

/** Neither goes down on a dip nor, where that is asked for, up on a peak. */
export function stabilize({ autoscaler, current, wanted, memory, now }: Wish): Limited {
  const { behavior } = autoscaler.spec;
  const { up, down } = windows(behavior);
  const within = (window: number): number[] =>
    memory.recommendations.filter(({ at }) => at > now - window).map(({ replicas }) => replicas);
  const lowest = Math.min(wanted, ...within(up));
  const highest = Math.max(wanted, ...within(down));
  const replicas = behavior ? Math.min(Math.max(current, lowest), highest) : highest;
  if (replicas === wanted) {
    return { replicas, reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
  }
  if (behavior && wanted >= current) {
    const message = 'recent recommendations were lower than current one, applying the lowest recent recommendation';
    return { replicas, reason: 'ScaleUpStabilized', message };
  }
  const message = 'recent recommendations were higher than current one, applying the highest recent recommendation';
  return { replicas, reason: 'ScaleDownStabilized', message };
}

const WITHIN = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const TOO_FEW = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
const TOO_MANY = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const UP_LIMIT = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const DOWN_LIMIT = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};

/** Within the minimum, the maximum and the rates. */
export function limit(wish: Wish): Limited {
  return wish.autoscaler.spec.behavior ? limitByPolicies(wish) : limitByDefault(wish);
}

/** Twice as many at once, or four. */
function limitByDefault({ autoscaler, current, wanted }: Wish): Limited {
  const { maxReplicas } = autoscaler.spec;
  const rate = Math.max(2 * current, 4);
  const lowest = minimumOf(autoscaler);
  if (wanted < lowest) return { replicas: lowest, ...TOO_FEW };
  const [highest, why] = maxReplicas > rate ? [rate, UP_LIMIT] : [maxReplicas, TOO_MANY];
  return wanted > highest ? { replicas: highest, ...why } : { replicas: wanted, ...WITHIN };
}

function limitByPolicies(wish: Wish): Limited {
  const { autoscaler, current, wanted } = wish;
  const { maxReplicas, behavior } = autoscaler.spec;
  if (wanted > current) {
    const rate = Math.max(current, reach(behavior?.scaleUp, wish, 1));
    const [highest, why] = maxReplicas > rate ? [rate, UP_LIMIT] : [maxReplicas, TOO_MANY];
    return wanted > highest ? { replicas: highest, ...why } : { replicas: wanted, ...WITHIN };
  }
  if (wanted < current) {
    const rate = Math.min(current, reach(behavior?.scaleDown, wish, -1));
    const minimum = minimumOf(autoscaler);
    const [lowest, why] = minimum < rate ? [rate, DOWN_LIMIT] : [minimum, TOO_FEW];
    return wanted < lowest ? { replicas: lowest, ...why } : { replicas: wanted, ...WITHIN };
  }
  return { replicas: wanted, ...WITHIN };
}

/** How far the policies let it go up (1) or down (-1). */
function reach({ selectPolicy, policies = [] }: HPAScalingRules = {}, wish: Wish, direction: 1 | -1): number {
  if (selectPolicy === 'Disabled' || policies.length === 0) return wish.current;
  const reaches = policies.map((policy) => reachOf(policy, wish, direction));
  // The smallest change: the lowest number going up, the highest going down.
  const isLowest = (selectPolicy === 'Min') === (direction === 1);
  return isLowest ? Math.min(...reaches) : Math.max(...reaches);
}

/** From what there was when the policy's period began. */
function reachOf({ type, value, periodSeconds }: HPAScalingPolicy, wish: Wish, direction: 1 | -1): number {
  const { current, memory, now } = wish;
  const within = (changes: readonly Dated[]): number =>
    changes.filter(({ at }) => at > now - periodSeconds * 1000).reduce((total, { replicas }) => total + replicas, 0);
  const before = current - within(memory.added) + within(memory.removed);
  if (type === 'Pods') return before + direction * value;
  const share = before * (1 + (direction * value) / 100);
  return direction === 1 ? Math.ceil(share) : Math.trunc(share);
}
