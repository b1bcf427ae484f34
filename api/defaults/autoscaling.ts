/** Defaults of autoscalers. */
import { DEFAULT_UTILIZATION, processorMetric } from '../conversion/autoscaling.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../types/autoscaling.v1.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../types/autoscaling.v2.ts';

/** Twice as many, or four more, every 15 s. */
const UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DOWN: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

export function defaultAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
  autoscaler.spec ??= {} as HorizontalPodAutoscaler['spec'];
  autoscaler.status ??= { desiredReplicas: 0, currentMetrics: [] };
  const { spec } = autoscaler;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) spec.metrics = [processorMetric(DEFAULT_UTILIZATION)];
  if (!spec.behavior) return;
  spec.behavior.scaleUp = { ...structuredClone(UP), ...spec.behavior.scaleUp };
  spec.behavior.scaleDown = { ...structuredClone(DOWN), ...spec.behavior.scaleDown };
}

export function defaultAutoscalerV1(autoscaler: AutoscalerV1): void {
  autoscaler.spec ??= {} as AutoscalerV1['spec'];
  autoscaler.status ??= { currentReplicas: 0, desiredReplicas: 0 };
  autoscaler.spec.minReplicas ??= 1;
}
