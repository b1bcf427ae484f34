/** autoscaling */
import { autoscalerToV2 } from '../../conversion/autoscaling.ts';
import type { autoscalingKinds } from '../../kinds/autoscaling.ts';
import type { HorizontalPodAutoscaler } from '../../types/autoscaling.v1.ts';
import { autoscalerColumns } from '../autoscaling.ts';
import type { ColumnsOf } from '../columns.ts';

export const autoscalingColumns: ColumnsOf<typeof autoscalingKinds> = {
  horizontalpodautoscalers: autoscalerColumns,
  'horizontalpodautoscalers.v1': autoscalerColumns.map((column) => ({
    ...column,
    cell: (autoscaler: HorizontalPodAutoscaler, now) => column.cell(autoscalerToV2(autoscaler), now),
  })),
};
