/** scheduling.k8s.io */
import type { schedulingKinds } from '../../kinds/scheduling.ts';
import { ageColumn, type ColumnsOf, nameColumn } from '../columns.ts';

export const schedulingColumns: ColumnsOf<typeof schedulingKinds> = {
  priorityclasses: [
    nameColumn,
    { name: 'Value', type: 'integer', description: 'How much its pods matter.', cell: ({ value }) => value },
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods without a class are of it.',
      cell: ({ globalDefault }) => globalDefault ?? false,
    },
    ageColumn,
    {
      name: 'PreemptionPolicy',
      description: 'Whether its pods may push others aside.',
      cell: ({ preemptionPolicy }) => preemptionPolicy ?? '',
    },
  ],
};
