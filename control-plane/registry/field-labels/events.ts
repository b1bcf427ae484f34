/** events.k8s.io */
import type { eventsKinds } from '../../../api/kinds/events.ts';
import type { LabelsOf } from './field-reader.ts';

export const eventsLabels: LabelsOf<typeof eventsKinds> = {
  'events.events.k8s.io': {
    reason: ({ reason }) => reason ?? '',
    'regarding.kind': ({ regarding }) => regarding.kind ?? '',
    'regarding.namespace': ({ regarding }) => regarding.namespace ?? '',
    'regarding.name': ({ regarding }) => regarding.name ?? '',
    'regarding.uid': ({ regarding }) => regarding.uid ?? '',
    'regarding.apiVersion': ({ regarding }) => regarding.apiVersion ?? '',
    'regarding.resourceVersion': ({ regarding }) => regarding.resourceVersion ?? '',
    'regarding.fieldPath': ({ regarding }) => regarding.fieldPath ?? '',
    reportingController: ({ reportingController }) => reportingController ?? '',
    type: ({ type }) => type ?? '',
  },
};
