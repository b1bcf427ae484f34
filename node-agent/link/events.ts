/** Makes Event objects (core/v1); the same thing happening again counts one event up instead of making another. */
import type { Event } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';

/** How many different events are remembered for counting. */
const MAX_REMEMBERED = 500;
/** Something that happens again after so long is told as a new event. */
const FORGET_MILLISECONDS = 10 * 60 * 1000;

export interface EventSubject {
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  fieldPath?: string;
}

interface Remembered {
  event: Event;
  at: number;
}

export class EventLog {
  private readonly component: string;
  private readonly host: string;
  private readonly clock: Clock;
  private readonly remembered = new Map<string, Remembered>();
  private made = 0;

  constructor(options: { component: string; host: string; clock: Clock }) {
    this.component = options.component;
    this.host = options.host;
    this.clock = options.clock;
  }

  record(about: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string): Event {
    const key = JSON.stringify([about.uid, about.fieldPath, type, reason, message]);
    const before = this.remembered.get(key);
    const isRepeat = before !== undefined && this.clock.now() - before.at < FORGET_MILLISECONDS;
    const event = isRepeat ? this.again(before.event) : this.first(about, type, reason, message);
    // Deleting first moves it to the end: the map is in the order of use.
    this.remembered.delete(key);
    this.remembered.set(key, { event, at: this.clock.now() });
    const oldest = this.remembered.keys().next();
    if (this.remembered.size > MAX_REMEMBERED && !oldest.done) this.remembered.delete(oldest.value);
    return event;
  }

  private again(event: Event): Event {
    return { ...event, count: (event.count ?? 1) + 1, lastTimestamp: this.timestamp() };
  }

  private first(about: EventSubject, type: string, reason: string, message: string): Event {
    const now = this.timestamp();
    const { kind, namespace, name, uid, fieldPath } = about;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${this.suffix()}`, namespace: namespace || 'default' },
      involvedObject: {
        apiVersion: 'v1',
        kind,
        name,
        uid,
        ...(namespace ? { namespace } : {}),
        ...(fieldPath ? { fieldPath } : {}),
      },
      type,
      reason,
      message,
      source: { component: this.component, host: this.host },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: this.component,
      reportingInstance: this.host,
    };
  }

  /** Unlike any before it, also across restarts: the time, and a number for those of the same millisecond. */
  private suffix(): string {
    this.made += 1;
    return `${this.clock.date().getTime().toString(16)}${this.made.toString(16).padStart(4, '0')}`;
  }

  private timestamp(): string {
    return this.clock
      .date()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
  }
}
