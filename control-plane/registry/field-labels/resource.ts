/** resource.k8s.io */
import type { resourceKinds } from '../../../api/kinds/resource.ts';
import type { LabelsOf } from './field-reader.ts';

export const resourceLabels: LabelsOf<typeof resourceKinds> = {
  resourceslices: {
    'spec.driver': ({ spec }) => spec.driver ?? '',
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
  },
};
