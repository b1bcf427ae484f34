/** Plans for an autoscaler: how many replicas its target shall have, by what its pods use, and a status that says why. */
import { isDeepStrictEqual } from 'node:util';

import { kinds, type Kind } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import { milliOf } from '../../../api/machinery/quantity.ts';
import type { Scale } from '../../../api/types/autoscaling.v1.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from '../../../api/types/autoscaling.v2.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action, Condition, EventSeed } from '../actions.ts';
import { referenceTo, targetOf } from '../actions.ts';
import { withCondition } from '../conditions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { limit, minimumOf, stabilize, type Memory } from './limits.ts';
import { judgeMetric, type Failing, type Verdict } from './metric.ts';
import type { Tolerances } from './replicas.ts';
import type { Usages } from './usage.ts';

export interface Target {
  readonly kind: Kind;
  readonly scale: Scale;
}

export interface AutoscalerSnapshot {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly target: Target | { readonly why: string };
  /** Those that the target's selector selects; why it can't be told where the selector is none. */
  readonly pods: readonly Pod[] | { readonly why: string };
  /** Other autoscalers of the same pods, as `namespace/name`, and this one among them; none when it is alone. */
  readonly rivals: readonly string[];
  readonly usages: Usages;
  readonly memory: Memory;
  readonly isServed: (group: string) => boolean;
}

export interface AutoscalerPlan extends Plan {
  /** What the metrics call for, to be remembered. */
  readonly recommendation?: number;
  /** The change that is made, to be remembered when policies count changes. */
  readonly change?: { readonly from: number; readonly to: number };
}

export function planAutoscaler(snapshot: AutoscalerSnapshot, moment: Moment): AutoscalerPlan {
  const { autoscaler, target } = snapshot;
  const report = new Report(autoscaler, moment);
  if ('why' in target) {
    report.event('Warning', 'FailedGetScale', target.why);
    report.set('AbleToScale', 'False', 'FailedGetScale', `${UNABLE_TO_GET}: ${target.why}`);
    return { actions: report.actions({}), reasons: [target.why] };
  }
  const current = target.scale.spec?.replicas ?? 0;
  report.set('AbleToScale', 'True', 'SucceededGetScale', ABLE_TO_GET);
  const decision = decide(snapshot, target, current, moment, report);
  if (decision.failure !== undefined) {
    report.event('Warning', 'FailedComputeMetricsReplicas', decision.failure);
    return { actions: report.actions({ currentReplicas: current }), reasons: [decision.failure] };
  }
  const { replicas, because, currentMetrics, recommendation } = decision;
  const changes = replicas !== current && because !== undefined;
  if (changes) {
    const message = `the HPA controller was able to update the target scale to ${replicas}`;
    report.set('AbleToScale', 'True', 'SucceededRescale', message);
  }
  const status = {
    currentReplicas: current,
    desiredReplicas: replicas,
    currentMetrics,
    ...(changes ? { lastScaleTime: formatTime(moment.date.getTime()) } : {}),
  };
  const rescale = changes ? [rescaleAction(autoscaler, target, replicas, because)] : [];
  return {
    actions: [...rescale, ...report.actions(status)],
    reasons: [],
    ...(recommendation === undefined ? {} : { recommendation }),
    ...(changes ? { change: { from: current, to: replicas } } : {}),
  };
}

const ABLE_TO_GET = "the HPA controller was able to get the target's current scale";
const UNABLE_TO_GET = "the HPA controller was unable to get the target's current scale";

interface Decision {
  readonly replicas: number;
  /** Why it is another number than now; undefined when it stays. */
  readonly because?: string;
  readonly currentMetrics: MetricStatus[];
  readonly recommendation?: number;
  /** No number can be told. */
  readonly failure?: string;
}

function decide(
  snapshot: AutoscalerSnapshot,
  target: Target,
  current: number,
  moment: Moment,
  report: Report,
): Decision {
  const { autoscaler } = snapshot;
  const { maxReplicas } = autoscaler.spec;
  const minimum = minimumOf(autoscaler);
  const none = { currentMetrics: [] };
  if (current === 0 && minimum !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    report.set('ScalingActive', 'False', 'ScalingDisabled', message);
    return { replicas: 0, ...none };
  }
  if (current > maxReplicas) {
    return { replicas: maxReplicas, because: 'Current number of replicas above Spec.MaxReplicas', ...none };
  }
  if (current < minimum) {
    return { replicas: minimum, because: 'Current number of replicas below Spec.MinReplicas', ...none };
  }
  const called = calledFor(snapshot, target, current, moment, report);
  if (called.failure !== undefined) return called;
  const wish = { autoscaler, current, memory: snapshot.memory, now: moment.date.getTime() };
  const stable = stabilize({ ...wish, wanted: called.replicas });
  report.set('AbleToScale', 'True', stable.reason, stable.message);
  const { replicas, reason, message } = limit({ ...wish, wanted: stable.replicas });
  report.set('ScalingLimited', replicas === stable.replicas ? 'False' : 'True', reason, message);
  const { because = '' } = called;
  return { ...called, replicas, recommendation: called.replicas, because };
}

