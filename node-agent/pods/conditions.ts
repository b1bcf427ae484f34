/** A pod's conditions, from the statuses of its containers. */
import { formatTime } from '../../api/machinery/time.ts';
import type { Container, ContainerStatus, Pod, PodCondition } from '../../api/types/core.v1.ts';
import { sidecarsOf } from './container-kind.ts';

export interface ConditionFacts {
  readonly pod: Pod;
  readonly phase: string;
  readonly inits: readonly ContainerStatus[];
  readonly apps: readonly ContainerStatus[];
  /** Whether there is a sandbox, with its network. */
  readonly hasSandbox: boolean;
  readonly before: readonly PodCondition[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const TRUE: Verdict = { status: 'True' };
/** Those that the node decides. */
export const OWN_CONDITIONS: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
];

/** What others have set (readiness gates, DisruptionTarget) stays. */
export function conditionsOf(facts: ConditionFacts): PodCondition[] {
  const containersReady = judgeContainers(facts);
  const verdicts: Record<string, Verdict> = {
    PodReadyToStartContainers: facts.hasSandbox ? TRUE : { status: 'False' },
    Initialized: judgeInits(facts),
    Ready: judgePod(facts, containersReady),
    ContainersReady: containersReady,
    PodScheduled: TRUE,
  };
  const own = OWN_CONDITIONS.map((type) => stamp(facts, type, verdicts[type] ?? TRUE));
  return [...own, ...facts.before.filter(({ type }) => !OWN_CONDITIONS.includes(type))];
}

/** Whether what comes after an init container or sidecar of this status may start. */
export function isThrough(pod: Pod, { name, ready, started }: ContainerStatus): boolean {
  return isNamed(sidecarsOf(pod), name) ? started === true : ready;
}

function isNamed(containers: readonly Container[], name: string): boolean {
  return containers.some((container) => container.name === name);
}

function judgeInits({ pod, inits, apps, phase }: ConditionFacts): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const hasBegun = apps.some(({ state, lastState }) => state.running ?? state.terminated ?? lastState.terminated);
  const open = hasBegun ? [] : inits.filter((each) => !isThrough(pod, each)).map(({ name }) => name);
  if (open.length === 0) return TRUE;
  const message = `containers with incomplete status: [${open.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function judgeContainers({ pod, inits, apps, phase }: ConditionFacts): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = inits.filter(({ name }) => isNamed(sidecarsOf(pod), name));
  const unready = [...sidecars, ...apps].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return TRUE;
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotReady', message };
}

function judgePod({ pod, before }: ConditionFacts, containersReady: Verdict): Verdict {
  if (containersReady.status !== 'True') return containersReady;
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = before.find(({ type }) => type === conditionType);
    if (!condition) return `corresponding condition of pod readiness gate "${conditionType}" does not exist.`;
    if (condition.status === 'True') return [];
    return `the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`;
  });
  if (messages.length === 0) return TRUE;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

/** The time of the last transition changes with the status only. */
function stamp({ pod, before, now }: ConditionFacts, type: string, verdict: Verdict): PodCondition {
  const known = before.find((condition) => condition.type === type);
  const isSame = known?.status === verdict.status;
  const lastTransitionTime = (isSame ? known.lastTransitionTime : undefined) ?? formatTime(now);
  const { generation } = pod.metadata;
  return { type, ...verdict, lastTransitionTime, ...(generation !== undefined && { observedGeneration: generation }) };
}
