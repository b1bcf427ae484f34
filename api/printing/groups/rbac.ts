import type { rbacKinds } from '../../kinds/rbac.ts';
import type { ColumnsOf } from '../columns.ts';
import { bindingColumns, roleColumns } from '../rbac.ts';

export const rbacColumns: ColumnsOf<typeof rbacKinds> = {
  clusterroles: roleColumns,
  clusterrolebindings: bindingColumns,
  roles: roleColumns,
  rolebindings: bindingColumns,
};
