/** Autoscalers. What is true of them is said of the newer version; the older one is judged as what it becomes. */
import { autoscalerToV2 } from '../../../api/conversion/autoscaling.ts';
import { defaultAutoscaler, defaultAutoscalerV1 } from '../../../api/defaults/autoscaling.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../../api/types/autoscaling.v1.ts';
import type { HorizontalPodAutoscaler } from '../../../api/types/autoscaling.v2.ts';
import { validateAutoscaler, validateAutoscalerStatus } from '../../../api/validation/autoscaling.ts';
import type { Strategy } from '../strategy.ts';

export const autoscalerStrategy: Strategy<HorizontalPodAutoscaler> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultAutoscaler,
  prepareForCreate(autoscaler) {
    autoscaler.status = { desiredReplicas: 0, currentMetrics: [] };
  },
  validate: validateAutoscaler,
  validateStatusUpdate: validateAutoscalerStatus,
};

export const autoscalerV1Strategy: Strategy<AutoscalerV1> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultAutoscalerV1,
  prepareForCreate(autoscaler) {
    autoscaler.status = { currentReplicas: 0, desiredReplicas: 0 };
  },
  validate: (autoscaler) => validateAutoscaler(autoscalerToV2(autoscaler)),
  validateStatusUpdate: (autoscaler) => validateAutoscalerStatus(autoscalerToV2(autoscaler)),
};
