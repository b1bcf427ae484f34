/** resource.k8s.io */
import type { resourceKinds } from '../../kinds/resource.ts';
import type { ResourceClaim } from '../../types/resource.v1.ts';
import { ageColumn, type ColumnsOf, nameColumn } from '../columns.ts';

export const resourceColumns: ColumnsOf<typeof resourceKinds> = {
  deviceclasses: [nameColumn, ageColumn],
  resourceclaims: [nameColumn, { name: 'State', description: 'How far it has come.', cell: stateOf }, ageColumn],
  resourceclaimtemplates: [nameColumn, ageColumn],
  resourceslices: [
    nameColumn,
    { name: 'Node', description: 'Node that has the devices.', cell: ({ spec }) => spec.nodeName ?? '' },
    { name: 'Driver', description: 'Driver of the devices.', cell: ({ spec }) => spec.driver },
    { name: 'Pool', description: 'Pool that the devices belong to.', cell: ({ spec }) => spec.pool?.name ?? '' },
    ageColumn,
  ],
};

function stateOf({ metadata, status }: ResourceClaim): string {
  const isDeleted = metadata.deletionTimestamp !== undefined;
  const states = isDeleted ? ['deleted'] : [];
  if (status.allocation) states.push('allocated');
  else if (!isDeleted) states.push('pending');
  if (status.allocation && status.reservedFor?.length) states.push('reserved');
  return states.join(',');
}
