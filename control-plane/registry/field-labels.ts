/** The fields that a field selector can name, a row a kind. */
import { badRequest } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ReplicaSet } from '../../api/schema/types/apps.v1.ts';
import type { Event, Namespace, Node, Pod, Secret } from '../../api/schema/types/core.v1.ts';

export type FieldReader<T extends KubeObject = KubeObject> = (object: T) => string;
type Labels<T extends KubeObject> = Readonly<Record<string, FieldReader<T>>>;

const forAll: Labels<KubeObject> = {
  'metadata.name': ({ metadata }) => metadata.name ?? '',
  'metadata.namespace': ({ metadata }) => metadata.namespace ?? '',
};

const pods: Labels<Pod> = {
  'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
  'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
  'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
  'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
  'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork === true),
  'status.phase': ({ status }) => status.phase ?? '',
  'status.podIP': ({ status }) => status.podIP ?? '',
  'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
};

const events: Labels<Event> = {
  'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
  'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
  'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
  'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
  'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
  'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
  'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
  reason: ({ reason }) => reason ?? '',
  reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
  source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ''),
  type: ({ type }) => type ?? '',
};

const secrets: Labels<Secret> = { type: ({ type }) => type ?? '' };
const nodes: Labels<Node> = { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable === true) };
const namespaces: Labels<Namespace> = {
  name: ({ metadata }) => metadata.name ?? '',
  'status.phase': ({ status }) => status.phase ?? '',
};
const replicasets: Labels<ReplicaSet> = { 'status.replicas': ({ status }) => String(status.replicas ?? 0) };

/** What a reader of a kind's field sees is an object of that kind, whatever the compiler knows. */
const byKind = new Map(
  Object.entries({ pods, events, secrets, nodes, namespaces, replicasets }) as [string, Labels<KubeObject>][],
);

/** Reads the field as selectors compare it; undefined when the kind has no such label. */
export function fieldReader<T extends KubeObject>(kind: Kind<T>, label: string): FieldReader<T> | undefined {
  const own = byKind.get(kind.plural);
  if (own && Object.hasOwn(own, label)) return own[label];
  return Object.hasOwn(forAll, label) ? forAll[label] : undefined;
}

/** As {@link fieldReader}, but throws BadRequest in Kubernetes' words. */
export function requireFieldReader<T extends KubeObject>(kind: Kind<T>, label: string): FieldReader<T> {
  const reader = fieldReader(kind, label);
  if (reader) return reader;
  if (byKind.has(kind.plural)) throw badRequest(`field label not supported: ${label}`);
  throw badRequest(`"${label}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
