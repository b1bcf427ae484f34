/** Events in their two groups: the same things under other names. */
import type { Event as CoreEvent } from '../types/core.v1.ts';
import type { Event } from '../types/events.v1.ts';
import { present } from './present.ts';

/** As events.k8s.io has it. */
export function fromCoreEvent(event: CoreEvent): Event {
  const { metadata, involvedObject, source, message, firstTimestamp, lastTimestamp, count, reportingComponent } = event;
  const { reason, type, eventTime, series, action, related, reportingInstance } = event;
  const shared = { reason, type, eventTime, series, action, related, reportingInstance };
  return present({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata,
    ...shared,
    reportingController: reportingComponent || undefined,
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  }) as unknown as Event;
}

/** As the core group has it, which is how events are stored. */
export function toCoreEvent(event: Event): CoreEvent {
  const { metadata, reason, type, eventTime, series, action, related } = event;
  return present({
    apiVersion: 'v1',
    kind: 'Event',
    metadata,
    involvedObject: event.regarding,
    reason,
    message: event.note,
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
    type,
    eventTime,
    series,
    action,
    related,
    reportingComponent: event.reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
  }) as unknown as CoreEvent;
}
