/** flowcontrol.apiserver.k8s.io */
import type { FlowSchema, PriorityLevelConfiguration } from '../types/flowcontrol.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const TYPES = 'io.k8s.api.flowcontrol.v1';

export const flowcontrolKinds = {
  flowschemas: kind<FlowSchema>({
    group: GROUP,
    kind: 'FlowSchema',
    plural: 'flowschemas',
    namespaced: false,
    status: true,
    schema: `${TYPES}.FlowSchema`,
  }),
  prioritylevelconfigurations: kind<PriorityLevelConfiguration>({
    group: GROUP,
    kind: 'PriorityLevelConfiguration',
    plural: 'prioritylevelconfigurations',
    namespaced: false,
    status: true,
    schema: `${TYPES}.PriorityLevelConfiguration`,
  }),
};