/** What the metrics call for: the most that one of them does. */
function calledFor(
  snapshot: AutoscalerSnapshot,
  { scale }: Target,
  current: number,
  { date }: Moment,
  report: Report,
): Decision {
  const { autoscaler, pods, rivals, usages, isServed } = snapshot;
  const failed = (failure: string): Decision => ({ replicas: current, currentMetrics: [], failure });
  if ('why' in pods) {
    report.event('Warning', scale.status?.selector ? 'InvalidSelector' : 'SelectorRequired', pods.why);
    const message = scale.status?.selector ? pods.why : "the HPA target's scale is missing a selector";
    report.set('ScalingActive', 'False', 'InvalidSelector', message);
    return failed(pods.why);
  }
  if (rivals.length > 1) {
    const why = `pods by selector ${scale.status?.selector} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
    report.event('Warning', 'AmbiguousSelector', why);
    report.set('ScalingActive', 'False', 'AmbiguousSelector', why);
    return failed(why);
  }
  const { namespace = '' } = autoscaler.metadata;
  const request = { pods, usages, replicas: current, tolerances: tolerancesOf(autoscaler), now: date.getTime() };
  const specs = autoscaler.spec.metrics ?? [];
  const judged = specs.map((spec) => judgeMetric(spec, { ...request, namespace, isServed }));
  const failing = judged.filter((each): each is Failing => 'what' in each);
  const verdicts = judged.filter((each): each is Verdict => !('what' in each));
  for (const { reason, why } of failing) report.event('Warning', reason, why);
  const most = verdicts.toSorted((a, b) => b.replicas - a.replicas)[0];
  const [first] = failing;
  // Who does not know everything may go up by what is known, not down.
  if (!most || (first && most.replicas < current)) {
    const { reason = '', why = '', what = '' } = first ?? {};
    report.set('ScalingActive', 'False', reason, `the HPA was unable to compute the replica count: ${why}`);
    return failed(`invalid metrics (${failing.length} invalid out of ${specs.length}), first error is: ${what}`);
  }
  const found = `the HPA was able to successfully calculate a replica count from ${most.name}`;
  report.set('ScalingActive', 'True', 'ValidMetricFound', found);
  const because = most.replicas > current ? `${most.name} above target` : 'All metrics below target';
  const currentMetrics = judged.map((each) => ('what' in each ? { type: '' } : each.status));
  return { replicas: most.replicas, because, currentMetrics };
}

/** As Kubernetes' `--horizontal-pod-autoscaler-tolerance`. */
const TOLERANCE = 0.1;

function tolerancesOf({ spec: { behavior } }: HorizontalPodAutoscaler): Tolerances {
  const share = (text: string | undefined): number => (text === undefined ? TOLERANCE : milliOf(text) / 1000);
  return { up: share(behavior?.scaleUp?.tolerance), down: share(behavior?.scaleDown?.tolerance) };
}

function rescaleAction(autoscaler: HorizontalPodAutoscaler, target: Target, replicas: number, because: string): Action {
  const { namespace = '', name = '', uid = '' } = target.scale.metadata;
  const event = eventAbout(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${because}`);
  return { do: 'set-scale', target: { kind: target.kind, namespace, name, uid }, replicas, why: because, event };
}

function eventAbout(
  autoscaler: HorizontalPodAutoscaler,
  type: EventSeed['type'],
  reason: string,
  message: string,
): EventSeed {
  return { about: referenceTo(kinds.horizontalpodautoscalers, autoscaler), type, reason, message };
}

/** Gathers conditions and events while a decision is made. */
class Report {
  private readonly autoscaler: HorizontalPodAutoscaler;
  private readonly at: string;
  private conditions: readonly HorizontalPodAutoscalerCondition[];
  private readonly events: EventSeed[] = [];

  constructor(autoscaler: HorizontalPodAutoscaler, { date }: Moment) {
    this.autoscaler = autoscaler;
    this.at = formatTime(date.getTime());
    this.conditions = autoscaler.status?.conditions ?? [];
  }

  set(type: string, status: string, reason: string, message: string): void {
    const condition: Condition = { type, status, reason, message };
    this.conditions = withCondition(this.conditions, condition, this.at);
  }

  event(type: EventSeed['type'], reason: string, message: string): void {
    this.events.push(eventAbout(this.autoscaler, type, reason, message));
  }

  /** Records the events, and writes the status if it is another one. */
  actions(changes: Partial<HorizontalPodAutoscalerStatus>): readonly Action[] {
    const { status: before } = this.autoscaler;
    const status: HorizontalPodAutoscalerStatus = {
      ...before,
      desiredReplicas: before?.desiredReplicas ?? 0,
      currentMetrics: before?.currentMetrics ?? [],
      ...changes,
      conditions: [...this.conditions],
    };
    const target = targetOf(kinds.horizontalpodautoscalers, this.autoscaler);
    const records = this.events.map((event): Action => ({ do: 'record', event, why: event.message }));
    if (isDeepStrictEqual(status, before)) return records;
    return [...records, { do: 'set-status', target, status, why: 'its status has changed' }];
  }
}

/** Says that the target's size could not be changed. */
export function reportFailure(
  autoscaler: HorizontalPodAutoscaler,
  { action, error }: Failure,
  moment: Moment,
): readonly Action[] {
  if (action.do !== 'set-scale') return [];
  const report = new Report(autoscaler, moment);
  const { message } = error;
  report.event('Warning', 'FailedRescale', `New size: ${action.replicas}; reason: ${action.why}; error: ${message}`);
  const said = `the HPA controller was unable to update the target scale: ${message}`;
  report.set('AbleToScale', 'False', 'FailedUpdateScale', said);
  return report.actions({});
}
