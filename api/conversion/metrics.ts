/**
 * Metrics of autoscalers, as autoscaling/v1 writes them into annotations. What is read from there was written by anybody:
 * every value is looked at before it is believed.
 */
import type { LabelSelector } from '../types/meta.v1.ts';
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../types/autoscaling.v2.ts';
import { present } from './present.ts';

type Source = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<string, string>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
  External: 'external',
};

export function metricToV1({ type, ...rest }: MetricSpec): Source {
  const sources = Object.entries(rest).map(([field, source]) => [field, sourceToV1(field, source as never)]);
  return { type, ...Object.fromEntries(sources) };
}

function sourceToV1(
  field: string,
  source: {
    name?: string;
    container?: string;
    metric?: { name: string; selector?: LabelSelector };
    target: MetricTarget;
    describedObject?: object;
  },
): Source {
  const { metric, target } = source;
  switch (field) {
    case 'object':
      return present({
        target: source.describedObject,
        metricName: metric?.name,
        targetValue: target.value ?? '0',
        selector: metric?.selector,
        averageValue: target.averageValue,
      });
    case 'pods':
      return present({
        metricName: metric?.name,
        targetAverageValue: target.averageValue ?? '0',
        selector: metric?.selector,
      });
    case 'external':
      return present({
        metricName: metric?.name,
        metricSelector: metric?.selector,
        targetValue: target.value,
        targetAverageValue: target.averageValue,
      });
    default:
      return present({
        name: source.name,
        targetAverageUtilization: target.averageUtilization,
        targetAverageValue: target.averageValue,
        container: source.container,
      });
  }
}

/** undefined for what is no metric. */
export function metricFromV1(value: unknown): MetricSpec | undefined {
  const { type, ...rest } = record(value);
  if (typeof type !== 'string') return undefined;
  const sources = Object.values(FIELDS)
    .filter((field) => isRecord(rest[field]))
    .map((field) => [field, sourceFromV1(field, record(rest[field]))]);
  return { type, ...Object.fromEntries(sources) } as MetricSpec;
}

function sourceFromV1(field: string, source: Source): object {
  const metric = present({
    name: text(source['metricName']) ?? '',
    selector: selector(source['selector'] ?? source['metricSelector']),
  });
  const target = targetFromV1(field, source);
  switch (field) {
    case 'object':
      return { describedObject: reference(source['target']), metric, target };
    case 'pods':
    case 'external':
      return { metric, target };
    default:
      return present({ name: text(source['name']) ?? '', container: text(source['container']), target });
  }
}

function targetFromV1(field: string, source: Source): object {
  const value = text(source['targetValue']);
  const averageValue = text(source[field === 'object' ? 'averageValue' : 'targetAverageValue']);
  const averageUtilization = integer(source['targetAverageUtilization']);
  if (field === 'pods') return present({ type: 'AverageValue', averageValue });
  if (field === 'object') {
    return present({ type: averageValue === undefined ? 'Value' : 'AverageValue', value, averageValue });
  }
  if (field === 'external') {
    return present({ type: value === undefined ? 'AverageValue' : 'Value', value, averageValue });
  }
  const type = averageUtilization === undefined ? 'AverageValue' : 'Utilization';
  return present({ type, averageValue, averageUtilization });
}

export function currentToV1({ type, ...rest }: MetricStatus): Source {
  const sources = Object.entries(rest).map(([field, source]) => [field, currentSourceToV1(field, source as never)]);
  return { type, ...Object.fromEntries(sources) };
}

function currentSourceToV1(
  field: string,
  source: {
    name?: string;
    container?: string;
    metric?: { name: string; selector?: LabelSelector };
    current: MetricValueStatus;
    describedObject?: object;
  },
): Source {
  const { metric, current } = source;
  switch (field) {
    case 'object':
      return present({
        target: source.describedObject,
        metricName: metric?.name,
        currentValue: current.value ?? '0',
        selector: metric?.selector,
        averageValue: current.averageValue,
      });
    case 'pods':
      return present({
        metricName: metric?.name,
        currentAverageValue: current.averageValue ?? '0',
        selector: metric?.selector,
      });
    case 'external':
      return present({
        metricName: metric?.name,
        metricSelector: metric?.selector,
        currentValue: current.value ?? '0',
        currentAverageValue: current.averageValue,
      });
    default:
      return present({
        name: source.name,
        currentAverageUtilization: current.averageUtilization,
        currentAverageValue: current.averageValue ?? '0',
        container: source.container,
      });
  }
}

/** undefined for what is no metric. */
export function currentFromV1(value: unknown): MetricStatus | undefined {
  const { type, ...rest } = record(value);
  if (typeof type !== 'string') return undefined;
  const sources = Object.values(FIELDS)
    .filter((field) => isRecord(rest[field]))
    .map((field) => [field, currentSourceFromV1(field, record(rest[field]))]);
  return { type, ...Object.fromEntries(sources) } as MetricStatus;
}

function currentSourceFromV1(field: string, source: Source): object {
  const metric = present({
    name: text(source['metricName']) ?? '',
    selector: selector(source['selector'] ?? source['metricSelector']),
  });
  const current = present({
    value: text(source['currentValue']),
    averageValue: text(source[field === 'object' ? 'averageValue' : 'currentAverageValue']),
    averageUtilization: integer(source['currentAverageUtilization']),
  });
  switch (field) {
    case 'object':
      return { describedObject: reference(source['target']), metric, current };
    case 'pods':
    case 'external':
      return { metric, current };
    default:
      return present({ name: text(source['name']) ?? '', container: text(source['container']), current });
  }
}

function reference(value: unknown): object {
  const { kind, name, apiVersion } = record(value);
  return present({ kind: text(kind) ?? '', name: text(name) ?? '', apiVersion: text(apiVersion) });
}

function selector(value: unknown): LabelSelector | undefined {
  if (!isRecord(value)) return undefined;
  const labels = Object.entries(record(value['matchLabels'])).filter(([, label]) => typeof label === 'string');
  const expressions: unknown[] = Array.isArray(value['matchExpressions']) ? value['matchExpressions'] : [];
  return present({
    matchLabels: labels.length > 0 ? Object.fromEntries(labels as [string, string][]) : undefined,
    matchExpressions: expressions.length > 0 ? expressions.map(expression) : undefined,
  });
}

function expression(value: unknown): { key: string; operator: string; values?: string[] } {
  const { key, operator, values } = record(value);
  const texts = Array.isArray(values) ? values.filter((each) => typeof each === 'string') : undefined;
  return { key: text(key) ?? '', operator: text(operator) ?? '', ...(texts ? { values: texts } : {}) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function integer(value: unknown): number | undefined {
  return Number.isInteger(value) ? (value as number) : undefined;
}

export function isRecord(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function record(value: unknown): Source {
  return isRecord(value) ? value : {};
}
