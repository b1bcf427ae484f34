/** events.k8s.io */
import type { eventsKinds } from '../../../../api/kinds/events.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { eventStrategy } from '../events.ts';

export const eventsStrategies: StrategiesOf<typeof eventsKinds> = {
  'events.events.k8s.io': eventStrategy,
};
