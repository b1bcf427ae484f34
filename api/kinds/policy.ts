/** policy */
import type { PodDisruptionBudget } from '../types/policy.v1.ts';
import { kind } from './kind.ts';

export const policyKinds = {
  poddisruptionbudgets: kind<PodDisruptionBudget>({
    group: 'policy',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    shortNames: ['pdb'],
    status: true,
    schema: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  }),
};
