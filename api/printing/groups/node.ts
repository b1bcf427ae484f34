/** node.k8s.io */
import type { nodeKinds } from '../../kinds/node.ts';
import { ageColumn, type ColumnsOf, nameColumn } from '../columns.ts';

export const nodeColumns: ColumnsOf<typeof nodeKinds> = {
  runtimeclasses: [
    nameColumn,
    { name: 'Handler', description: 'What the runtime calls it.', cell: ({ handler }) => handler },
    ageColumn,
  ],
};
