/** Gives each pod its number from the name of its priority class. Only the two classes that always exist are known yet. */
import { forbidden } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Pod } from '../../api/schema/types/core.v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from './port.ts';

const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

export const priorityAdmission: AdmissionPlugin = {
  name: 'Priority',
  handles: ({ kind, operation, subresource }) =>
    kind.kind === 'Pod' && operation === 'CREATE' && subresource === undefined,
  mutate({ kind, name, object }: AdmissionRequest) {
    const { spec } = object as KubeObject as Pod;
    const className = spec.priorityClassName ?? '';
    const priority = className === '' ? 0 : SYSTEM_CLASSES.get(className);
    if (priority === undefined) {
      throw forbidden(kind, name, `no PriorityClass with name ${className} was found`);
    }
    if (spec.priority !== undefined && spec.priority !== priority) {
      const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`;
      throw forbidden(kind, name, why);
    }
    spec.priority = priority;
    const policy = spec.preemptionPolicy ?? 'PreemptLowerPriority';
    if (policy !== 'PreemptLowerPriority') {
      const why = `the string value of PreemptionPolicy (${policy}) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name`;
      throw forbidden(kind, name, why);
    }
    spec.preemptionPolicy = policy;
  },
};
