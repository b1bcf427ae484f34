/** The roles for people: admin, edit and view of a namespace, each gathered from what carries its label. */
import type { PolicyRule } from '../../../../api/types/rbac.v1.ts';
import { READ, to, WRITE } from './rule.ts';

const APPS = 'apps';
const AUTOSCALING = 'autoscaling';
const BATCH = 'batch';
const NETWORKING = 'networking.k8s.io';
const POLICY = 'policy';
const DRA = 'resource.k8s.io';

export const ADMIN_RULES: readonly PolicyRule[] = [
  to('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  to([...READ, ...WRITE].toSorted(), 'rbac.authorization.k8s.io', 'rolebindings', 'roles'),
];

/** Reading what would give more rights is here, not among what a viewer may do. */
export const EDIT_RULES: readonly PolicyRule[] = [
  to(READ, '', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'),
  to('impersonate', '', 'serviceaccounts'),
  to(WRITE, '', 'pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'),
  to('create', '', 'pods/eviction'),
  to(
    WRITE,
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale',
    'secrets serviceaccounts services services/proxy',
  ),
  to(WRITE, 'events.k8s.io', 'events'),
  to('create', '', 'serviceaccounts/token'),
  to(
    WRITE,
    APPS,
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale',
    'statefulsets statefulsets/scale',
  ),
  to(WRITE, AUTOSCALING, 'horizontalpodautoscalers'),
  to(WRITE, BATCH, 'cronjobs', 'jobs'),
  to(WRITE, POLICY, 'poddisruptionbudgets'),
  to(WRITE, NETWORKING, 'ingresses', 'networkpolicies'),
  to([...READ, ...WRITE].toSorted(), 'coordination.k8s.io', 'leases'),
  to(WRITE, DRA, 'resourceclaims', 'resourceclaimtemplates'),
];

export const VIEW_RULES: readonly PolicyRule[] = [
  to(
    READ,
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods',
    'replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  to(
    READ,
    '',
    'bindings events limitranges namespaces/status pods/log pods/status',
    'replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  to(READ, 'events.k8s.io', 'events'),
  // Of the namespace alone in which the role is given.
  to(READ, '', 'namespaces'),
  to(READ, 'discovery.k8s.io', 'endpointslices'),
  to(
    READ,
    APPS,
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale',
    'deployments/status replicasets replicasets/scale replicasets/status statefulsets',
    'statefulsets/scale statefulsets/status',
  ),
  to(READ, AUTOSCALING, 'horizontalpodautoscalers', 'horizontalpodautoscalers/status'),
  to(READ, BATCH, 'cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'),
  to(READ, POLICY, 'poddisruptionbudgets', 'poddisruptionbudgets/status'),
  to(READ, NETWORKING, 'ingresses', 'ingresses/status', 'networkpolicies'),
  to(READ, DRA, 'resourceclaims', 'resourceclaims/status', 'resourceclaimtemplates'),
];
