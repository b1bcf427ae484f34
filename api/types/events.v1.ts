// Made by ../generate.ts; change the table, not this file.
import type * as core_v1 from './core.v1.ts';
import type * as meta_v1 from './meta.v1.ts';

export interface Event extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  eventTime: string;
  series?: EventSeries;
  reportingController?: string;
  reportingInstance?: string;
  action?: string;
  reason?: string;
  regarding: core_v1.ObjectReference;
  related?: core_v1.ObjectReference;
  note?: string;
  type?: string;
  deprecatedSource: core_v1.EventSource;
  deprecatedFirstTimestamp?: string;
  deprecatedLastTimestamp?: string;
  deprecatedCount?: number;
}

export interface EventList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: Event[];
}

export interface EventSeries {
  count: number;
  lastObservedTime: string;
}
