/** events.k8s.io: the events of the core group under newer names. */
import type { Event } from '../types/events.v1.ts';
import { coreKinds } from './core.ts';
import { kind } from './kind.ts';

export const eventsKinds = {
  'events.events.k8s.io': kind<Event>({
    group: 'events.k8s.io',
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    schema: 'io.k8s.api.events.v1.Event',
    storedAs: coreKinds.events,
  }),
};
