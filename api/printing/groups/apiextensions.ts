/** apiextensions.k8s.io */
import type { apiextensionsKinds } from '../../kinds/apiextensions.ts';
import { type ColumnsOf, createdAtColumn, nameColumn } from '../columns.ts';

export const apiextensionsColumns: ColumnsOf<typeof apiextensionsKinds> = {
  customresourcedefinitions: [nameColumn, createdAtColumn],
};
