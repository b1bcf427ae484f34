/**
 * Events for users: stored through the registry, the same event again counted up on the first one. What is recorded is
 * written in the background, in order for each event; it never fails or delays who records.
 */
import { isStatusError } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import type { Event, ObjectReference } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Registry, Resource } from '../registry/port.ts';

export interface EventFields {
  readonly about: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Who says it, such as `deployment-controller`; the recorder's own component when absent. */
  readonly component?: string;
}

export interface EventRecorder {
  record(event: EventFields): void;
}

/** The most different events remembered for counting up; the longest unused one is forgotten first. */
const MAX_REMEMBERED = 4096;
/** The most events waiting to be written; further ones are dropped, and their number is logged. */
const MAX_PENDING = 1024;
const MAX_CONCURRENT_WRITES = 32;
/** Events about one object: this many at once, then one each five minutes, as Kubernetes' clients limit themselves. */
const BURST = 25;
const REFILL_MILLISECONDS = 300_000;
/** What of the object's name an event's name can hold beside its suffix. */
const MAX_NAME = 240;
/** The longest message that is stored, as the API of events limits it. */
const MAX_MESSAGE = 1024;

interface Remembered {
  readonly name: string;
  readonly namespace: string;
  count: number;
  readonly first: string;
  last: string;
  /** Occurrences not yet written. */
  unwritten: number;
  stored: boolean;
  writing: boolean;
}

interface Bucket {
  tokens: number;
  at: number;
}

export interface RecorderOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Log;
  /** The source users read, for events that name no other. */
  readonly component: string;
  /** A fresh suffix for an event's name. */
  readonly nextId: () => string;
}

export class RegistryEventRecorder implements EventRecorder, Component {
  readonly name = 'events';
  private readonly options: RecorderOptions;
  private readonly remembered = new Map<string, Remembered>();
  private readonly buckets = new Map<string, Bucket>();
  private readonly pending = new Map<Remembered, EventFields>();
  private readonly writes = new Set<Promise<void>>();
  private dropped = 0;
  private stopped = false;

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.stopped = false;
    return Promise.resolve();
  }

  /** Lets the writes that are under way end, and forgets what waits. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.pending.clear();
    await Promise.all(this.writes);
  }

  /** Resolves once everything recorded so far is stored or given up. */
  async flush(): Promise<void> {
    while (this.writes.size > 0) await Promise.all(this.writes);
  }

  record(fields: EventFields): void {
    if (this.stopped || !this.admit(fields.about)) return;
    const entry = this.remember({ ...fields, message: fields.message.slice(0, MAX_MESSAGE) });
    if (!this.pending.has(entry) && this.pending.size >= MAX_PENDING) {
      this.drop();
      return;
    }
    entry.unwritten += 1;
    entry.last = this.timestamp();
    this.pending.set(entry, fields);
    this.pump();
  }

  private drop(): void {
    this.dropped += 1;
    if (this.dropped % MAX_PENDING === 1)
      this.options.log.warn({ dropped: this.dropped }, 'too many events, dropping some');
  }

  private timestamp(): string {
    return `${this.options.clock.date().toISOString().slice(0, 19)}Z`;
  }

  private admit(about: ObjectReference): boolean {
    const now = this.options.clock.now();
    const key = `${about.uid}/${about.name}`;
    const bucket = this.buckets.get(key) ?? { tokens: BURST, at: now };
    const tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) / REFILL_MILLISECONDS);
    const admitted = tokens >= 1;
    moveToEnd(this.buckets, key, { tokens: admitted ? tokens - 1 : tokens, at: now });
    return admitted;
  }

  private remember({ about, type, reason, message }: EventFields): Remembered {
    const key = JSON.stringify([
      about.uid,
      about.kind,
      about.namespace,
      about.name,
      about.fieldPath,
      type,
      reason,
      message,
    ]);
    const first = this.timestamp();
    const fresh = (): Remembered => ({
      name: `${(about.name ?? '').slice(0, MAX_NAME)}.${this.options.nextId()}${this.options.nextId()}`,
      namespace: about.namespace ?? 'default',
      count: 0,
      first,
      last: first,
      unwritten: 0,
      stored: false,
      writing: false,
    });
    const entry = this.remembered.get(key) ?? fresh();
    moveToEnd(this.remembered, key, entry);
    return entry;
  }

  private pump(): void {
    for (const [entry, fields] of this.pending) {
      if (this.writes.size >= MAX_CONCURRENT_WRITES) return;
      if (entry.writing) continue;
      this.pending.delete(entry);
      const write = this.write(entry, fields).finally(() => {
        this.writes.delete(write);
        this.pump();
      });
      this.writes.add(write);
    }
  }

  private async write(entry: Remembered, fields: EventFields): Promise<void> {
    entry.writing = true;
    entry.count += entry.unwritten;
    entry.unwritten = 0;
    try {
      const resource = this.options.registry.resource(kinds.events);
      if (entry.stored) await this.countUp(resource, entry, fields);
      else await resource.create(this.compose(entry, fields));
      entry.stored = true;
    } catch (error) {
      // An event is a courtesy: a namespace that is going away, or a full store, must not hold up anything.
      this.options.log.debug({ err: error, reason: fields.reason }, 'could not store an event');
    } finally {
      entry.writing = false;
    }
  }

  private async countUp(resource: Resource<Event>, entry: Remembered, fields: EventFields): Promise<void> {
    const { namespace, name, count, last } = entry;
    try {
      await resource.mutate(namespace, name, (event) => ({ ...event, count, lastTimestamp: last }));
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
      // It had expired; it is told anew.
      await resource.create(this.compose(entry, fields));
    }
  }

  private compose(
    entry: Remembered,
    { about, type, reason, message, component = this.options.component }: EventFields,
  ): Event {
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: entry.name, namespace: entry.namespace },
      involvedObject: about,
      type,
      reason,
      message,
      source: { component },
      firstTimestamp: entry.first,
      lastTimestamp: entry.last,
      count: entry.count,
      reportingComponent: component,
      reportingInstance: '',
    };
  }
}

function moveToEnd<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
