/** Columns of autoscalers. */
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../types/autoscaling.v2.ts';
import type { KubeObject } from '../object.ts';
import type { Scale } from '../types/autoscaling.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';

const MAX_SHOWN = 2;
const UNKNOWN = '<unknown>';

/** `cpu: 40%/80%, 3/5 (avg) + 1 more...`, what is measured and what is aimed at. */
function targetsOf({ spec: { metrics = [] }, status }: HorizontalPodAutoscaler): string {
  if (metrics.length === 0) return '<none>';
  const current = (status as Partial<HorizontalPodAutoscaler['status']>).currentMetrics ?? [];
  const shown = metrics.map((metric, index) => targetOf(metric, current[index]));
  const text = shown.slice(0, MAX_SHOWN).join(', ');
  return shown.length > MAX_SHOWN ? `${text} + ${shown.length - MAX_SHOWN} more...` : text;
}

function targetOf({ type, ...spec }: MetricSpec, status: MetricStatus | undefined): string {
  switch (type) {
    case 'External':
      return valueOf(spec.external?.target, status?.external?.current);
    case 'Object':
      return valueOf(spec.object?.target, status?.object?.current);
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${spec.pods?.target.averageValue ?? ''}`;
    case 'Resource':
      return `${spec.resource?.name}: ${shareOf(spec.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource': {
      const { name, target } = spec.containerResource ?? {};
      return `${name}: ${shareOf(target, status?.containerResource?.current)}`;
    }
    default:
      return '<unknown type>';
  }
}

function valueOf(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current?.value ?? UNKNOWN}/${target?.value ?? ''}`;
}

function shareOf(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  return `${percent(current?.averageUtilization) ?? UNKNOWN}/${percent(target?.averageUtilization) ?? '<auto>'}`;
}

function percent(share: number | undefined): string | undefined {
  return share === undefined ? undefined : `${share}%`;
}

export const autoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  {
    name: 'Reference',
    description: 'What it scales.',
    cell: ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`,
  },
  { name: 'Targets', description: 'What is measured, and what it aims at.', cell: targetsOf },
  {
    name: 'MinPods',
    description: 'The fewest pods there may be.',
    cell: ({ spec }) => String(spec.minReplicas ?? '<unset>'),
  },
  { name: 'MaxPods', description: 'The most pods there may be.', cell: ({ spec }) => spec.maxReplicas },
  { name: 'Replicas', description: 'Pods there are.', cell: ({ status }) => status.currentReplicas ?? 0 },
  ageColumn,
];

/** Of the subresource that workloads are scaled by. Columns of objects whose type is not known, as those of definitions are. */
export const scaleColumns: readonly Column<KubeObject>[] = [
  nameColumn,
  {
    name: 'Desired',
    type: 'integer',
    description: 'Pods there should be.',
    cell: (scale) => (scale as Scale).spec.replicas ?? 0,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'Pods there are.',
    cell: (scale) => (scale as Scale).status.replicas,
  },
  ageColumn,
];
