/** scheduling.k8s.io */
import type { PriorityClass } from '../types/scheduling.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'scheduling.k8s.io';
const TYPES = 'io.k8s.api.scheduling.v1';

export const schedulingKinds = {
  priorityclasses: kind<PriorityClass>({
    group: GROUP,
    kind: 'PriorityClass',
    plural: 'priorityclasses',
    shortNames: ['pc'],
    namespaced: false,
    schema: `${TYPES}.PriorityClass`,
  }),
};
