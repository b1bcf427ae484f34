/** autoscaling, in two versions. */
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../types/autoscaling.v1.ts';
import type { HorizontalPodAutoscaler } from '../types/autoscaling.v2.ts';
import { kind } from './kind.ts';

const horizontalpodautoscalers = kind<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  status: true,
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
});

export const autoscalingKinds = {
  horizontalpodautoscalers,
  'horizontalpodautoscalers.v1': kind<HorizontalPodAutoscalerV1>({
    group: 'autoscaling',
    version: 'v1',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    shortNames: ['hpa'],
    categories: ['all'],
    status: true,
    schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
    storedAs: horizontalpodautoscalers,
  }),
};
