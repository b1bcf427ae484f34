import { parseQuantity } from '../../api/machinery/quantity.ts';
import type { HorizontalPodAutoscaler, MetricSpec } from '../../api/types/autoscaling.v2.ts';
import { defineCommand } from '../command.ts';
import { apiVersionOf } from '../discovery.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { integer, text } from '../flags.ts';
import { createFlags, createObject } from '../generators/create.ts';
import { selectObjects, selectionFlags } from '../selection.ts';

export const command = defineCommand({
  summary: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
  usage: '(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]',
  examples: ['dure autoscale deployment web --min=2 --max=10 --cpu=70%'],
  flags: {
    ...selectionFlags,
    ...createFlags,
    min: integer('The lower limit for the number of pods'),
    max: integer('The upper limit for the number of pods. Required'),
    cpu: text('Target CPU: a share of what is requested (70%), or an amount (500m)'),
    cpuPercent: integer('Deprecated: use --cpu with a percentage'),
    memory: text('Target memory: a share of what is requested (60%), or an amount (200Mi)'),
    name: text('The name for the newly created object'),
  },
  async run({ args, flags, session }) {
    const { min, max, cpuPercent } = flags;
    if (max === undefined) throw new CommandError('required flag(s) "max" not set');
    if (max < 1) throw new CommandError(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
    if (min !== undefined && max < min) {
      throw new CommandError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
    }
    if (cpuPercent !== undefined && flags.cpu !== undefined) {
      throw new CommandError('--cpu and --cpu-percent are mutually exclusive');
    }
    const metrics = [
      ...metricsOf('cpu', cpuPercent === undefined ? flags.cpu : `${cpuPercent}%`),
      ...metricsOf('memory', flags.memory),
    ];
    await forEachAttempt(await selectObjects(args, flags, session), async ({ resource, name }) => {
      const object: HorizontalPodAutoscaler = {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: flags.name ?? name },
        spec: {
          maxReplicas: max,
          ...(metrics.length > 0 ? { metrics } : {}),
          ...(min === undefined || min < 1 ? {} : { minReplicas: min }),
          scaleTargetRef: { apiVersion: apiVersionOf(resource), kind: resource.kind, name },
        },
        status: { currentMetrics: null, desiredReplicas: 0 } as unknown as HorizontalPodAutoscaler['status'],
      };
      await createObject(object, flags, session, 'autoscaled');
    });
  },
});

function metricsOf(name: 'cpu' | 'memory', target: string | undefined): MetricSpec[] {
  if (target === undefined) return [];
  const percent = /^(\d+)%$/.exec(target)?.[1];
  if (percent === undefined) parseQuantity(target);
  const wanted =
    percent === undefined
      ? { averageValue: target, type: 'AverageValue' }
      : { averageUtilization: Number(percent), type: 'Utilization' };
  return [{ type: 'Resource', resource: { name, target: wanted } }];
}
