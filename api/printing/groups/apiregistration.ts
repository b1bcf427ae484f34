/** apiregistration.k8s.io */
import type { apiregistrationKinds } from '../../kinds/apiregistration.ts';
import type { APIService } from '../../types/apiregistration.v1.ts';
import { ageColumn, type ColumnsOf, nameColumn } from '../columns.ts';

export const apiregistrationColumns: ColumnsOf<typeof apiregistrationKinds> = {
  apiservices: [
    nameColumn,
    {
      name: 'Service',
      description: 'Service that serves it.',
      cell: ({ spec: { service } }) => (service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local'),
    },
    { name: 'Available', description: 'Whether it can be reached.', cell: availability },
    ageColumn,
  ],
};

function availability({ status }: APIService): string {
  const condition = status.conditions?.find(({ type }) => type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}
