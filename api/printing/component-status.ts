import type { KubeObject } from '../object.ts';
import type { ComponentCondition, ComponentStatus } from '../types/core.v1.ts';
import { type Column, nameColumn } from './columns.ts';

const WORDS: Readonly<Record<string, string>> = { True: 'Healthy', False: 'Unhealthy' };

function health(object: KubeObject): ComponentCondition | undefined {
  return (object as ComponentStatus).conditions?.find(({ type }) => type === 'Healthy');
}

export const componentStatusColumns: readonly Column<KubeObject>[] = [
  nameColumn,
  {
    name: 'Status',
    description: 'Whether it works.',
    cell: (object) => WORDS[health(object)?.status ?? ''] ?? 'Unknown',
  },
  { name: 'Message', description: 'What it says.', cell: (object) => health(object)?.message ?? '' },
  { name: 'Error', description: 'Why it does not work.', cell: (object) => health(object)?.error ?? '' },
];
