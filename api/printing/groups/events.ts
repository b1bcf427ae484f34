/** events.k8s.io */
import { toCoreEvent } from '../../conversion/events.ts';
import type { eventsKinds } from '../../kinds/events.ts';
import type { Event } from '../../types/events.v1.ts';
import { eventColumns } from '../cluster.ts';
import type { ColumnsOf } from '../columns.ts';

export const eventsColumns: ColumnsOf<typeof eventsKinds> = {
  'events.events.k8s.io': eventColumns.map((column) => ({
    ...column,
    cell: (event: Event, now) => column.cell(toCoreEvent(event), now),
  })),
};
