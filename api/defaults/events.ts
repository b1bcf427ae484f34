/** What an event always has. */
import type { Event as CoreEvent } from '../types/core.v1.ts';
import type { Event } from '../types/events.v1.ts';

export function defaultCoreEvent(event: CoreEvent): void {
  event.involvedObject ??= {};
  event.source ??= {};
  event.reportingComponent ??= '';
  event.reportingInstance ??= '';
}

export function defaultEvent(event: Event): void {
  event.regarding ??= {};
  event.deprecatedSource ??= {};
}
