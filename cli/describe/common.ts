/** What descriptions share: labels, times, events. */
import { since } from '../../api/printing/duration.ts';
import { selectorText } from '../../api/printing/selector-text.ts';
import type { Event } from '../../api/types/core.v1.ts';
import type { LabelSelector } from '../../api/types/meta.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Session } from '../session.ts';

/** Lines with tabs between their cells; see elastic tab stops. */
export type Lines = string[];

export function mapLines(
  title: string,
  values: Readonly<Record<string, string>> | undefined,
  separator: string,
  skip: readonly string[] = [],
): Lines {
  const entries = Object.entries(values ?? {}).filter(([key]) => !skip.includes(key));
  if (entries.length === 0) return [`${title}:\t<none>`];
  return entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value], at) => `${at === 0 ? `${title}:` : ''}\t${key}${separator}${shortened(value)}`);
}

const MAX_ANNOTATION = 140;

function shortened(value: string): string {
  const line = value.trimEnd();
  return line.length > MAX_ANNOTATION ? `${line.slice(0, MAX_ANNOTATION)}...` : line;
}

const HIDDEN = ['kubectl.kubernetes.io/last-applied-configuration'];

export function labelLines({ metadata }: KubeObject): Lines {
  return mapLines('Labels', metadata.labels, '=');
}

export function annotationLines({ metadata }: KubeObject): Lines {
  return mapLines('Annotations', metadata.annotations, ': ', HIDDEN);
}

/** What stands above everything else of a namespaced object. */
export function headLines(object: KubeObject): Lines {
  const { name, namespace } = object.metadata;
  return [`Name:\t${name}`, `Namespace:\t${namespace}`, ...labelLines(object), ...annotationLines(object)];
}

/** A table below a title, its heads underlined. */
export function tableLines(heads: readonly string[], rows: readonly (readonly string[])[], indent = '  '): Lines {
  return [...underlined(heads), ...rows].map((row) => `${indent}${row.join('\t')}`);
}

export function underlined(heads: readonly string[]): string[][] {
  return [[...heads], heads.map((head) => '-'.repeat(head.length))];
}

export function selectorOrNone(selector: LabelSelector | undefined): string {
  return selectorText(selector) || '<none>';
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sun, 22 Nov 2026 07:00:00 +0000`. */
export function timeText(timestamp: string | undefined): string {
  if (timestamp === undefined) return '<unset>';
  const date = new Date(timestamp);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** Newest last. Events about an object of the same name that is gone are left out. */
export async function eventsOf(object: KubeObject, session: Session): Promise<Event[]> {
  const { name, namespace, uid } = object.metadata;
  const fieldSelector = [
    `involvedObject.name=${name}`,
    ...(namespace === undefined ? [] : [`involvedObject.namespace=${namespace}`]),
    ...(object.kind === undefined ? [] : [`involvedObject.kind=${object.kind}`]),
  ].join(',');
  const path = namespace === undefined ? '/api/v1/events' : `/api/v1/namespaces/${namespace}/events`;
  const { items } = await (await session.client()).list<Event>(path, { query: { fieldSelector } });
  // Events about nodes carry the node's name where others carry a uid.
  const own = items.filter(
    ({ involvedObject }) => !involvedObject.uid || involvedObject.uid === uid || involvedObject.uid === name,
  );
  return own.toSorted((a, b) => lastSeen(a) - lastSeen(b));
}

export function lastSeen(event: Event): number {
  const time = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
  return time ? new Date(time).getTime() : 0;
}

export function timesSeen({ series, count }: Event): number {
  return series?.count ?? count ?? 1;
}

export async function eventLines(object: KubeObject, session: Session): Promise<Lines> {
  const events = await eventsOf(object, session);
  if (events.length === 0) return ['Events:\t<none>'];
  const now = session.world.clock.date();
  return [
    'Events:',
    '  Type\tReason\tAge\tFrom\tMessage',
    '  ----\t------\t----\t----\t-------',
    ...events.map((event) => {
      const from = event.source?.component || event.reportingComponent || '';
      const { type, reason, involvedObject, message = '' } = event;
      const part = involvedObject.fieldPath ? `${involvedObject.fieldPath}: ` : '';
      return `  ${type}\t${reason}\t${ageOf(event, now)}\t${from}\t${part}${message.trim()}`;
    }),
  ];
}

function ageOf(event: Event, now: Date): string {
  const last = new Date(lastSeen(event)).toISOString();
  const count = timesSeen(event);
  const first = event.firstTimestamp ?? event.eventTime ?? last;
  return count > 1
    ? `${since(last, now)} (x${count} over ${since(first, now)})`
    : since(event.firstTimestamp ?? last, now);
}
