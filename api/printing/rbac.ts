/** Columns of roles and bindings. */
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../types/rbac.v1.ts';
import { ageColumn, type Column, createdAtColumn, nameColumn } from './columns.ts';

export const roleColumns: readonly Column<Role | ClusterRole>[] = [nameColumn, createdAtColumn];

type Binding = RoleBinding | ClusterRoleBinding;

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  {
    name: 'Role',
    description: 'The role that is given.',
    cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
  },
  ageColumn,
  { name: 'Users', description: 'Users it is given to.', wide: true, cell: (binding) => subjectsOf(binding, 'User') },
  {
    name: 'Groups',
    description: 'Groups it is given to.',
    wide: true,
    cell: (binding) => subjectsOf(binding, 'Group'),
  },
  {
    name: 'ServiceAccounts',
    description: 'Service accounts it is given to.',
    wide: true,
    cell: (binding) => subjectsOf(binding, 'ServiceAccount'),
  },
];

function subjectsOf({ subjects }: Binding, wanted: string): string {
  return (subjects ?? [])
    .filter(({ kind }) => kind === wanted)
    .map(({ namespace = '', name }) => (wanted === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ');
}
