/** Quotas and limit ranges, alone and as part of their namespace. */
import type { LimitRange, LimitRangeItem, ResourceQuota } from '../../api/types/core.v1.ts';
import { tableLines, underlined, type Lines } from './common.ts';

const SCOPES: Readonly<Record<string, string>> = {
  Terminating:
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  NotTerminating:
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  BestEffort:
    'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  NotBestEffort:
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
};

export function describeQuota(quota: ResourceQuota): Lines {
  return [
    `Name:\t${quota.metadata.name}`,
    `Namespace:\t${quota.metadata.namespace}`,
    ...scopeLines(quota, '', ' '),
    'Resource\tUsed\tHard',
    '--------\t----\t----',
    ...amountLines(quota, ''),
  ];
}

export function quotaSection(quotas: readonly ResourceQuota[]): Lines {
  if (quotas.length === 0) return ['No resource quota.'];
  const sorted = quotas.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  return [
    'Resource Quotas',
    ...sorted.flatMap((quota) => [
      `  Name:\t${quota.metadata.name}`,
      ...scopeLines(quota, '  ', ''),
      '  Resource\tUsed\tHard',
      '  --------\t---\t---',
      ...amountLines(quota, '  '),
    ]),
  ];
}

function scopeLines({ spec }: ResourceQuota, indent: string, star: string): Lines {
  const scopes = (spec.scopes ?? []).toSorted();
  if (scopes.length === 0) return [];
  const texts = scopes.flatMap((scope) => SCOPES[scope] ?? []);
  return [`${indent}Scopes:\t${scopes.join(', ')}`, ...texts.map((text) => `${indent}${star}* ${text}`)];
}

function amountLines({ status }: ResourceQuota, indent: string): Lines {
  const { hard = {}, used = {} } = status;
  const names = Object.keys(hard).toSorted();
  return names.map((name) => `${indent}${name}\t${used[name] ?? '0'}\t${hard[name]}`);
}

const RANGE_HEADS = [
  'Type',
  'Resource',
  'Min',
  'Max',
  'Default Request',
  'Default Limit',
  'Max Limit/Request Ratio',
] as const;

export function describeLimitRange(range: LimitRange): Lines {
  return [
    `Name:\t${range.metadata.name}`,
    `Namespace:\t${range.metadata.namespace}`,
    ...tableLines(RANGE_HEADS, range.spec.limits.flatMap(rangeRows), ''),
  ];
}

export function limitRangeSection(ranges: readonly LimitRange[]): Lines {
  if (ranges.length === 0) return ['No LimitRange resource.'];
  const rows = ranges.flatMap(({ spec }) => spec.limits.flatMap(rangeRows));
  return ['Resource Limits', ...[...underlined(RANGE_HEADS), ...rows].map((row) => ` ${row.join('\t')}`)];
}

function rangeRows({
  type,
  min,
  max,
  defaultRequest,
  default: limit,
  maxLimitRequestRatio,
}: LimitRangeItem): string[][] {
  const columns = [min, max, defaultRequest, limit, maxLimitRequestRatio];
  const names = new Set(columns.flatMap((column) => Object.keys(column ?? {})));
  return [...names].toSorted().map((name) => [type, name, ...columns.map((column) => column?.[name] ?? '-')]);
}
