/** What nodes may do; for the resources that are divided between nodes the node authorizer looks closer. */
import type { PolicyRule } from '../../../../api/types/rbac.v1.ts';
import { EVENTS, READ, to } from './rule.ts';

const DRA = 'resource.k8s.io';
const STORAGE = 'storage.k8s.io';

export const NODE_RULES: readonly PolicyRule[] = [
  to('create', 'authentication.k8s.io', 'tokenreviews'),
  to('create', 'authorization.k8s.io', 'localsubjectaccessreviews', 'subjectaccessreviews'),
  to(READ, '', 'services'),
  to(['create', 'get', 'list', 'watch'], '', 'nodes'),
  to(['patch', 'update'], '', 'nodes/status'),
  to(['patch', 'update'], '', 'nodes'),
  EVENTS,
  to(READ, '', 'pods'),
  to(['create', 'delete'], '', 'pods'),
  to(['patch', 'update'], '', 'pods/status'),
  to('create', '', 'pods/eviction'),
  to(READ, '', 'configmaps', 'secrets'),
  to('get', '', 'persistentvolumeclaims', 'persistentvolumes'),
  to('get', '', 'endpoints'),
  to(['create', 'get', 'list', 'watch'], 'certificates.k8s.io', 'certificatesigningrequests'),
  to(['create', 'delete', 'get', 'patch', 'update'], 'coordination.k8s.io', 'leases'),
  to('get', STORAGE, 'volumeattachments'),
  to('create', '', 'serviceaccounts/token'),
  to(['get', 'patch', 'update'], '', 'persistentvolumeclaims/status'),
  to(READ, STORAGE, 'csidrivers'),
  to(['create', 'delete', 'get', 'patch', 'update'], STORAGE, 'csinodes'),
  to(READ, 'node.k8s.io', 'runtimeclasses'),
  to('get', DRA, 'resourceclaims'),
  to('deletecollection', DRA, 'resourceslices'),
  to('get', '', 'serviceaccounts'),
];
