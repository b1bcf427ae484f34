/**
 * What goes up: the newest status of each pod, the node's own status and events. Kept until a server has acknowledged
 * it, so that a lost connection loses nothing; a newer state replaces an older one that was not sent yet.
 */
import type { Reporter } from '../state/port.ts';
import type { NodeStatus, Pod, PodStatus } from '../../api/types/core.v1.ts';
import type { PodReport, Report, VolumeRemoved } from '../../lib/link/proto.ts';
import { EventLog, type EventSubject } from './events.ts';

/** Events beyond this many that could not be sent yet push out the oldest: they are news, not state. */
const MAX_EVENTS = 1000;
/** At most this many pods in one report, so that one message stays small. */
const MAX_PODS = 200;
const MAX_VOLUMES = 100;

interface Item<T> {
  report: T;
  /** The report it went up with last; 0 when it has not been sent. */
  sequence: number;
}

export class Reports implements Reporter {
  private readonly pods = new Map<string, Item<PodReport>>();
  private readonly events: EventLog;
  private readonly onNews: () => void;
  /** By uid. */
  private readonly volumes = new Map<string, Item<VolumeRemoved>>();
  private nodeStatus: { bytes: Buffer; sequence: number } | undefined;
  private sentEvents: { sequence: number; events: Buffer[] }[] = [];
  private pendingEvents: Buffer[] = [];
  private sequence = 0;

  /** `onNews` is called whenever there may be something to {@link take}. */
  constructor(options: { events: EventLog; onNews: () => void }) {
    this.events = options.events;
    this.onNews = options.onNews;
  }

  podStatus(pod: Pod, status: PodStatus): void {
    this.put(pod, status, false);
  }

  podGone(pod: Pod, status: PodStatus): void {
    this.put(pod, status, true);
  }

  event(about: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.pendingEvents.push(Buffer.from(JSON.stringify(this.events.record(about, type, reason, message))));
    if (this.pendingEvents.length > MAX_EVENTS) this.pendingEvents.shift();
    this.onNews();
  }

  volumeRemoved(name: string, uid: string): void {
    this.volumes.set(uid, { report: { name, uid }, sequence: 0 });
    this.onNews();
  }

  setNodeStatus(status: NodeStatus): void {
    const bytes = Buffer.from(JSON.stringify(status));
    this.nodeStatus = { bytes, sequence: 0 };
    this.onNews();
  }

  /** Everything that no report carries yet, as the next report; undefined when there is nothing. */
  take(): Report | undefined {
    const unsent = unsentOf(this.pods, MAX_PODS);
    const volumes = unsentOf(this.volumes, MAX_VOLUMES);
    const nodeStatus = this.nodeStatus?.sequence === 0 ? this.nodeStatus : undefined;
    if (unsent.length + volumes.length + this.pendingEvents.length === 0 && !nodeStatus) return undefined;
    const sequence = ++this.sequence;
    for (const item of [...unsent, ...volumes]) item.sequence = sequence;
    if (nodeStatus) nodeStatus.sequence = sequence;
    const events = this.pendingEvents;
    this.pendingEvents = [];
    if (events.length > 0) this.sentEvents.push({ sequence, events });
    return {
      sequence,
      pods: unsent.map((item) => item.report),
      nodeStatus: nodeStatus?.bytes ?? Buffer.alloc(0),
      events,
      volumes: volumes.map((item) => item.report),
    };
  }

  /** A server has stored the report of this number. */
  acknowledge(sequence: number): void {
    for (const items of [this.pods, this.volumes]) {
      for (const [uid, item] of items) if (item.sequence === sequence) items.delete(uid);
    }
    if (this.nodeStatus?.sequence === sequence) this.nodeStatus = undefined;
    this.sentEvents = this.sentEvents.filter((sent) => sent.sequence !== sequence);
  }

  /** The connection is gone: what was sent and not acknowledged is sent again. */
  resend(): void {
    for (const item of [...this.pods.values(), ...this.volumes.values()]) item.sequence = 0;
    if (this.nodeStatus) this.nodeStatus.sequence = 0;
    this.pendingEvents = [...this.sentEvents.flatMap((sent) => sent.events), ...this.pendingEvents].slice(-MAX_EVENTS);
    this.sentEvents = [];
  }

  private put(pod: Pod, status: PodStatus, gone: boolean): void {
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    const report = { namespace, name, uid, status: Buffer.from(JSON.stringify(status)), gone };
    this.pods.set(uid, { report, sequence: 0 });
    this.onNews();
  }
}

function unsentOf<T>(items: ReadonlyMap<string, Item<T>>, most: number): Item<T>[] {
  return [...items.values()].filter((item) => item.sequence === 0).slice(0, most);
}
