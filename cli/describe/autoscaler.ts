/** Autoscalers, in their newest version. */
import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../api/types/autoscaling.v2.ts';
import type { Session } from '../session.ts';
import { eventLines, headLines, tableLines, timeText, type Lines } from './common.ts';

const UNKNOWN = '<unknown>';

export async function describeAutoscaler(asked: HorizontalPodAutoscaler, session: Session): Promise<Lines> {
  const scaler = asked.apiVersion === 'autoscaling/v2' ? asked : await newest(asked, session);
  const { metadata, spec, status } = scaler;
  const { scaleTargetRef: target, metrics = [], behavior } = spec;
  const { currentMetrics, currentReplicas = 0, desiredReplicas, conditions = [] } = status;
  return [
    ...headLines(scaler),
    `CreationTimestamp:\t${timeText(metadata.creationTimestamp)}`,
    `Reference:\t${target.kind}/${target.name}`,
    'Metrics:\t( current / target )',
    // null on the wire when there is none.
    ...metrics.map((metric, at) => `  ${metricText(metric, currentMetrics?.[at])}`),
    `Min replicas:\t${spec.minReplicas ?? '<unset>'}`,
    `Max replicas:\t${spec.maxReplicas}`,
    ...(behavior
      ? ['Behavior:', ...ruleLines('Scale Up', behavior.scaleUp), ...ruleLines('Scale Down', behavior.scaleDown)]
      : []),
    `${target.kind} pods:\t${currentReplicas} current / ${desiredReplicas} desired`,
    ...(conditions.length > 0
      ? [
          'Conditions:',
          ...tableLines(
            ['Type', 'Status', 'Reason', 'Message'],
            conditions.map(({ type, status: is, reason = '', message = '' }) => [type, is, reason, message]),
          ),
        ]
      : []),
    ...(await eventLines(scaler, session)),
  ];
}

/** The older version says nothing of most metrics. */
async function newest({ metadata }: HorizontalPodAutoscaler, session: Session): Promise<HorizontalPodAutoscaler> {
  const path = `/apis/autoscaling/v2/namespaces/${metadata.namespace}/horizontalpodautoscalers/${metadata.name}`;
  return (await session.client()).get<HorizontalPodAutoscaler>(path);
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = spec;
  if (external) return `"${external.metric.name}" ${valueText(external.target, status?.external?.current, ':\t')}`;
  if (pods) return `"${pods.metric.name}" on pods:\t${averages(pods.target, status?.pods?.current)}`;
  if (object) {
    const { metric, target, describedObject } = object;
    const where = `${describedObject.kind}/${describedObject.name}`;
    return `"${metric.name}" on ${where} ${valueText(target, status?.object?.current, ':\t')}`;
  }
  if (resource) return `resource ${resource.name} on pods${shareText(resource.target, status?.resource?.current)}`;
  if (containerResource) {
    const { name, container, target } = containerResource;
    const share = shareText(target, status?.containerResource?.current);
    return `resource ${name} of container "${container}" on pods${share}`;
  }
  return `<unknown metric type "${spec.type}">`;
}

function averages(target: MetricTarget, current: MetricValueStatus | undefined): string {
  return `${current?.averageValue ?? UNKNOWN} / ${target.averageValue ?? ''}`;
}

function valueText(target: MetricTarget, current: MetricValueStatus | undefined, separator: string): string {
  if (target.averageValue !== undefined) return `(target average value)${separator}${averages(target, current)}`;
  return `(target value)${separator}${current?.value ?? UNKNOWN} / ${target.value ?? ''}`;
}

function shareText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `:\t${averages(target, current)}`;
  const share = current?.averageUtilization;
  const now = share === undefined ? UNKNOWN : `${share}% (${current?.averageValue ?? ''})`;
  const wanted = target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`;
  return `  (as a percentage of request):\t${now} / ${wanted}`;
}

function ruleLines(title: string, rules: HPAScalingRules | undefined): Lines {
  if (!rules) return [];
  const { stabilizationWindowSeconds: window, selectPolicy = 'Max', policies = [] } = rules;
  return [
    `  ${title}:`,
    ...(window === undefined ? [] : [`    Stabilization Window: ${window} seconds`]),
    ...(policies.length > 0
      ? [
          `    Select Policy: ${selectPolicy}`,
          '    Policies:',
          ...policies.map(
            ({ type, value, periodSeconds }) =>
              `      - Type: ${type}\tValue: ${value}\tPeriod: ${periodSeconds} seconds`,
          ),
        ]
      : []),
  ];
}
