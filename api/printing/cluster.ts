/** Columns of Nodes, Namespaces and what holds configuration and events. */
import type { Lease } from '../types/coordination.v1.ts';
import type { ConfigMap, Event, Namespace, Node, Secret, ServiceAccount } from '../types/core.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { since } from './duration.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

function statusOf({ spec, status }: Node): string {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (spec.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function rolesOf({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    if (label.startsWith(ROLE_PREFIX) && label.length > ROLE_PREFIX.length) roles.add(label.slice(ROLE_PREFIX.length));
    else if (label === ROLE_LABEL && value !== '') roles.add(value);
  }
  return [...roles].toSorted().join(',') || '<none>';
}

function addressOf({ status }: Node, wanted: string): string {
  return status.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>';
}

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  { name: 'Status', description: 'Whether the node is ready and takes new pods.', cell: statusOf },
  { name: 'Roles', description: 'Roles of the node, by its labels.', cell: rolesOf },
  ageColumn,
  {
    name: 'Version',
    description: 'Version of the agent on the node.',
    cell: ({ status }) => status.nodeInfo?.kubeletVersion ?? '',
  },
  {
    name: 'Internal-IP',
    description: 'Address of the node within the cluster.',
    wide: true,
    cell: (node) => addressOf(node, 'InternalIP'),
  },
  {
    name: 'External-IP',
    description: 'Address of the node from outside.',
    wide: true,
    cell: (node) => addressOf(node, 'ExternalIP'),
  },
  {
    name: 'OS-Image',
    description: 'Operating system of the node.',
    wide: true,
    cell: ({ status }) => status.nodeInfo?.osImage || '<unknown>',
  },
  {
    name: 'Kernel-Version',
    description: 'Kernel of the node.',
    wide: true,
    cell: ({ status }) => status.nodeInfo?.kernelVersion || '<unknown>',
  },
  {
    name: 'Container-Runtime',
    description: 'What runs containers on the node, and its version.',
    wide: true,
    cell: ({ status }) => status.nodeInfo?.containerRuntimeVersion || '<unknown>',
  },
];

export const namespaceColumns: readonly Column<Namespace>[] = [
  nameColumn,
  { name: 'Status', description: 'Whether it is in use or going away.', cell: ({ status }) => status?.phase ?? '' },
  ageColumn,
];

const countOf = (...maps: (object | undefined)[]): number =>
  maps.reduce((total, map) => total + Object.keys(map ?? {}).length, 0);

export const configMapColumns: readonly Column<ConfigMap>[] = [
  nameColumn,
  {
    name: 'Data',
    description: 'Number of its entries.',
    cell: ({ data, binaryData }) => countOf(data, binaryData),
  },
  ageColumn,
];

export const secretColumns: readonly Column<Secret>[] = [
  nameColumn,
  { name: 'Type', description: 'What the secret is for.', cell: ({ type }) => type ?? '' },
  { name: 'Data', description: 'Number of its entries.', cell: ({ data }) => countOf(data) },
  ageColumn,
];

export const serviceAccountColumns: readonly Column<ServiceAccount>[] = [nameColumn, ageColumn];

export const leaseColumns: readonly Column<Lease>[] = [
  nameColumn,
  { name: 'Holder', description: 'Who holds the lease.', cell: ({ spec }) => spec.holderIdentity ?? '' },
  ageColumn,
];

function firstSeen(event: Event, now: Date): string {
  return event.firstTimestamp ? since(event.firstTimestamp, now) : since(event.eventTime, now);
}

function lastSeen(event: Event, now: Date): string {
  if (event.series?.lastObservedTime) return since(event.series.lastObservedTime, now);
  return event.lastTimestamp ? since(event.lastTimestamp, now) : firstSeen(event, now);
}

function sourceOf({ source, reportingComponent, reportingInstance }: Event): string {
  const parts = [source?.component || reportingComponent, source?.host || reportingInstance];
  return parts.filter((part) => part !== undefined && part !== '').join(', ');
}

export const eventColumns: readonly Column<Event>[] = [
  { name: 'Last Seen', description: 'Time since it happened last.', cell: lastSeen },
  { name: 'Type', description: 'Normal or Warning.', cell: ({ type }) => type ?? '' },
  { name: 'Reason', description: 'Why, in one word.', cell: ({ reason }) => reason ?? '' },
  {
    name: 'Object',
    description: 'What it is about.',
    cell: ({ involvedObject: { kind = '', name = '' } }) => `${kind.toLowerCase()}${kind === '' ? '' : '/'}${name}`,
  },
  {
    name: 'Subobject',
    description: 'Part of the object it is about.',
    wide: true,
    cell: ({ involvedObject }) => involvedObject.fieldPath ?? '',
  },
  { name: 'Source', description: 'Who tells of it.', wide: true, cell: sourceOf },
  { name: 'Message', description: 'What happened.', cell: ({ message }) => (message ?? '').trim() },
  { name: 'First Seen', description: 'Time since it happened first.', wide: true, cell: firstSeen },
  {
    name: 'Count',
    description: 'How often it happened.',
    wide: true,
    cell: ({ series, count }) => series?.count ?? (count || 1),
  },
  { ...nameColumn, wide: true },
];
