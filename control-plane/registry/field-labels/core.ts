/** The core group. */
import type { coreKinds } from '../../../api/kinds/core.ts';
import type {
  Event,
  Namespace,
  Node,
  Pod,
  ReplicationController,
  Secret,
  Service,
} from '../../../api/types/core.v1.ts';
import type { Labels, LabelsOf } from './field-reader.ts';

const pods: Labels<Pod> = {
  'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
  'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
  'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
  'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
  'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork === true),
  'status.phase': ({ status }) => status.phase ?? '',
  'status.podIP': ({ status }) => status.podIP ?? '',
  'status.podIPs': ({ status }) => (status.podIPs ?? []).map(({ ip }) => ip).join(','),
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
  'status.phase': ({ status }) => status.phase ?? '',
};

const services: Labels<Service> = {
  'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
  'spec.type': ({ spec }) => spec.type ?? '',
};
const replicationcontrollers: Labels<ReplicationController> = {
  'status.replicas': ({ status }) => String(status.replicas),
};

export const coreLabels: LabelsOf<typeof coreKinds> = {
  pods,
  events,
  secrets,
  nodes,
  namespaces,
  services,
  replicationcontrollers,
};
