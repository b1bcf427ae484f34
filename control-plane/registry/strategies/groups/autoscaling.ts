/** autoscaling */
import type { autoscalingKinds } from '../../../../api/kinds/autoscaling.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { autoscalerStrategy, autoscalerV1Strategy } from '../autoscaling.ts';

export const autoscalingStrategies: StrategiesOf<typeof autoscalingKinds> = {
  horizontalpodautoscalers: autoscalerStrategy,
  'horizontalpodautoscalers.v1': autoscalerV1Strategy,
};
