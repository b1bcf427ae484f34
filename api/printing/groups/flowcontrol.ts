/** flowcontrol.apiserver.k8s.io */
import type { flowcontrolKinds } from '../../kinds/flowcontrol.ts';
import type { PriorityLevelConfiguration, QueuingConfiguration } from '../../types/flowcontrol.v1.ts';
import { ageColumn, type Column, type ColumnsOf, nameColumn } from '../columns.ts';

function queueColumn(
  name: string,
  field: keyof QueuingConfiguration,
  description: string,
): Column<PriorityLevelConfiguration> {
  return { name, description, cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.[field] ?? '<none>' };
}

export const flowcontrolColumns: ColumnsOf<typeof flowcontrolKinds> = {
  flowschemas: [
    nameColumn,
    {
      name: 'PriorityLevel',
      description: 'Level that its requests go to.',
      cell: ({ spec }) => spec.priorityLevelConfiguration?.name ?? '',
    },
    {
      name: 'MatchingPrecedence',
      description: 'The schema with the lowest one that matches is taken.',
      cell: ({ spec }) => spec.matchingPrecedence,
    },
    {
      name: 'DistinguisherMethod',
      description: 'What tells its flows apart.',
      cell: ({ spec }) => spec.distinguisherMethod?.type ?? '<none>',
    },
    ageColumn,
    {
      name: 'MissingPL',
      description: 'Whether the level is missing.',
      cell: ({ status }) => status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    },
  ],
  prioritylevelconfigurations: [
    nameColumn,
    { name: 'Type', description: 'Whether its requests are limited.', cell: ({ spec }) => spec.type },
    {
      name: 'NominalConcurrencyShares',
      description: 'Share of all requests that run at once.',
      cell: ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>',
    },
    queueColumn('Queues', 'queues', 'Number of its queues.'),
    queueColumn('HandSize', 'handSize', 'Number of queues that a flow may use.'),
    queueColumn('QueueLengthLimit', 'queueLengthLimit', 'Most requests in a queue.'),
    ageColumn,
  ],
};
