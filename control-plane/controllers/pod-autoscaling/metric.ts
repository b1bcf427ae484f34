/** What one metric of an autoscaler says: how many replicas it calls for, its status, and what is wrong with it. */
import { formatQuantity, milliOf } from '../../../api/machinery/quantity.ts';
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../../api/types/autoscaling.v2.ts';
import type { LabelSelector } from '../../../api/types/meta.v1.ts';
import { byAverage, byUtilization, type Demand, type Proposal, type Unknowable } from './replicas.ts';
import type { Measured } from './usage.ts';

export interface Verdict {
  readonly replicas: number;
  /** As events name it. */
  readonly name: string;
  readonly status: MetricStatus;
}

export interface Failing {
  /** Of the condition and the event. */
  readonly reason: string;
  /** As the condition and the event have it. */
  readonly why: string;
  /** As the failure of the autoscaler as a whole has it. */
  readonly what: string;
}

export interface MetricRequest extends Omit<Demand, 'measured'> {
  readonly namespace: string;
  /** Whether an API service serves a group of metrics that only adapters have. */
  readonly isServed: (group: string) => boolean;
}

export function judgeMetric(spec: MetricSpec, request: MetricRequest): Verdict | Failing {
  const { resource, containerResource } = spec;
  if (spec.type === 'Resource' && resource) {
    const measured = { resource: resource.name, container: '' };
    const judged = judgeUsage(resource.target, measured, request);
    if ('why' in judged) {
      const what = `failed to get ${resource.name} resource metric value: ${judged.why}`;
      return { reason: 'FailedGetResourceMetric', why: judged.why, what };
    }
    const { current, replicas, kind } = judged;
    const status = { type: spec.type, resource: { name: resource.name, current } };
    return { replicas, name: `${resource.name} resource${kind}`, status };
  }
  if (spec.type === 'ContainerResource' && containerResource) {
    const { name, container, target } = containerResource;
    const judged = judgeUsage(target, { resource: name, container }, request);
    if ('why' in judged) {
      const what = `failed to get ${container} container metric value: ${judged.why}`;
      return { reason: 'FailedGetContainerResourceMetric', why: judged.why, what };
    }
    const { current, replicas, kind } = judged;
    const status = { type: spec.type, containerResource: { name, container, current } };
    return { replicas, name: kind === '' ? `${name} resource` : `${name} container resource${kind}`, status };
  }
  return unserved(spec, request);
}

interface Judged {
  readonly replicas: number;
  readonly current: MetricValueStatus;
  /** What the name of the metric ends with. */
  readonly kind: string;
}

function judgeUsage(target: MetricTarget, measured: Measured, request: MetricRequest): Judged | Unknowable {
  const { resource } = measured;
  const demand = { ...request, measured };
  if (target.averageValue !== undefined) {
    const proposal = byAverage(demand, milliOf(target.averageValue));
    if ('why' in proposal) return { why: `failed to get ${resource} usage: ${proposal.why}` };
    return { replicas: proposal.replicas, current: { averageValue: quantityOf(proposal) }, kind: '' };
  }
  if (target.averageUtilization === undefined) {
    const why =
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set';
    return { why };
  }
  const proposal = byUtilization(demand, target.averageUtilization);
  if ('why' in proposal) return { why: `failed to get ${resource} utilization: ${proposal.why}` };
  const { utilization = 0 } = proposal;
  const current = { averageUtilization: utilization, averageValue: quantityOf(proposal) };
  return { replicas: proposal.replicas, current, kind: ' utilization (percentage of request)' };
}

function quantityOf({ average }: Proposal): string {
  return formatQuantity({ nanos: BigInt(average) * 1_000_000n, format: 'DecimalSI' });
}

const CUSTOM = 'custom.metrics.k8s.io';
const EXTERNAL = 'external.metrics.k8s.io';

/** Metrics that only adapters have. */
function unserved({ type, object, pods, external }: MetricSpec, request: MetricRequest): Failing {
  if (type === 'External' && external) {
    const { name, selector } = external.metric;
    const subject = `external metric ${request.namespace}/${name}/${selectorText(selector)}`;
    const cause = request.isServed(EXTERNAL)
      ? 'metrics of adapters are not read here'
      : `the server could not find the requested resource (get ${name}.${EXTERNAL})`;
    const why = `unable to get ${subject}: unable to fetch metrics from external metrics API: ${cause}`;
    return { reason: 'FailedGetExternalMetric', why, what: `failed to get ${name} external metric value: ${why}` };
  }
  const cause = request.isServed(CUSTOM)
    ? 'metrics of adapters are not read here'
    : `no custom metrics API (${CUSTOM}) registered`;
  const fetched = `unable to fetch metrics from custom metrics API: ${cause}`;
  if (type === 'Pods' && pods) {
    const why = `unable to get metric ${pods.metric.name}: ${fetched}`;
    return { reason: 'FailedGetPodsMetric', why, what: `failed to get pods metric value: ${why}` };
  }
  if (type === 'Object' && object) {
    const { metric, describedObject } = object;
    const subject = `${describedObject.kind} on ${request.namespace} ${describedObject.name}`;
    const why = `unable to get metric ${metric.name}: ${subject}/${fetched}`;
    return { reason: 'FailedGetObjectMetric', why, what: `failed to get object metric value: ${why}` };
  }
  const why = `unknown metric source type ${JSON.stringify(type)}`;
  return { reason: 'InvalidMetricSourceType', why, what: why };
}

/** As Go prints one. */
function selectorText(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],}`,
  );
  const list = `[]LabelSelectorRequirement{${expressions.join('')}}`;
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join(' ')}},MatchExpressions:${list},}`;
}
