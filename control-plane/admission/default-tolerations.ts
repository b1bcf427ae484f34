/** Pods stay for a while on a node that is not ready or not heard of, unless they say otherwise. */
import { NODE_LOSS_TAINTS, defaultToleration } from '../../api/machinery/node-loss.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { AdmissionPlugin } from '../registry/admission.ts';

export const defaultTolerations: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: ({ kind, operation, subresource }) =>
    kind.kind === 'Pod' && operation !== 'DELETE' && subresource === undefined,
  mutate({ object }) {
    const { spec } = object as unknown as Pod;
    const own = spec.tolerations ?? [];
    const missing = NODE_LOSS_TAINTS.filter(
      (taint) => !own.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === 'NoExecute')),
    );
    if (missing.length > 0) spec.tolerations = [...own, ...missing.map(defaultToleration)];
  },
};
