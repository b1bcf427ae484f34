/**
 * What happens to containers, from containerd's own event service: CRI's GetContainerEvents does not exist in
 * containerd 1.6, and polling would cost both time and CPU.
 *
 *     idle ──listener──▶ connecting ──marker seen──▶ live ──stream ended──▶ waiting ──backoff──▶ connecting
 *
 * A subscription has no acknowledgement. So a marker event is published, again and again until it comes back: from then
 * on nothing is missed, and listeners are told to list everything.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { RuntimeConnection } from './grpc.ts';
import type { Protocol } from '../../lib/protocol.ts';
import type { RuntimeEvent } from './port.ts';

const SERVICE = 'containerd.services.events.v1';
const MARKER_TOPIC = '/dure/subscribed';
const MARKER_INTERVAL_MILLISECONDS = 100;
const RETRY_MILLISECONDS = { first: 100, most: 1000 };
const PUBLISH_TIMEOUT_MILLISECONDS = 5000;

interface Envelope {
  topic: string;
  event: { typeUrl: string; value: Buffer } | null;
}

interface TaskExit {
  containerId: string;
  id: string;
  exitStatus: number;
  exitedAt: { seconds: number; nanos: number } | null;
}

export interface ContainerdEventsOptions {
  connection: RuntimeConnection;
  protocol: Protocol;
  clock: Clock;
  log: Log;
}

export class ContainerdEvents {
  private readonly options: ContainerdEventsOptions;
  private readonly listeners = new Set<(event: RuntimeEvent) => void>();
  private cancel: (() => void) | undefined;
  private retry: Timer | undefined;
  private delay = RETRY_MILLISECONDS.first;
  private live = false;

  constructor(options: ContainerdEventsOptions) {
    this.options = options;
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.connect();
    else if (this.live) queueMicrotask(() => this.listeners.has(listener) && listener({ type: 'resync' }));
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.stop();
    };
  }

  /** Forgets all listeners. */
  stop(): void {
    this.listeners.clear();
    this.retry?.cancel();
    this.retry = undefined;
    this.live = false;
    this.cancel?.();
    this.cancel = undefined;
  }

  private connect(): void {
    const marker = randomUUID();
    const filters = ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom)$"', `topic=="${MARKER_TOPIC}"`];
    const stream = this.options.connection.open(`${SERVICE}.Events/Subscribe`, { filters });
    let markers: Timer | undefined;
    const publish = (): void => {
      markers = this.options.clock.after(MARKER_INTERVAL_MILLISECONDS, publish);
      this.publishMarker(marker);
    };
    let ended = false;
    const end = (error?: Error): void => {
      if (ended) return;
      ended = true;
      markers?.cancel();
      this.reconnect(error);
    };
    stream.on('data', (envelope: Envelope) => {
      if (ended) return;
      if (envelope.topic !== MARKER_TOPIC) this.deliver(envelope);
      else if (!this.live && String(envelope.event?.value) === marker) {
        markers?.cancel();
        this.becomeLive();
      }
    });
    stream.on('error', end);
    stream.on('end', () => end());
    this.cancel = () => {
      ended = true;
      markers?.cancel();
      stream.cancel();
    };
    publish();
  }

  private publishMarker(marker: string): void {
    const event = { typeUrl: 'dure/subscribed', value: Buffer.from(marker) };
    const headers = { 'containerd-namespace': 'dure' };
    const request = { topic: MARKER_TOPIC, event };
    // A marker that can't be published is published again; when containerd is away, the stream ends and says so.
    this.options.connection
      .call(`${SERVICE}.Events/Publish`, request, PUBLISH_TIMEOUT_MILLISECONDS, headers)
      .catch((error: Error) => this.options.log.debug({ err: error }, 'event subscription is not confirmed yet'));
  }

  private becomeLive(): void {
    this.live = true;
    this.delay = RETRY_MILLISECONDS.first;
    this.emit({ type: 'resync' });
  }

  private reconnect(error: Error | undefined): void {
    if (this.live) this.options.log.warn({ err: error }, 'lost the events of containerd');
    this.live = false;
    this.cancel = undefined;
    this.retry = this.options.clock.after(this.delay, () => this.connect());
    this.delay = Math.min(this.delay * 2, RETRY_MILLISECONDS.most);
  }

  private deliver(envelope: Envelope): void {
    const event = this.parse(envelope);
    if (event) this.emit(event);
  }

  private parse({ topic, event }: Envelope): RuntimeEvent | undefined {
    const read = <T>(name: string): T =>
      this.options.protocol.message(`${SERVICE}.${name}`).deserialize(event?.value ?? Buffer.alloc(0)) as T;
    switch (topic) {
      case '/tasks/start':
        return { type: 'started', containerId: read<{ containerId: string }>('TaskStart').containerId };
      case '/tasks/oom':
        return { type: 'oom', containerId: read<{ containerId: string }>('TaskOOM').containerId };
      case '/tasks/exit':
        return toExited(read<TaskExit>('TaskExit'));
      default:
        return undefined;
    }
  }

  private emit(event: RuntimeEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

/** Processes that were executed in a container end with the same topic; they are none of our business. */
function toExited({ containerId, id, exitStatus, exitedAt }: TaskExit): RuntimeEvent | undefined {
  if (id !== containerId) return undefined;
  const milliseconds = (exitedAt?.seconds ?? 0) * 1000 + (exitedAt?.nanos ?? 0) / 1e6;
  return { type: 'exited', containerId, exitCode: exitStatus, exitedAt: new Date(milliseconds) };
}
