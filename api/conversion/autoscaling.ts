/**
 * Autoscalers in their two versions. The older one knows one metric, the processor; all else that the newer one says goes
 * with it in annotations, so that nothing is lost on the way through a client of the older version.
 */
import type * as v1 from '../types/autoscaling.v1.ts';
import type * as v2 from '../types/autoscaling.v2.ts';
import { currentFromV1, currentToV1, isRecord, metricFromV1, metricToV1, record } from './metrics.ts';
import { present } from './present.ts';

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;
const OURS: readonly string[] = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR];
export const DEFAULT_UTILIZATION = 80;

export function autoscalerToV1(autoscaler: v2.HorizontalPodAutoscaler): v1.HorizontalPodAutoscaler {
  const { spec, status } = autoscaler;
  const { scaleTargetRef, minReplicas, maxReplicas, metrics = [], behavior } = spec;
  const others = metrics.filter((metric) => !isProcessor(metric));
  const { currentMetrics = [], conditions = [] } = status as Partial<typeof status>;
  const annotations = present({
    [METRICS]: others.length > 0 ? JSON.stringify(others.map(metricToV1)) : undefined,
    [CURRENT_METRICS]: currentMetrics.length > 0 ? JSON.stringify(currentMetrics.map(currentToV1)) : undefined,
    [CONDITIONS]: conditions.length > 0 ? JSON.stringify(conditions) : undefined,
    [BEHAVIOR]: behavior ? JSON.stringify(renamed(behavior, capitalized)) : undefined,
  });
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(autoscaler.metadata, annotations),
    spec: present({
      scaleTargetRef,
      minReplicas,
      maxReplicas,
      targetCPUUtilizationPercentage: metrics.find(isProcessor)?.resource?.target.averageUtilization,
    }) as unknown as v1.HorizontalPodAutoscalerSpec,
    status: present({
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      currentReplicas: status.currentReplicas ?? 0,
      desiredReplicas: status.desiredReplicas ?? 0,
      currentCPUUtilizationPercentage: currentMetrics.findLast(isProcessorNow)?.resource?.current.averageUtilization,
    }) as unknown as v1.HorizontalPodAutoscalerStatus,
  };
}

function isProcessor({ type, resource }: v2.MetricSpec): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
}

function isProcessorNow({ type, resource }: v2.MetricStatus): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.current.averageUtilization !== undefined;
}

export function autoscalerToV2(autoscaler: v1.HorizontalPodAutoscaler): v2.HorizontalPodAutoscaler {
  const { metadata, spec, status } = autoscaler;
  const { targetCPUUtilizationPercentage: utilization, ...kept } = spec;
  const saved = (name: string): unknown => parsed(metadata.annotations?.[name]);
  const others = list(saved(METRICS)).flatMap((metric) => metricFromV1(metric) ?? []);
  const processor = utilization === undefined ? [] : [processorMetric(utilization)];
  const metrics = [...others, ...processor];
  const behavior = saved(BEHAVIOR);
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, {}),
    spec: present({
      ...kept,
      metrics: metrics.length > 0 ? metrics : [processorMetric(DEFAULT_UTILIZATION)],
      behavior: isRecord(behavior) ? behaviorOf(renamed(behavior, uncapitalized)) : undefined,
    }) as unknown as v2.HorizontalPodAutoscalerSpec,
    status: statusToV2(status, list(saved(CURRENT_METRICS)), list(saved(CONDITIONS))),
  };
}

export function processorMetric(averageUtilization: number): v2.MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function statusToV2(
  status: v1.HorizontalPodAutoscalerStatus,
  metrics: readonly unknown[],
  conditions: readonly unknown[],
): v2.HorizontalPodAutoscalerStatus {
  const { currentCPUUtilizationPercentage: utilization, ...kept } = status;
  const saved = metrics.flatMap((metric) => currentFromV1(metric) ?? []);
  const processor: v2.MetricStatus[] =
    utilization === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: utilization } } }];
  return present({
    ...kept,
    currentMetrics: saved.length > 0 ? saved : processor,
    conditions: conditions.length > 0 ? conditions.map(conditionOf) : undefined,
  }) as unknown as v2.HorizontalPodAutoscalerStatus;
}

function conditionOf(value: unknown): v2.HorizontalPodAutoscalerCondition {
  const { type, status, lastTransitionTime, reason, message } = record(value);
  const texts = Object.entries({ type, status, lastTransitionTime, reason, message });
  return {
    type: '',
    status: '',
    ...Object.fromEntries(texts.filter(([, text]) => typeof text === 'string')),
  };
}

function behaviorOf(value: unknown): v2.HorizontalPodAutoscalerBehavior {
  const { scaleUp, scaleDown } = record(value);
  return present({ scaleUp: rulesOf(scaleUp), scaleDown: rulesOf(scaleDown) });
}

function rulesOf(value: unknown): v2.HPAScalingRules | undefined {
  if (!isRecord(value)) return undefined;
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = value;
  return present({
    stabilizationWindowSeconds: typeof window === 'number' ? window : undefined,
    selectPolicy: typeof selectPolicy === 'string' ? selectPolicy : undefined,
    policies: Array.isArray(policies) ? policies.map(policyOf) : undefined,
    tolerance: typeof tolerance === 'string' ? tolerance : undefined,
  });
}

function policyOf(value: unknown): v2.HPAScalingPolicy {
  const { type, value: amount, periodSeconds } = record(value);
  return {
    type: typeof type === 'string' ? type : '',
    value: typeof amount === 'number' ? amount : 0,
    periodSeconds: typeof periodSeconds === 'number' ? periodSeconds : 0,
  };
}

function withAnnotations<M extends { annotations?: Record<string, string> }>(
  metadata: M,
  added: Record<string, string | undefined>,
): M {
  const { annotations, ...rest } = metadata;
  const kept = Object.entries(annotations ?? {}).filter(([name]) => !OURS.includes(name));
  const all = { ...Object.fromEntries(kept), ...added };
  return (Object.keys(all).length > 0 ? { ...rest, annotations: all } : rest) as M;
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Anybody may write an annotation; one that is no JSON says nothing.
    return undefined;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The behavior stands there as Go writes a struct without field tags. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [rename(name), renamed(each, rename)]));
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function uncapitalized(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
