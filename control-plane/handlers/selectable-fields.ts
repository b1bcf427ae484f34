/** The fields that objects can be selected by. */
import { qualifiedResource, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';

type Reader = (object: KubeObject) => string;

const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Besides metadata.name and metadata.namespace. A field whose value is a boolean is false when it is missing. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  'replicasets.apps': ['status.replicas'],
  events: [...EVENT_FIELDS.map((field) => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type'],
};
const BOOLEANS = new Set(['spec.hostNetwork', 'spec.unschedulable']);
/** Missing counters are zero. */
const NUMBERS = new Set(['status.replicas']);

/** undefined for a field that the kind can't be selected by. */
export function fieldReader(kind: Kind, field: string): Reader | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name ?? '';
  if (field === 'metadata.namespace' && kind.namespaced) return (object) => object.metadata.namespace ?? '';
  const resource = qualifiedResource(kind);
  if (!FIELDS[resource]?.includes(field)) return undefined;
  if (resource === 'events' && field === 'source') return eventSource;
  const absent = BOOLEANS.has(field) ? 'false' : NUMBERS.has(field) ? '0' : '';
  const path = field.split('.');
  return (object) => readPath(object, path) ?? absent;
}

function readPath(object: unknown, path: readonly string[]): string | undefined {
  let value: unknown = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** The component that made the event, by the old field or the new. */
function eventSource(object: KubeObject): string {
  return readPath(object, ['source', 'component']) ?? readPath(object, ['reportingComponent']) ?? '';
}
