/** node.k8s.io */
import type { RuntimeClass } from '../types/node.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'node.k8s.io';
const TYPES = 'io.k8s.api.node.v1';

export const nodeKinds = {
  runtimeclasses: kind<RuntimeClass>({
    group: GROUP,
    kind: 'RuntimeClass',
    plural: 'runtimeclasses',
    namespaced: false,
    schema: `${TYPES}.RuntimeClass`,
  }),
};
